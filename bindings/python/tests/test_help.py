"""`help(gettickets)` as it was when it was last looked at: a change of the public interface is seen.

`UPDATE_HELP=1 pytest tests/test_help.py` renews help.txt, and the difference is to be read.
"""

import os
import pathlib
import pydoc
import re
import sys

import pytest

import gettickets

SNAPSHOT = pathlib.Path(__file__).with_name("help.txt")


def own(rendered):
    """The members that a class defines itself: inherited members are documented at their class."""
    sections = re.split(r"^ \|  -{20,}\n", rendered, flags=re.M)
    return "".join(section for section in sections if " inherited from " not in section.partition("\n")[0])


def text():
    parts = [f"{gettickets.__doc__}\n"]
    for name in gettickets.__all__:
        thing = getattr(gettickets, name)
        if isinstance(thing, type) and "__slotnames__" in vars(thing):
            # Pickling an object leaves this here.
            del thing.__slotnames__
        if isinstance(thing, (str, tuple)):
            parts.append(f"{name}: {type(thing).__name__}\n")
        else:
            parts.append(own(pydoc.plain(pydoc.render_doc(thing, title="%s"))))
    return "\n".join(line.rstrip() for line in "\n".join(parts).splitlines()) + "\n"


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="the layout of help() differs between versions of Python"
)
def test_help_matches_the_snapshot():
    found = text()
    if "UPDATE_HELP" in os.environ:
        SNAPSHOT.write_text(found, "utf-8")
    assert found == SNAPSHOT.read_text("utf-8"), (
        "the public interface has changed; UPDATE_HELP=1 renews the snapshot"
    )
