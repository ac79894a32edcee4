"""The command line: `python -m gettickets`, and the program `gettickets` that comes with the package."""

import signal
import sys

from ._native import run


def main() -> int:
    """Runs the command line with the arguments of this process, and returns its exit code."""
    # Python's own handler only records an interrupt; the program must end, or clean up first.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run(["gettickets", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
