"""From bytes to a data frame: ours through Arrow, the peers' as orjson and the library's own constructor make it."""

import orjson
import pandas
import polars
import pyarrow

import gettickets


def dicts(body: bytes) -> list[dict]:
    return orjson.loads(body)["tickets"]["ticket"]


CONTENDERS = {
    "ours, polars": lambda body: polars.DataFrame(gettickets.decode(body)),
    "ours, pyarrow": lambda body: pyarrow.table(gettickets.decode(body)),
    "ours, pandas": lambda body: gettickets.decode(body).to_pandas(),
    "orjson, polars": lambda body: polars.DataFrame(dicts(body)),
    "orjson, pyarrow": lambda body: pyarrow.Table.from_pylist(dicts(body)),
    "orjson, pandas": lambda body: pandas.DataFrame(dicts(body)),
}
