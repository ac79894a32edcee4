"""The Python programs of `cargo xtask bench start`: each imports its packages and requests one page.

usage: python start.py PROGRAM

The address and the credentials are in the environment, as for the command line. Each program imports only what it uses.
"""

import os
import sys

URL = "GETTICKETS_URL"
IDENTIFIER = "GETTICKETS_IDENTIFIER"
SECRET = "GETTICKETS_SECRET"
PAGE = 25


def form() -> dict:
    return {
        "action": "GetTickets",
        "identifier": os.environ[IDENTIFIER],
        "secret": os.environ[SECRET],
        "responsetype": "json",
    }


def address() -> str:
    return os.environ[URL] + "includes/api.php"


def gettickets() -> int:
    import gettickets

    client = gettickets.Client(os.environ[URL], identifier=os.environ[IDENTIFIER], secret=os.environ[SECRET])
    return len(client.get_tickets())


def httpx() -> int:
    import json

    import httpx

    reply = httpx.post(address(), data=form())
    return len(json.loads(reply.content)["tickets"]["ticket"])


def requests() -> int:
    import requests

    return len(requests.post(address(), data=form()).json()["tickets"]["ticket"])


def urllib() -> int:
    import json
    from urllib.parse import urlencode
    from urllib.request import urlopen

    with urlopen(address(), urlencode(form()).encode()) as reply:
        return len(json.load(reply)["tickets"]["ticket"])


def import_only(name: str) -> int:
    if name != "nothing":
        __import__(name)
    return PAGE


PROGRAMS = {"gettickets": gettickets, "httpx": httpx, "requests": requests, "urllib": urllib}


def main() -> None:
    program = sys.argv[1]
    imported = program.removeprefix("import-")
    tickets = PROGRAMS[program]() if imported == program else import_only(imported)
    if tickets != PAGE:
        raise SystemExit(f"{program}: {tickets} tickets instead of {PAGE}")


if __name__ == "__main__":
    main()
