"""A smoke test for every version of Python, which needs only the package and no pytest."""

import asyncio
import pickle
import sys
import threading

import gettickets


async def later(sandbox):
    async with gettickets.AsyncClient(sandbox.url, **sandbox.credentials) as client:
        return [ticket.id async for ticket in client.tickets()]


def main():
    with gettickets.Sandbox(tickets=300, quirks=["extra-fields"]) as sandbox:
        with gettickets.Client(sandbox.url, **sandbox.credentials, timezone="UTC") as client:
            page = client.get_tickets(limitnum=100)
            assert len(page) == 100 and page[0].lastreply.utcoffset() is not None
            assert pickle.loads(pickle.dumps(page)) == page and page[3:5][0] == page[3]
            assert [ticket.id for ticket in client.tickets()] == sandbox.ids() == asyncio.run(later(sandbox))
            assert page.to_dict()["tickets"][0]["extra"] and page[0].raw("deptname")
            match page[0]:
                case gettickets.Ticket(id=id, status=str()):
                    assert id == page[0].id
            match page[:1]:
                case [only]:
                    assert only == page[0]
            threads = [threading.Thread(target=lambda: [ticket.to_dict() for ticket in page]) for _ in range(8)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            assert "arrow_array_stream" in repr(page.__arrow_c_stream__())
        try:
            gettickets.Client(sandbox.url, identifier="a", secret="b").get_tickets()
        except gettickets.AuthenticationError as error:
            again = pickle.loads(pickle.dumps(error))
            assert again.hint == error.hint and str(again) == str(error) and again.http_status == 403
        else:
            raise AssertionError("a wrong secret was accepted")
    print(f"{sys.implementation.name} {sys.version.split()[0]}: gettickets {gettickets.__version__} works")


if __name__ == "__main__":
    main()
