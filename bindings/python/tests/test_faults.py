"""The package against every fault on the wire: the outcome of the catalog, and no credentials in anything that is shown."""

import os
import pathlib
import subprocess
import sys

import pytest

from conftest import ROOT

DRIVER = pathlib.Path(__file__).with_name("faults.py")


@pytest.mark.parametrize(("interface", "kind"), [("python", "sync"), ("python-async", "async")])
def test_every_fault_has_the_outcome_of_the_catalog(interface, kind):
    # `cargo xtask test python` builds it and names it, so that it is not skipped there.
    named = os.environ.get("GETTICKETS_FAULT_SERVER")
    server = pathlib.Path(named or ROOT / "target" / "debug" / "gettickets-faults")
    if named is None and not server.exists():
        pytest.skip("the fault server is not built: cargo build -p gettickets-faults")
    ran = subprocess.run([server, interface, sys.executable, DRIVER, kind], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
