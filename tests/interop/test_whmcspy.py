"""whmcspy, which returns raw dictionaries and requests pages until one is empty."""

import contextlib
import unittest

import whmcspy

from sandbox import IDENTIFIER, SECRET, Sandbox, canonical


class WhmcspyReadsTheSandbox(unittest.TestCase):
    # No multiple of a page's size, so that the last page is a short one.
    TICKETS = 310

    @classmethod
    def setUpClass(cls):
        running = contextlib.ExitStack()
        cls.addClassCleanup(running.close)
        cls.sandbox = running.enter_context(Sandbox("--tickets", str(cls.TICKETS), "--seed", "7"))
        cls.ours = cls.sandbox.ours("--limitnum", str(cls.TICKETS))
        cls.theirs = whmcspy.WHMCS(cls.sandbox.api_url, IDENTIFIER, SECRET)

    def test_every_page_brings_what_our_client_reads(self):
        self.assertEqual(len(self.ours), self.TICKETS)
        for asked in [{}, {"limitnum": 7}, {"limitnum": 100}, {"limitnum": 1000}]:
            with self.subTest(**asked):
                theirs = [canonical(ticket) for ticket in self.theirs.get_tickets(**asked)]
                self.assertEqual(len(theirs), self.TICKETS)
                self.assertEqual(theirs, self.ours)

    def test_a_page_counts_as_the_documentation_says(self):
        pages = list(self.theirs.paginated_call("GetTickets", limitnum=100))
        counts = [(int(page["startnumber"]), page["numreturned"], int(page["totalresults"])) for page in pages]
        self.assertEqual(counts, [(0, 100, 310), (100, 100, 310), (200, 100, 310), (300, 10, 310)])

    def test_a_filter_means_the_same_to_both(self):
        client = next(ticket["userid"] for ticket in self.ours if ticket["userid"] != 0)
        filters = [("status", "Open"), ("status", "Awaiting Reply"), ("deptid", 1), ("clientid", client)]
        for name, value in filters:
            with self.subTest(**{name: value}):
                theirs = [canonical(ticket) for ticket in self.theirs.get_tickets(**{name: value})]
                ours = self.sandbox.ours(f"--{name}", str(value), "--limitnum", str(self.TICKETS))
                self.assertEqual(theirs, ours)
                self.assertTrue(0 < len(ours) < self.TICKETS, f"{len(ours)} tickets show nothing")

    def test_a_wrong_secret_is_refused_as_an_install_refuses_it(self):
        stranger = whmcspy.WHMCS(self.sandbox.api_url, IDENTIFIER, "wrong")
        with self.assertRaisesRegex(whmcspy.MissingPermission, "Authentication Failed|Invalid or missing credentials"):
            stranger.call("GetTickets")

    def test_an_older_server_sends_the_fields_of_its_day(self):
        with Sandbox("--tickets", "3", "--server-version", "7.9") as old:
            theirs = whmcspy.WHMCS(old.api_url, IDENTIFIER, SECRET)
            tickets = list(theirs.get_tickets())
        self.assertEqual(len(tickets), 3)
        for ticket in tickets:
            self.assertNotIn("owner_name", ticket)
            self.assertNotIn("attachments", ticket)
            self.assertIn("attachment", ticket)


if __name__ == "__main__":
    unittest.main()
