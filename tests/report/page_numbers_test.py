# SPDX-License-Identifier: GPL-2.0-or-later
"""The page's numbers as they are read, and counted in another way: that they agree where they should, and that a number
which is wrong is told."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from page_numbers import by_awk, by_queue, by_receivers, differences, on_page

TOOL = os.environ["DANESMTP"]
TLS = "X=TLS1.3:AES:256"


def sent(day, number, text):
    return f"2026-11-{day} 10:00:00 1xXDIK-{number:011d}-0abc {text}\n"


def delivered(day, number, arrow, address, protection, words="250 OK"):
    domain = address.partition("@")[2]
    return sent(day, number, f'{arrow} {address} R=mx T=smtp H=mx.{domain} [192.0.2.1]{protection} C="{words}"')


def received(protection, addresses):
    return f"2026-11-28 10:00:00 1x <= alice@sender.lab H=(a.lab) [192.0.2.1] P=smtp{protection} S=5 for {addresses}\n"


LOG = "".join((
    sent(27, 1, "<= alice@sender.lab U=root P=local-bsmtp S=320 for a@ee.lab b@ee.lab"),
    delivered(27, 1, "=>", "a@ee.lab", f" {TLS} CV=dane", "250 => H= X= CV=no"),
    delivered(27, 1, "->", "b@ee.lab", f" {TLS} CV=dane"),
    delivered(28, 2, "=>", "c@plain.lab", f" {TLS} CV=no"),
    delivered(28, 3, "=>", "d@clear.lab", "", "250 X= CV=dane"),
    delivered(28, 4, "=>", "e@odd.lab", f" {TLS} CV=yes"),
    sent(28, 5, "== f@impostor.lab R=mx T=smtp defer: TLS session: DANE: no TLSA record matches"),
    sent(28, 6, "** bad@ee.lab R=mx T=smtp: 550 no such user here"),
    sent(28, 7, "=> alice <alice@sender.lab> R=own_domain T=bounces")))
RECEIVERS = "".join((received(f" {TLS}", "a@ee.lab b@ee.lab"), received(f" {TLS}", "c@plain.lab"),
                     received("", "d@clear.lab"), received(f" {TLS}", "e@odd.lab")))


class PageNumbersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = Path(folder.name) / "mainlog"
        self.log.write_text(LOG, encoding="utf-8")
        html = subprocess.run([TOOL, "report", "--html", self.log], check=True, capture_output=True, text=True).stdout
        self.page = on_page(html)
        self.others = (by_awk([self.log]), by_receivers(RECEIVERS), by_queue(["f@impostor.lab"]))

    def test_what_the_page_says(self):
        wanted = {("all", "delivered"): 5, ("all", "dane"): 2, ("all", "verified"): 1, ("all", "encrypted"): 1,
                  ("all", "clear"): 1, ("all", "deferred"): 1, ("all", "failed"): 1, ("all", "waiting"): 1,
                  ("day", "2026-11-27", "dane"): 2, ("day", "2026-11-28", "delivered"): 3,
                  ("domain", "ee.lab", "delivered"): 2, ("domain", "impostor.lab", "deferred"): 1}
        self.assertEqual({key: self.page[key] for key in wanted}, wanted)

    def test_all_agree(self):
        for other in self.others:
            self.assertEqual(differences(self.page, other, "other"), [])

    def test_any_number_that_differs_is_told(self):
        """One more or less of each, on the page or in the other count."""
        for other in self.others:
            shown = [key for key in other if self.page[key]]
            self.assertTrue(shown)
            for key in shown:
                for changed in (self.page, other):
                    changed[key] += 1
                    self.assertEqual(len(differences(self.page, other, "other")), 1, key)
                    changed[key] -= 1

    def test_a_row_that_is_missing_is_told(self):
        counted = by_receivers(RECEIVERS)
        del self.page["domain", "ee.lab", "delivered"]
        self.assertEqual(differences(self.page, counted, "the receivers"),
                         ["domain ee.lab delivered: the page says 0, the receivers 2"])

    def test_a_row_too_many_is_told(self):
        self.page["domain", "made-up.lab", "delivered"] = 7
        self.assertEqual(differences(self.page, by_receivers(RECEIVERS), "the receivers"),
                         ["domain made-up.lab delivered: the page says 7, the receivers 0"])


if __name__ == "__main__":
    unittest.main()
