# The module itself says what it does.

import pandas

from ._native import Page, Scan

def to_pandas(tickets: Page | Scan) -> pandas.DataFrame: ...
