"""Lists that change between requests: a scan loses no ticket silently, in threads and with asyncio."""

import asyncio
import http.server
import json
import random
import threading
import time
import urllib.parse

import pytest

import gettickets

HISTORIES = 16


class ChangingServer:
    """A list that changes before every reply, in one of several orders."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.clock = 1_700_000_000
        self.changes = seed % 4
        self.order = ("reply", "opened", "priority")[seed % 3]
        self.tickets = {id: self.ticket(id) for id in range(1, 40 + 3 * seed)}
        self.next_id = len(self.tickets) + 1
        self.required = None
        self.ever = set()
        self.lock = threading.Lock()

    def ticket(self, id):
        opened = self.clock - self.random.randrange(1, 5_000_000)
        return {
            "id": id,
            "opened": opened,
            "reply": opened,
            "priority": self.random.choice(("High", "Low", "Medium")),
        }

    def change(self):
        self.clock += self.random.randrange(60)
        ids = list(self.tickets)
        what = self.random.randrange(3)
        if what == 0 or not ids:
            self.tickets[self.next_id] = {**self.ticket(self.next_id), "opened": self.clock, "reply": self.clock}
            self.next_id += 1
        elif what == 1:
            self.tickets[self.random.choice(ids)]["reply"] = self.clock
        else:
            del self.tickets[self.random.choice(ids)]

    def reply(self, start, limit):
        with self.lock:
            if self.required is None:
                self.required = set(self.tickets)
            elif self.random.randrange(4) < self.changes:
                self.change()
            self.required &= set(self.tickets)
            self.ever |= set(self.tickets)
            keys = {
                "reply": lambda ticket: (-ticket["reply"], ticket["id"]),
                "opened": lambda ticket: (ticket["opened"], ticket["id"]),
                "priority": lambda ticket: (ticket["priority"], -ticket["reply"], ticket["id"]),
            }
            page = sorted(self.tickets.values(), key=keys[self.order])[start : start + limit]
            return {
                "result": "success",
                "totalresults": len(self.tickets),
                "startnumber": start,
                "numreturned": len(page),
                "tickets": {"ticket": [self.wire(ticket) for ticket in page]},
            }

    @staticmethod
    def wire(ticket):
        moment = {key: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ticket[key])) for key in ("opened", "reply")}
        return {
            "id": str(ticket["id"]),
            "tid": f"T{ticket['id']}",
            "deptid": "1",
            "userid": "1",
            "name": "",
            "email": "",
            "cc": "",
            "c": "",
            "date": moment["opened"],
            "subject": "S",
            "status": "Open",
            "priority": ticket["priority"],
            "admin": "",
            "attachment": "",
            "lastreply": moment["reply"],
            "flag": "0",
            "service": "",
        }

    def __enter__(self):
        changing = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                start, limit = (int(form.get(name, ["0"])[0]) for name in ("limitstart", "limitnum"))
                body = json.dumps(changing.reply(start, limit or 25)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def check(self, ids, error):
        assert len(set(ids)) == len(ids), "yielded twice"
        assert set(ids) <= self.ever
        assert error is not None or self.required <= set(ids), sorted(self.required - set(ids))


def collect(server):
    """The ids that a scan yields, and the error that ends it."""
    ids = []
    with gettickets.Client(server.url, identifier="i", secret="s") as client:
        try:
            for ticket in client.tickets(limitnum=12):
                ids.append(ticket.id)
        except gettickets.ScanIncompleteError as error:
            return ids, error
    return ids, None


async def collect_async(server):
    ids = []
    async with gettickets.AsyncClient(server.url, identifier="i", secret="s") as client:
        try:
            async for ticket in client.tickets(limitnum=12):
                ids.append(ticket.id)
        except gettickets.ScanIncompleteError as error:
            return ids, error
    return ids, None


@pytest.mark.parametrize(
    "run", [collect, lambda server: asyncio.run(collect_async(server))], ids=["sync", "async"]
)
def test_no_ticket_is_lost_silently_while_the_list_changes(run):
    complete = 0
    for seed in range(HISTORIES):
        with ChangingServer(seed) as server:
            ids, error = run(server)
            server.check(ids, error)
            complete += error is None
            assert server.changes or error is None, "a quiet list is read to its end"
    assert complete >= HISTORIES // 4
