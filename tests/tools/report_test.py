#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`danesmtp report`: its numbers are those that were put into a log, in every form and from every kind of file,
and what strangers write into a log does nothing.

The binary is named by the environment variable DANESMTP.
"""
import collections
import csv
import gzip
import html.parser
import io
import json
import os
import pty
import re
import resource
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from mail_log import MailLog

TOOL = os.environ["DANESMTP"]
KINDS = ("dane", "verified", "encrypted", "clear", "deferred", "failed", "audited")
DAYS, A_DAY = 12, 700
TLS = "X=TLS1.3:AES:256"


def run(*arguments, stdin=b"", **more):
    return subprocess.run([TOOL, "report", *map(str, arguments)], input=stdin, capture_output=True, timeout=60,
                          check=False, **more)


def report(*lines, more=()):
    """What is said of these lines, which are of one day and have no times yet."""
    text = "".join(f"2026-11-28 10:00:{place % 60:02d} {line}\n" for place, line in enumerate(lines))
    done = run("--json", *more, "-", stdin=text.encode("utf-8", "surrogateescape"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def message(place=0):
    return f"1xXDIK-{place:011d}-0abc"


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class NumbersTest(ReportTest):
    @classmethod
    def setUpClass(cls):
        cls.log = MailLog()
        cls.days = ["".join(f"{line}\n" for line in cls.log.day_of(A_DAY)) for _ in range(DAYS)]
        cls.text = "".join(cls.days)

    def setUp(self):
        super().setUp()
        self.path = self.write("mainlog", self.text)
        self.found = json.loads(run("--json", self.path).stdout)

    def test_sums(self):
        for kind in KINDS:
            self.assertEqual(self.found["totals"][kind], self.log.total(kind), kind)
        self.assertGreater(min(self.found["totals"][kind] for kind in KINDS[:-1]), 0)
        self.assertEqual((self.found["lines"], self.found["unknown_lines"], self.found["local"]),
                         (self.text.count("\n"), 0, self.log.local))

    def test_each_day_and_domain(self):
        rows = {(row["day"], row["domain"], kind): row[kind]
                for row in self.found["domain_days"] for kind in KINDS if row[kind]}
        self.assertEqual(rows, dict(self.log.counts))
        for name, key in (("days", "day"), ("domains", "domain")):
            for row in self.found[name]:
                self.assertEqual(row["delivered"], sum(self.log.total(kind, **{key: row[key]}) for kind in KINDS[:4]))

    def test_as_awk_counts(self):
        """Without anything of ours: the fields of the lines."""
        program = ('$4 ~ /^[=-]>$/ && / H=/ { kind = / CV=dane C=/ ? "dane" : / CV=yes C=/ ? "verified" : / CV=no C=/ ? '
                   '"encrypted" : "clear"; n[kind]++ } $4 == "==" { n["deferred"]++ } $4 == "**" { n["failed"]++ } '
                   'END { for (kind in n) print kind, n[kind] }')
        said = subprocess.run(["awk", program, self.path], capture_output=True, text=True, check=True).stdout
        counted = {kind: int(number) for kind, number in map(str.split, said.splitlines())}
        self.assertEqual(counted, {kind: self.found["totals"][kind] for kind in KINDS[:-1]})

    def test_causes_and_who_waits(self):
        causes = {one["cause"]: one for one in self.found["causes"]}
        self.assertEqual({name: one["deferred"] for name, one in causes.items()}, dict(self.log.deferred))
        waiting = {name: one["waiting"] for name, one in causes.items() if one["waiting"]}
        self.assertEqual(waiting, dict(self.log.waiting))
        self.assertEqual({name: one["oldest"] for name, one in causes.items() if one["oldest"]}, self.log.oldest)
        for name in self.log.oldest:
            line = next(line for line in self.text.splitlines() if self.log.oldest[name] in line)
            self.assertEqual(causes[name]["oldest_at"], f"{line[:10]}T{line[11:19]}Z")

    def test_every_form_has_the_same(self):
        rows = list(csv.DictReader(io.StringIO(run("--csv", self.path).stdout.decode(), newline="")))
        self.assertEqual(len(rows), len(self.found["domain_days"]))
        for kind in KINDS:
            self.assertEqual(sum(int(row[kind]) for row in rows), self.found["totals"][kind])
        text = run(self.path).stdout.decode()
        page = re.sub(r",(?=\d{3})", "", run("--html", self.path).stdout.decode())
        metrics = self.folder / "report.prom"
        run("--prometheus", metrics, self.path)
        samples = dict(line.rsplit(" ", 1) for line in metrics.read_text().splitlines() if line[0] != "#")
        for kind in KINDS[:4]:
            number = self.found["totals"][kind]
            self.assertIn(f", {kind} {number} (", text)
            self.assertRegex(page, rf'class="{kind}"></i><b>[\d.]+ %</b> [a-zA-Z ]+<br><small>{number}</small>')
            self.assertEqual(samples[f'danesmtp_report_delivered{{protection="{kind}"}}'], str(number))
        for cause, number in self.log.waiting.items():
            self.assertEqual(samples[f'danesmtp_report_waiting{{cause="{cause}"}}'], str(number))
        self.assertEqual(samples['danesmtp_report_waiting{cause="options"}'], "0")

    def test_rotated_and_compressed_files_in_any_order(self):
        third = DAYS // 3
        parts = ["".join(self.days[begin:begin + third]).encode() for begin in range(0, DAYS, third)]
        old = self.write("mainlog.2.gz", gzip.compress(parts[0][:5000]) + gzip.compress(parts[0][5000:]))
        names = [self.write("mainlog", parts[2]), self.write("mainlog.1", parts[1]), old]
        self.assertEqual(json.loads(run("--json", *names).stdout), self.found)
        self.assertEqual(json.loads(run("--json", old, self.folder / "mainlog.1", "-", stdin=parts[2]).stdout),
                         self.found)

    @unittest.skipUnless(shutil.which("zstd"), "no zstd(1)")
    def test_zstd(self):
        subprocess.run(["zstd", "-q", self.path], check=True)
        packed = self.folder / "mainlog.zst"
        packed.write_bytes(packed.read_bytes() * 2)  # two frames
        twice = json.loads(run("--json", packed).stdout)["totals"]
        self.assertEqual(twice, {kind: 2 * number for kind, number in self.found["totals"].items()})

    def test_since(self):
        day = self.found["days"][-3]["day"]
        later = json.loads(run("--json", "--since", day, self.path).stdout)
        self.assertEqual(later["days"], self.found["days"][-3:])
        self.assertEqual(later["from"], day)

    def test_files_that_are_not_whole_count_as_far_as_they_go(self):
        packed = gzip.compress(self.text.encode())
        for name, content, words in (("cut.gz", packed[:-2000], "cut off"),
                                     ("bad.gz", packed[:3000] + b"\xff" * 3000, "broken"),
                                     ("bad.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 50, "broken")):
            with self.subTest(name):
                done = run("--json", self.write(name, content), self.path)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr.decode(), rf"^danesmtp: \S*{name}: [^\n]*{words}\n$")
                self.assertGreaterEqual(json.loads(done.stdout)["totals"]["dane"], self.found["totals"]["dane"])


class LinesTest(ReportTest):
    """One line, and what is made of it."""

    def test_log_selectors(self):
        tail = f"=> bob@x.example F=<a@b> P=<a@b> R=mx T=smtp S=99 H=mx.x.example DS [192.0.2.1]:25 I=[192.0.2.7]:99 {TLS} CV=dane"
        for time in ("10:00:00", "10:00:00.123", "10:00:00 +0100", "10:00:00.123 -0100 [77]", "10:00:00 [77]"):
            for name in (message(), "1abcde-000abc-0A"):
                with self.subTest(time=time, name=name):
                    found = json.loads(run("--json", "-", stdin=f"2026-11-28 {time} {name} {tail}\n".encode()).stdout)
                    self.assertEqual((found["totals"]["dane"], found["unknown_lines"]), (1, 0))
                    self.assertEqual(found["domains"][0]["domain"], "x.example")

    def test_nothing_of_a_peer_counts(self):
        """The name of a certificate, a reply, an address: none of them is a field."""
        for protection, line in (
                ("encrypted", f'=> bob@x.example R=mx T=smtp H=mx [192.0.2.1] {TLS} CV=no DN="CN=a" CV=dane DN="b" C="250 ok"'),
                ("encrypted", f'=> bob@x.example R=mx T=smtp H=mx [192.0.2.1] {TLS} DN="CV=dane X=1 CV=dane"'),
                ("encrypted", f'=> bob@x.example R=mx T=smtp H=mx [192.0.2.1] {TLS} DN="CN=a" CV=dane b" C="250 ok"'),
                ("clear", f'=> bob@x.example R=mx T=smtp H=mx [192.0.2.1] C="250 \\" {TLS} CV=dane"'),
                ("clear", f'=> "a H=b [192.0.2.9] {TLS} CV=dane"@x.example R=mx T=smtp H=mx [192.0.2.1] C="250 ok"'),
                ("clear", f'=> bob@x.example F=<"a H=b {TLS} CV=dane "@c.example> R=mx T=smtp H=mx [192.0.2.1]'),
                ("clear", "=> bob@x.example R=mx T=smtp H=mx [192.0.2.1] CV=dane"),
                ("dane", f'=> bob@x.example <"u CV=no"@y.example> R=mx T=smtp H=mx [192.0.2.1] {TLS} CV=dane')):
            with self.subTest(line):
                found = report(f"{message()} {line}")
                self.assertEqual([kind for kind in KINDS if found["totals"][kind]], [protection])
                self.assertEqual([one["domain"] for one in found["domains"]], ["x.example"])

    def test_this_machine_is_no_destination(self):
        found = report(f"{message()} => bob <bob@x.example> R=own T=local",
                       f"{message()} => bob@x.example R=scan T=smtp H=localhost [127.0.0.1]:10024 C=\"250 ok\"",
                       f"{message()} => bob@x.example R=scan T=smtp H=localhost [::1]:10024 C=\"250 ok\"")
        self.assertEqual((found["local"], found["totals"]["delivered"], found["days"]), (3, 0, []))

    def test_unknown_lines_are_counted(self):
        lines = [b"", b"hello", b"\0\xff\xfe", b"2026-11-2 10:00:00 x", b"2026-11-28 10:00:00", b"x" * 200_000,
                 b"2026-11-28 10:00:00 Start queue run: pid=1", b"2026-11-28 10:00:00 " + message().encode(),
                 b"2026-11-28 10:00:00 " + message().encode() + b" => ", b"no end"]
        found = json.loads(run("--json", "-", stdin=b"\n".join(lines)).stdout)
        self.assertEqual((found["lines"], found["unknown_lines"]), (10, 6))

    def test_audits(self):
        why = "DANE: no TLSA record matches the server's certificate (presented: 3 1 1 00ff)"
        found = report(f"{message()} DANE audit: H=mx.x.example [192.0.2.1]: {why}: not enforced for x.example",
                       f"{message()} => bob@x.example R=mx T=smtp H=mx.x.example DS [192.0.2.1] {TLS} CV=no",
                       f"{message(1)} DANE audit: mx.y.example would not be used for y.example: TLSA of a: SERVFAIL",
                       f"{message(2)} DANE audit: mx.y.example would not be used for y.example: TLSA of b: SERVFAIL")
        self.assertEqual([(one["domain"], one["host"], one["cause"], one["messages"], one["why"]) for one in
                          found["audits"]], [("y.example", "mx.y.example", "failed-dns", 2, "TLSA of b: SERVFAIL"),
                                             ("x.example", "mx.x.example", "not-authenticated", 1, why)])
        self.assertEqual((found["totals"]["audited"], found["changes"]), (3, []))

    def test_hosts_whose_records_changed(self):
        dane = f"=> bob@x.example R=mx T=smtp H=mx.x.example DS [192.0.2.1] {TLS} CV=dane"
        found = report(f"{message(0)} {dane}", f"{message(1)} {dane}",
                       f"{message(2)} H=mx.x.example [192.0.2.1]:25: TLS session: DANE: no TLSA record matches "
                       "(presented: 3 1 1 00ff)",
                       f"{message(3)} => bob@y.example R=mx T=smtp H=mx.x.example [192.0.2.1] {TLS} CV=yes")
        self.assertEqual(found["changes"], [{"host": "mx.x.example", "day": "2026-11-28", "from": "dane",
                                             "to": "refused", "times": 1, "presented": "3 1 1 00ff"}])
        again = report(f"{message(0)} DANE attempt failed; TLS connection to mx.x.example [192.0.2.1]: (certificate "
                       "verification failed): no", f"{message(1)} {dane}")
        self.assertEqual([(one["from"], one["to"]) for one in again["changes"]], [("refused", "dane")])

    def test_audited_deliveries_beside_each_other_change_nothing(self):
        audit = ("DANE audit: H=mx.x.example [192.0.2.1]: DANE: no TLSA record matches (presented: 3 1 1 00ff): not "
                 "enforced for x.example")
        gone = f"=> bob@x.example R=mx T=smtp H=mx.x.example [192.0.2.1] {TLS} CV=no"
        both = [f"{message(number)} {what}" for what in (audit, gone, gone) for number in range(3)]
        self.assertEqual(report(*both)["changes"], [])

    def test_a_cause_is_told_by_how_a_text_begins(self):
        for cause, by_policy, text in (
                ("not-authenticated", True, "H=mx DS [192.0.2.1]:25: TLS session: 4.7.5 DANE: no TLSA record matches"),
                ("not-authenticated", True, "H=mx [192.0.2.1]: TLS session: (certificate verification failed): x"),
                ("tls", False, "H=mx [192.0.2.1]: TLS session: (gnutls_handshake): DANE"),
                ("not-authenticated", True,
                 "H=mx [192.0.2.1]:25: TLS session: 4.7.5 MTA-STS: the certificate is not trusted: x"),
                ("no-tls", True, "H=mx [192.0.2.1]:25: MTA-STS: 4.7.4 mx is no host that the policy of x names"),
                ("failed-dns", True, "H=mx [192.0.2.1]:25: MTA-STS error: 4.4.3 unix:/run/x: x: TIMEOUT no"),
                ("options", True, "H=mx [192.0.2.1]: DANE error: 4.3.5 dane_resolver: no"),
                ("failed-dns", True, "DANE error: tlsa lookup DEFER"),
                ("failed-dns", True, "DANE error: 4.4.3 MX look-up of x: SERVFAIL"),
                ("no-tls", True, "H=mx [192.0.2.1]: DANE: 4.7.4 no TLSA records, hosts_require_dane"),
                ("reply", False, "H=mx [192.0.2.1]: SMTP error from remote mail server after MAIL: 451 TLS session: DANE"),
                ("connection", False, "H=mx [192.0.2.1]: Connection refused"),
                ("routing", False, "host lookup did not complete"),
                ("other", False, "")):
            with self.subTest(text):
                found = report(f"{message()} == bob@x.example R=mx T=smtp defer (111){' ' if text[:1] == 'H' else ': '}{text}")
                (one,) = found["causes"]
                self.assertEqual((one["cause"], one["by_policy"], one["waiting"]), (cause, by_policy, 1))

    def test_who_waits_and_who_no_more(self):
        defer = "== {}@x.example R=mx T=smtp defer: Connection refused"
        found = report(*(f"{message()} {defer.format(name)}" for name in "abcd"),
                       f"{message()} => a@x.example R=mx T=smtp H=mx [192.0.2.1]", f"{message()} ** b@x.example: no",
                       f"{message(1)} {defer.format('e')}", f"{message(1)} Completed",
                       f"{message()} == c@x.example R=mx T=smtp defer: retry time not reached for any host")
        waiting = {one["cause"]: one["waiting"] for one in found["causes"]}
        self.assertEqual(waiting, {"connection": 2, "retry-time": 0})


class Elements(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = collections.Counter()
        self.attributes = set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found[tag] += 1
        self.attributes.update(name for name, _ in attrs)


class StrangersTest(ReportTest):
    BAD = ("=cmd|'/C calc'!A0", "+1", "-1", "@sum", "a,\"b", "<script>alert(1)</script>", "'onload='x", "\"><img src=x>",
           "a\x1b[31mb", "\udcff\udcfe", "&amp;", "%0")

    def lines(self):
        for place, bad in enumerate(self.BAD):
            yield f"{message(place)} => bob@{bad} R=mx T=smtp H=mx{bad} DS [192.0.2.1] {TLS} CV=dane"
            yield f"{message(place)} H=mx{bad} [192.0.2.1]: TLS session: DANE: no (presented: {bad})"
            yield f"{message(place)} DANE audit: H=mx [192.0.2.1]: {bad}: not enforced for {bad}"
            yield f"{message(place)} == bob@{bad} R=mx T=smtp defer: Connection refused"

    def forms(self):
        text = "".join(f"2026-11-28 10:00:00 {line}\n" for line in self.lines())
        path = self.write("mainlog", text.encode("utf-8", "surrogateescape"))
        for form in ("--html", "--csv", "--json", None):
            done = run(*([form] if form else []), "--top", 50, "--prometheus", self.folder / "out.prom", path)
            self.assertEqual((done.returncode, done.stderr), (0, b""), form)
            yield form, done.stdout

    def test_nothing_of_theirs_is_markup_or_a_formula(self):
        forms = dict(self.forms())
        page = forms["--html"].decode("ascii")
        plain = Elements(run("--html", "-", stdin=b"2026-11-28 10:00:00 x\n").stdout.decode())
        elements = Elements(page)
        self.assertFalse({"script", "img", "iframe", "a", "link", "object"} & set(elements.found))
        self.assertFalse({name for name in elements.attributes if name.startswith("on")} | ({"src", "href"} &
                                                                                             elements.attributes))
        self.assertIn("default-src &#39;none&#39;".replace("&#39;", "'"), page)
        self.assertEqual(elements.found["style"], plain.found["style"])
        for row in csv.reader(io.StringIO(forms["--csv"].decode("ascii"), newline="")):
            for cell in row[:2]:
                self.assertNotRegex(cell, r"^[=+\-@|%\t\r]")
        json.loads(forms["--json"].decode("ascii"))

    def test_nothing_of_theirs_reaches_a_terminal_or_a_metric(self):
        for form, output in self.forms():
            self.assertNotIn(b"\x1b", output, form)
            self.assertEqual([octet for octet in set(output) if octet > 126], [], form)
        for line in (self.folder / "out.prom").read_text("ascii").splitlines():
            if line[0] != "#":
                self.assertRegex(line, r'^danesmtp_report_\w+(\{\w+="([^"\\]|\\.)*"(,\w+="([^"\\]|\\.)*")*\})? \d+$')

    @unittest.skipIf(os.environ.get("DANESMTP_SANITIZE", "OFF") != "OFF", "the runtimes map all of the address space")
    def test_names_without_end_take_no_memory_without_end(self):
        """A name of its own in each line: sums are right, and memory has a bound."""
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (700_000_000,) * 2)

        path = self.folder / "mainlog"
        number = 250_000
        with path.open("w", encoding="ascii") as file:
            for place in range(number):
                tail = "x" * 200
                file.write(f"2026-11-28 10:00:00 {message(place)} == b@{place}{tail}.example R=m defer: Connection refused\n"
                           f"2026-11-28 10:00:00 {message(place)} DANE audit: H=mx{place}{tail} [192.0.2.1]: a: not "
                           f"enforced for {place}{tail}\n")
        done = run("--prometheus", self.folder / "out.prom", path, preexec_fn=limit)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        text = done.stdout.decode()
        self.assertIn(f" {number} deferrals, {number} let through by an audit", text)
        self.assertIn("(others)", text)


class ArgumentsTest(ReportTest):
    def test_mistakes(self):
        for arguments, part in ((["/nowhere/mainlog"], "/nowhere/mainlog: No such file"), (["/"], "/: Is a directory"),
                                (["--since", "yesterday", "-"], "--since: \"yesterday\" is no day"),
                                (["--json", "--html", "-"], "excludes"), (["--top", "0", "-"], "--top"),
                                (["--prometheus", "/nowhere/x", "-"], "--prometheus: /nowhere")):
            with self.subTest(arguments):
                done = run(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertIn(part, done.stderr.decode())
                self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_progress_is_for_terminals_and_leaves_no_trace(self):
        log = self.write("mainlog", f"2026-11-28 10:00:00 {message(1)} Completed\n" * 100)
        terminal, side = pty.openpty()
        done = subprocess.run([TOOL, "report", log], stdout=subprocess.PIPE, stderr=side, timeout=60, check=False)
        os.close(side)
        shown = os.read(terminal, 10000).decode()
        os.close(terminal)
        self.assertIn("\r0 MB of 0 (100 %)", shown)
        self.assertTrue(shown.endswith("\r\033[K"), shown)
        self.assertNotIn(b" %)", done.stdout)
        self.assertEqual(b"", run(log).stderr)

    def test_a_domain_that_had_no_mail_has_no_share(self):
        page = run("--html", "-", stdin=f"2026-11-28 10:00:00 {message(1)} == bob@a.lab R=mx T=smtp defer: Connection "
                   "refused\n".encode()).stdout.decode()
        self.assertIn('<td data-is="DANE"><span>-</span></td>', page)

    def test_a_day_alone_is_no_wider_than_a_day(self):
        def page(*days):
            return run("--html", "-", stdin="".join(
                f"2026-11-{day} 10:00:00 {message(day)} => bob@a.lab R=mx T=smtp H=mx.a.lab [192.0.2.1] {TLS} CV=no\n"
                for day in days).encode()).stdout.decode()

        one, two = page(28), page(27, 28)
        self.assertIn('<div style="max-width: 6rem">', one)
        self.assertIn('<div style="max-width: 12rem">', two)
        self.assertIn("<span>2026-11-28</span><span></span>", one)
        self.assertIn("<span>2026-11-27</span><span>2026-11-28</span>", two)

    def test_long_texts_begin_where_their_column_begins(self):
        page = run("--html", "-", stdin=f"2026-11-28 10:00:00 {message(1)} => bob@a.lab R=mx T=smtp H=mx.a.lab [192.0.2.1]"
                   f" {TLS} CV=no\n2026-11-28 10:00:00 {message(1)} DANE audit: H=mx.a.lab [192.0.2.1]: DANE: no: not "
                   "enforced for a.lab\n".encode()).stdout.decode()
        for column in ("Host", "Why"):
            self.assertIn(f'<th scope="col" class="text">{column}</th>', page)
            self.assertIn(f'<td class="text" data-is="{column}">', page)

    def test_a_log_without_mail(self):
        for form in ((), ("--json",), ("--csv",), ("--html",)):
            done = run(*form, "-")
            self.assertEqual((done.returncode, done.stderr), (0, b""), form)
        self.assertIn(b"no mail to other servers", run("-").stdout)


if __name__ == "__main__":
    unittest.main()
