"""The sandbox as a separate program, and what our own client reads from it."""

import json
import os
import re
import subprocess
import threading

IDENTIFIER = "sandbox-identifier"
SECRET = "sandbox-secret"

# Only these settings: those of a shell must not change the request or the endpoint.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GETTICKETS")}
PROGRAM = os.environ["GETTICKETS"]


class Sandbox:
    """`gettickets sandbox`, for as long as the `with` block lasts.

    >>> with Sandbox("--tickets", "10") as sandbox:
    ...     requests.post(sandbox.api_url, data={...})
    """

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        self.process = subprocess.Popen(
            [PROGRAM, "sandbox", "--port", "0", *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        said = []
        for line in self.process.stderr:
            said.append(line)
            address = re.search(r"http://127\.0\.0\.1:\d+/", line)
            if address:
                self.url = address.group()
                # A full pipe would block a sandbox that logs.
                self.reader = threading.Thread(target=self.process.stderr.read, daemon=True)
                self.reader.start()
                return self
        self.__exit__()
        raise AssertionError("the sandbox ended before it said where it listens:\n" + "".join(said))

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        if hasattr(self, "reader"):
            self.reader.join(timeout=30)
        self.process.stderr.close()

    @property
    def api_url(self):
        """The full address, as clients want it that know no other."""
        return self.url + "includes/api.php"

    def ours(self, *arguments):
        """The tickets of one page as our own client reads them: canonical JSON."""
        listed = subprocess.run(
            [PROGRAM, "list", "--url", self.url, "--identifier", IDENTIFIER, "--format", "json", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            env={**ENVIRONMENT, "GETTICKETS_SECRET": SECRET},
        )
        if listed.returncode != 0:
            raise AssertionError(f"gettickets list ended with {listed.returncode}: {listed.stderr}")
        return json.loads(listed.stdout)["tickets"]


def canonical(ticket):
    """A ticket as it comes on the wire, with its values as canonical JSON has them."""
    read = {
        **dict.fromkeys(["id", "deptid", "userid", "flag"], int),
        **dict.fromkeys(["date", "lastreply"], moment),
        "attachments": lambda files: [{**file, "index": int(file["index"])} for file in files],
    }
    return {name: read.get(name, lambda value: value)(value) for name, value in ticket.items()}


def moment(text):
    """A date as canonical JSON has it; the database's zero date means no date."""
    return None if text.startswith("0000-00-00") else text.replace(" ", "T")
