# SPDX-License-Identifier: GPL-2.0-or-later
"""What the module's resolver says of a signed world with broken zones and crooked forwarders. Each row
is a question and the start of the line that dns_ask must print. Run by the script `run` next to this."""
import os
import re
import resource
import subprocess
import sys
import time
import unittest

from lab import (AUTHORITY, CROOKED, CROOKED_PORT, Crooked, HONEST, Lab, NOBODY,
                 built_in_zones)

ASK = os.environ['DNS_ASK']
HONEST_OPTION = f'forward:{HONEST}'
UNCHECKED = f'{CROOKED["strips-dnssec"]}@{CROOKED_PORT}'  # answers, also what is bogus
with open(ASK, 'rb') as program:
    SANITIZED = re.search(b'__[at]san_init', program.read()) is not None
lab = None


def setUpModule():
    global lab
    lab = Lab()
    with open(lab.hints, encoding='ascii') as hints:
        lab.put_over('/usr/share/dns/root.hints', hints.read())
    lab.put_over('/etc/resolv.conf', '')


def tearDownModule():
    lab.close()


def crooked(kind):
    return f'forward:{CROOKED[kind]}@{CROOKED_PORT}'


def ask(questions, resolver=HONEST_OPTION, dnssec='-', anchor=None, limit=20000, memory='', notes=None):
    """[(seconds, text)] for each "TYPE name" of the list; notes for the log are added to `notes`."""
    words = [word for question in questions for word in question.split()]
    run = subprocess.run([ASK, resolver, dnssec, anchor or lab.anchor, str(limit), *words],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                         check=False, env={**os.environ, 'DNS_ASK_MEMORY': memory})
    if notes is not None:
        notes += re.findall('^note: (.*)$', run.stdout, re.M)
    found = re.findall(r'^([\d.]+) ms \S+ \S+: (.*)$', run.stdout, re.M)
    if len(found) != len(questions) or run.returncode != 0:
        raise AssertionError(f'dns_ask: exit {run.returncode}, {run.stdout}')
    return [(float(ms) / 1000, text) for ms, text in found]


class Scenario(unittest.TestCase):
    def check(self, rows, **how):
        questions = [question for question, _ in rows]
        for (question, expected), (_, seen) in zip(rows, ask(questions, **how)):
            with self.subTest(question=question):
                self.assertRegex(seen, '^' + expected)
        return rows


# (question, how the answer begins)
FAILURES = [
    ('MX broken.lab', 'bogus: MX of broken.lab: .*signature'),             # tests D-001
    ('A mx.broken.lab', 'bogus: '),
    ('TLSA _25._tcp.mx.broken.lab', 'bogus: '),
    ('MX expired.lab', 'bogus: .*expired'),
    ('A loop1.lab', 'failure: A of loop1.lab: SERVFAIL'),                   # tests D-008
    ('A long0.lab', 'failure: A of long0.lab: SERVFAIL'),                   # tests D-013
    ('MX mx301.lab', 'failure: MX of mx301.lab: too many MX records'),      # tests D-013
]
ANSWERS = [
    ('MX lab', r'secure noerror n=2 canonical=lab ttl=\d+ \[(10:mx.lab 20:mx2.lab|20:mx2.lab 10:mx.lab)\]'),
    ('A mx.lab', r'secure noerror n=1 canonical=mx.lab ttl=\d+ \[192.0.2.1\]'),
    ('AAAA mx.lab', r'secure noerror n=1 .*\[2001:db8::1\]'),
    ('TLSA _25._tcp.mx.lab', r'secure noerror n=1 .*\[030101abab'),
    ('MX null.lab', r'secure noerror n=1 .*\[0:\.\]'),
    ('MX odd.lab', r'secure noerror n=1 .*\[5:a\\032b.lab\]'),
    ('MX mx.lab', 'secure noerror n=0 canonical=mx.lab'),                   # tests D-003: NODATA
    ('A nowhere.lab', 'secure nxdomain n=0 canonical=nowhere.lab'),
    ('MX unsigned.lab', r'insecure noerror n=1 .*\[10:mx.unsigned.lab\]'),
    ('AAAA mx.unsigned.lab', 'insecure noerror n=0'),
    ('A nowhere.unsigned.lab', 'insecure nxdomain n=0'),
    ('A alias.lab', 'secure noerror n=1 canonical=mx.lab'),
    ('A a1.lab', 'secure noerror n=1 canonical=mx.lab'),
    ('A mx.dname.lab', 'secure noerror n=1 canonical=mx.lab'),              # tests D-008
    ('A outward.lab', 'insecure noerror n=1 canonical=mx.unsigned.lab'),    # tests D-009
    ('CNAME outward.lab', r'secure noerror n=1 canonical=outward.lab ttl=\d+ \[mx.unsigned.lab\]'),
    ('CNAME mx.lab', 'secure noerror n=0'),                                 # tests D-010
    ('TLSA _25._tcp.wild.lab', 'secure noerror n=1'),                       # tests D-063
    ('TLSA _25._tcp.tlsa-alias.lab', 'secure noerror n=1 canonical=_25._tcp.mx.lab'),
    ('TLSA _25._tcp.many.lab', 'secure noerror n=60'),                      # tests D-012
]


class Validating(Scenario):
    def test_failures(self):
        self.check(FAILURES)

    def test_answers(self):
        self.check(ANSWERS)

    def test_recursive_by_unbound_conf(self):
        conf = lab.file('own.conf', f'server:\n  root-hints: "{lab.hints}"\n'
                                    f'  trust-anchor-file: "{lab.anchor}"\n')
        self.check(FAILURES + ANSWERS, resolver=conf, anchor='-')

    def test_truncation_and_tcp(self):
        self.check(ANSWERS[:4], resolver=crooked('truncates'))

    def test_stripped_dnssec_is_never_unsigned(self):  # tests D-004
        self.check([('MX lab', '(failure|bogus): DNSSEC validation is not working'),
                    ('A mx.lab', '(failure|bogus): DNSSEC validation is not working')],
                   resolver=crooked('strips-dnssec'))

    def test_tlsa_servfail(self):  # tests D-002
        self.check([('A mx.lab', 'secure'), ('TLSA _25._tcp.mx.lab', 'failure: .*SERVFAIL')],
                   resolver=crooked('tlsa-servfail'))

    def test_refused_and_garbage(self):  # tests D-002
        for kind in ('refuses', 'garbage'):
            self.check([('MX lab', 'failure: DNSSEC validation is not working')],
                       resolver=crooked(kind), limit=3000)

    def test_a_chain_in_one_reply_is_bounded(self):  # tests D-013
        self.check([('A c0.unsigned.lab', 'failure: '), ('A c12.unsigned.lab', 'insecure noerror n=1')],
                   resolver=crooked('one-reply-chain'))

    def test_the_root_probe_costs_no_query(self):
        """On a busy machine a reply can be late, and libunbound asks again: the fewest questions of three runs."""
        def asked():
            Crooked.seen.clear()
            ask(['MX lab', 'A mx.lab'], resolver=crooked('truncates'))
            return sorted((kind, name) for _, transport, kind, name in Crooked.seen if transport == 'udp')

        self.assertEqual(min((asked() for _ in range(3)), key=len),
                         [('A', 'mx.lab.'), ('DNSKEY', '.'), ('DNSKEY', 'lab.'), ('DS', 'lab.'), ('MX', 'lab.')])

    # tests D-004: what libunbound would answer by itself is asked for like any other name
    def test_a_signed_zone_of_a_name_that_libunbound_knows(self):
        self.check([('MX test', r'secure noerror n=1 .*\[10:mx.test\]'),
                    ('TLSA _25._tcp.mx.test', 'secure noerror n=1'),
                    ('MX nowhere.test', 'secure nxdomain')])

    def test_nothing_is_made_up(self):
        zones = [zone.decode() for zone in built_in_zones() if zone != b'localhost.']
        self.assertGreater(len(zones), 90)
        for zone in zones:  # each by a process of its own, which has nothing to infer from
            Crooked.seen.clear()
            with self.subTest(zone=zone):
                self.check([(f'MX danesmtp.{zone}', 'secure nxdomain')], resolver=crooked('strips-ad'))
                asked = [(kind, name) for _, _, kind, name in Crooked.seen]
                self.assertIn(('MX', f'danesmtp.{zone}'.lower()), asked)

    def test_what_libunbound_answers_by_itself_proves_nothing(self):
        """Our own sign of life is a zone of its own; those of a later version would be."""
        self.check([('MX thread.danesmtp.invalid', 'failure: .*libunbound did not ask the DNS')])

    def test_localhost_is_no_question_for_the_dns(self):
        self.check([('A localhost', r'insecure noerror n=1 .*\[127.0.0.1\]')])

    # tests D-004: a replayed NSEC3 record proves nothing, however many rounds it has
    def test_nsec3_with_many_rounds(self):
        rows = [('TLSA _25._tcp.mx.n3.lab', 'secure noerror n=1'), ('MX nowhere.n3.lab', 'secure nxdomain')]
        self.check(rows)
        self.check([('A mx.n3.lab', 'secure'), ('TLSA _25._tcp.mx.n3.lab', 'bogus: ')],
                   resolver=crooked('replays-denial'))

    def test_an_unbound_conf_may_make_names_up(self):
        head = f'server:\n  root-hints: "{lab.hints}"\n  trust-anchor-file: "{lab.anchor}"\n'
        conf = lab.file('plain.conf', head)
        self.check([('MX test', 'secure noerror n=1')], resolver=conf, anchor='-')
        conf = lab.file('made-up.conf', head + '  local-zone: "test." static\n')
        self.check([('MX test', 'insecure nxdomain')], resolver=conf, anchor='-')


def limited(which, number):
    """As ask(), of a process with such a limit: (seconds, exit status, output)."""
    def limit():
        if which == resource.RLIMIT_NPROC:
            os.setuid(65534)  # root has no such limit
        resource.setrlimit(which, (number, number))
    start = time.monotonic()
    run = subprocess.run([ASK, HONEST_OPTION, '-', lab.anchor, '20000', 'MX', 'lab', 'A', 'mx.lab'],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                         check=False, preexec_fn=limit)
    return time.monotonic() - start, run.returncode, run.stdout


class Resources(Scenario):
    """What the library cannot have is an error at once, and one line."""

    def check_limit(self, which, number, expected):
        seconds, status, seen = limited(which, number)
        self.assertEqual(status, 0, seen)
        self.assertRegex(seen, expected)
        self.assertLess(seconds, 5, seen)
        return seen

    def test_no_thread(self):
        os.chmod(lab.path, 0o755)
        seen = self.check_limit(resource.RLIMIT_NPROC, 0, 'MX lab: failure: no thread for the resolver: ')
        self.assertEqual(len(seen.splitlines()), 2)

    def test_no_file_descriptors(self):
        good = 0
        for number in range(5, 40):
            with self.subTest(number=number):
                seen = self.check_limit(resource.RLIMIT_NOFILE, number,
                                        'MX lab: (secure|failure: )')
                good += 'MX lab: secure' in seen
        self.assertGreater(good, 0)

    @unittest.skipIf(SANITIZED, "a sanitizer's runtime needs an address space that is not limited")
    def test_no_memory(self):
        for megabytes in (*range(16, 64, 2), 64, 72, 80, 96, 128):
            with self.subTest(megabytes=megabytes):
                seconds, status, seen = limited(resource.RLIMIT_AS, megabytes << 20)
                self.assertIn(status, (0, 1, 127, -6), seen)  # 127: not even loaded; -6: bad_alloc
                self.assertLess(seconds, 5, seen)
                if status == 0:
                    self.assertRegex(seen, 'MX lab: (secure|failure: )')


class TrustAnchors(Scenario):
    """No validation is an error for every question, never an insecure answer."""

    def refused(self, expected, questions=('MX lab', 'MX unsigned.lab'), **how):
        for _, seen in ask(questions, **how):
            self.assertRegex(seen, expected)

    # tests D-014, D-164
    def test_files_that_cannot_be_used(self):
        with open(lab.anchor, encoding='ascii') as anchor:
            good = anchor.read()
        wrong = re.sub(r'\S(\S+)\s*$', lambda m: '0' + m[1] if m[0][0] != '0' else '1' + m[1], good)
        rows = {
            'missing': None,
            'empty': '',
            'garbage': 'hello world\n',
            'binary': '\x01\x00\x02',
            'address': '. IN A 192.0.2.1\n',
            'another-zone': '; only lab\nlab. IN DS 1 13 2 ' + 'ab' * 32 + '\n',
            'unknown-algorithm': '. IN DS 1 99 9 ' + 'ab' * 32 + '\n',
            'not-hexadecimal': '. IN DS 1 13 2 zz\n',
            'wrong': wrong,
        }
        for name, text in rows.items():
            path = os.path.join(lab.path, 'anchor-' + name)
            if text is not None:
                lab.file('anchor-' + name, text)
            with self.subTest(name=name):
                self.refused(f'^(bad-input|failure|bogus): .*{re.escape(path)}', anchor=path)

    def conf(self, *lines):
        return lab.file('bad.conf', ''.join(line + '\n' for line in (
            'server:', f'  root-hints: "{lab.hints}"', *lines)))

    def test_unbound_conf_that_does_not_validate(self):
        anchor = f'  trust-anchor-file: "{lab.anchor}"'
        rows = {
            'no anchor': [],
            'iterator': [anchor, '  module-config: "iterator"'],
            'permissive': [anchor, '  val-permissive-mode: yes'],
            'anchor missing': ['  trust-anchor-file: "/nonexistent/key"'],
            'anchor of another zone': ['  trust-anchor: "lab. IN DS 1 13 2 ' + 'ab' * 32 + '"'],
            'insecure root': [anchor, '  domain-insecure: "."'],
        }
        for name, lines in rows.items():
            path = self.conf(*lines)
            with self.subTest(name=name):
                if name == 'insecure root':  # libunbound keeps the anchor: it goes on validating
                    self.check([('MX lab', 'secure'), ('MX broken.lab', 'bogus')], resolver=path,
                               anchor='-')
                else:
                    self.refused(f'{re.escape(path)}', resolver=path, anchor='-')

    def test_unbound_conf_that_cannot_be_read(self):
        self.refused('^bad-input: /nonexistent.conf', resolver='/nonexistent.conf', anchor='-')
        path = self.conf('  no-such-option: 1')
        self.refused(f'^bad-input: {re.escape(path)}', resolver=path, anchor='-')

    def test_a_negative_trust_anchor_is_the_administrators(self):  # tests D-015
        path = self.conf(f'  trust-anchor-file: "{lab.anchor}"', '  domain-insecure: "broken.lab"')
        self.check([('MX broken.lab', 'insecure'), ('MX lab', 'secure')], resolver=path, anchor='-')


class Time(Scenario):
    """However the forwarder fails, an answer or an error comes within the limit."""
    LIMIT = 2.0

    def bounded(self, resolver, dnssec='-', questions=('MX lab', 'A mx.lab')):
        start = time.monotonic()
        answers = ask(questions, resolver=resolver, dnssec=dnssec, limit=int(self.LIMIT * 1000))
        for seconds, seen in answers:
            self.assertRegex(seen, '^(failure|bogus): ')
            self.assertLess(seconds, self.LIMIT + 0.5)
        self.assertLess(time.monotonic() - start, len(questions) * self.LIMIT + 1.0)
        return answers

    def test_forwarders_that_do_not_answer(self):
        silent, port = CROOKED['silent'], CROOKED_PORT
        for dnssec in ('-', 'resolver'):
            for resolver in (crooked('silent'), f'forward:{NOBODY}', 'forward:192.0.2.3',
                             f'forward:{silent}@{port},{NOBODY},192.0.2.3'):
                with self.subTest(resolver=resolver, dnssec=dnssec):
                    self.bounded(resolver, dnssec)

    def test_the_root_is_asked_for_once(self):
        answers = self.bounded(crooked('silent'))
        self.assertGreater(answers[0][0], self.LIMIT - 0.1)
        self.assertLess(answers[1][0], 0.1)  # the first error is every question's

    def test_dnskey_dropped(self):
        self.bounded(crooked('drops-dnskey'))

    def test_dead_name_servers_of_one_zone(self):
        self.bounded(HONEST_OPTION, questions=('MX dead.lab',))

    def test_the_others_are_tried(self):
        answers = ask(['MX lab'], resolver=f'{crooked("silent")},{HONEST}')
        self.assertRegex(answers[0][1], '^secure')
        self.assertLess(answers[0][0], 5)
        answers = ask(['MX lab'], resolver=f'{crooked("silent")},{HONEST}', dnssec='resolver')
        self.assertRegex(answers[0][1], '^secure')
        self.assertLess(answers[0][0], 5)

    @unittest.skipIf(SANITIZED, "a sanitizer's runtime has threads of its own")
    def test_signals_stay_with_the_asking_thread(self):
        with subprocess.Popen([ASK, crooked('silent'), '-', lab.anchor, '1000', 'MX', 'lab'],
                              stdout=subprocess.DEVNULL) as asking:
            time.sleep(0.3)
            masks = {}
            for task in os.listdir(f'/proc/{asking.pid}/task'):
                with open(f'/proc/{asking.pid}/task/{task}/status', encoding='ascii') as status:
                    masks[int(task)] = int(re.search(r'SigBlk:\s*(\w+)', status.read())[1], 16)
            self.assertEqual(masks.pop(asking.pid), 0)
            self.assertEqual(len(masks), 1)
            self.assertTrue(all(mask & (1 << 14 - 1) for mask in masks.values()))  # SIGALRM

    def test_slow_is_not_dead(self):
        self.check([('MX lab', 'secure')], resolver=crooked('slow'))
        self.check([('MX lab', 'secure')], resolver=crooked('slow'), dnssec='resolver')


def system_resolvers(*servers):
    """They are what resolv.conf says from now on: kinds of CROOKED, or addresses."""
    text = ''.join(f'nameserver {CROOKED.get(server, server)}\n' for server in servers)
    lab.file('resolv.conf', text)


class SystemResolvers(Scenario):
    """dane_resolver = auto and system, by the resolv.conf and root hints of the system."""
    ROWS = [('MX lab', 'secure'), ('TLSA _25._tcp.mx.lab', 'secure'), ('MX broken.lab', 'bogus: '),
            ('MX unsigned.lab', 'insecure noerror n=1')]

    def setUp(self):
        self.memory = os.path.join(lab.path, 'memory')
        if os.path.lexists(self.memory):
            os.unlink(self.memory)

    def seen_by(self, kind):
        return [question for what, *question in Crooked.seen if what == kind]

    def test_one_that_carries_dnssec(self):
        for resolver in ('-', 'auto', 'system'):
            system_resolvers(HONEST)
            notes = []
            self.check(self.ROWS, resolver=resolver, memory=self.memory, notes=notes)
            self.assertEqual((notes, os.path.exists(self.memory)), ([], False))

    # tests D-004: never "no DANE" on the way
    def test_where_dnssec_is_stripped_the_root_is_asked(self):
        system_resolvers('strips-dnssec')
        self.check([('MX lab', '(failure|bogus): DNSSEC validation is not working')], resolver='system')
        notes = []
        self.check(self.ROWS, resolver='auto', memory=self.memory, notes=notes)
        self.assertEqual(notes, [f'DANE: the name servers of the system ({CROOKED["strips-dnssec"]}@53) do '
                                 'not carry DNSSEC: asking from the root for an hour'])
        Crooked.seen.clear()
        self.check(self.ROWS, resolver='auto', memory=self.memory, notes=notes)
        self.assertEqual((len(notes), Crooked.seen), (1, []))
        self.check([('MX lab', '(failure|bogus): ')], resolver='system', memory=self.memory)

    def test_what_cannot_be_remembered_is_told(self):
        system_resolvers('strips-dnssec')
        notes = []
        self.check(self.ROWS, resolver='auto', memory='/nonexistent/memory', notes=notes)
        self.assertRegex(notes[0], r'asking from the root \(/nonexistent/memory.*: No such file')

    def test_a_reply_that_is_no_dns_message(self):
        system_resolvers('garbage')
        self.check(self.ROWS, resolver='auto', limit=5000)

    def test_trouble_and_silence_are_no_reason(self):
        for kind in ('refuses', 'silent', 'drops-dnskey', NOBODY):
            with self.subTest(kind=kind):
                system_resolvers(kind)
                self.check([('MX lab', 'failure: .*asked: ' + CROOKED.get(kind, kind))], resolver='auto',
                           limit=3000)

    def test_no_recursion_to_be_had(self):
        system_resolvers('strips-dnssec')
        os.rename(lab.hints, lab.hints + '.away')
        lab.file('root.hints', f'. 3600 NS ns.root.\nns.root. 3600 A {NOBODY}\n')
        try:
            notes = []
            self.check([('MX lab', 'failure: .*asked: the root servers.*the name servers of the system do '
                                   'not carry DNSSEC')], resolver='auto', memory=self.memory, limit=4000,
                       notes=notes)
            self.assertEqual((notes, os.path.exists(self.memory)), ([], False))
        finally:
            os.rename(lab.hints + '.away', lab.hints)
            with open(lab.hints, encoding='ascii') as hints:
                lab.file('root.hints', hints.read())

    def test_one_of_two_strips(self):
        for servers in (('strips-dnssec', HONEST), (HONEST, 'strips-dnssec')):
            system_resolvers(*servers)
            notes = []
            self.check(self.ROWS, resolver='auto', notes=notes)
            self.assertEqual(notes, [])

    def test_the_next_is_asked_after_an_error(self):
        system_resolvers('tlsa-servfail', HONEST)
        self.check(self.ROWS, resolver='auto')
        self.check(self.ROWS, resolver='system')

    def test_the_memory_chooses_and_no_more(self):
        system_resolvers('strips-dnssec')
        self.check(self.ROWS, resolver='auto', memory=self.memory)
        with open(self.memory, encoding='ascii') as memory:
            good = memory.read()
        head, expiry, question, choice, end = good.split('\n')
        rows = {'empty': '', 'garbage': '\x01\x02', 'cut': good[:-1], 'more': good + 'x',
                'expired': good.replace(expiry, '1000000000'),
                'too far': good.replace(expiry, str(int(expiry) + 7200)),
                'no number': good.replace(expiry, 'now'),
                'of others': good.replace(question, '192.0.2.1@53'),
                'another server': good.replace(choice, NOBODY + '@53'),
                'large': good + 'x' * 9000}
        for name, text in rows.items():
            with self.subTest(name=name):
                lab.file('memory', text)
                self.check(self.ROWS, resolver='auto', memory=self.memory)
        for name, make in {'link': lambda: os.symlink('/etc/passwd', self.memory),
                           'fifo': lambda: os.mkfifo(self.memory),
                           'directory': lambda: os.mkdir(self.memory)}.items():
            with self.subTest(name=name):
                os.unlink(self.memory)
                make()
                self.check(self.ROWS, resolver='auto', memory=self.memory)
                if name == 'directory':
                    os.rmdir(self.memory)
                    lab.file('memory', '')
        # For others it is recursion, where that is not allowed to be chosen.
        lab.file('memory', good)
        self.check([('MX lab', '(failure|bogus): ')], resolver='system', memory=self.memory)

    def test_dead_servers(self):
        for dead in ([], ['silent'], ['silent', 'silent']):
            with self.subTest(dead=len(dead)):
                self.setUp()
                system_resolvers(*dead, HONEST, *['silent'] * 3)
                seconds = [sum(took for took, _ in ask(['MX lab', 'A mx.lab'], resolver='auto', memory=self.memory))
                           for _ in range(3)]
                self.assertLess(seconds[0], 0.3 * len(dead) + 0.25)
                self.assertLess(max(seconds[1:]), 0.25)

    def test_no_more_than_three_are_asked(self):
        system_resolvers(*['silent'] * 3, HONEST)
        self.check([('MX lab', 'failure: ')], resolver='auto', limit=3000)

    def test_a_remembered_server_that_died(self):
        system_resolvers('silent', HONEST, 'strips-ad')
        ask(['MX lab'], resolver='auto', memory=self.memory)
        with open(self.memory, encoding='ascii') as memory:
            self.assertIn(f'\n{HONEST}@53\n', memory.read())
        system_resolvers('silent', HONEST, 'strips-ad')
        with open(self.memory, 'r+', encoding='ascii') as memory:
            text = memory.read().replace(f'\n{HONEST}@53\n', f'\n{CROOKED["silent"]}@53\n')
            memory.seek(0)
            memory.write(text)
        answers = ask(['MX lab'], resolver='auto', memory=self.memory)
        self.assertRegex(answers[0][1], '^secure')
        self.assertLess(answers[0][0], 0.6)


class Believing(Scenario):
    """dane_dnssec = resolver: the AD bit counts, without a trust anchor here."""

    def believe(self, rows, resolver=HONEST_OPTION, **how):
        self.check(rows, resolver=resolver, dnssec='resolver', anchor='/nonexistent', **how)

    def test_answers(self):
        self.believe(ANSWERS)

    def test_failures(self):
        self.believe([('MX broken.lab', 'failure: MX of broken.lab: SERVFAIL'),
                      ('MX expired.lab', 'failure: '), ('A loop1.lab', 'failure: '),
                      ('MX mx301.lab', 'failure: MX of mx301.lab: too many')])

    def test_over_tcp(self):
        self.believe(ANSWERS, resolver=crooked('truncates'))

    def test_forged_replies_are_passed_over(self):
        self.believe(ANSWERS[:4], resolver=crooked('forged-first'))

    def test_no_ad_is_an_error(self):
        no_ad = 'failure: dane_dnssec = resolver, but .* does not validate DNSSEC'
        for kind in ('strips-ad', 'strips-dnssec'):
            self.believe([('MX lab', no_ad), ('MX unsigned.lab', no_ad)], resolver=crooked(kind))

    def test_an_authoritative_server_does_not_validate(self):
        self.believe([('MX lab', 'failure: dane_dnssec = resolver, but')],
                     resolver=f'forward:{AUTHORITY}')

    def test_errors_of_the_forwarder(self):
        self.believe([('MX lab', 'failure: MX of lab: REFUSED')], resolver=crooked('refuses'))
        self.believe([('MX lab', 'failure: MX of lab: malformed')], resolver=crooked('garbage'))
        self.believe([('TLSA _25._tcp.mx.lab', 'failure: TLSA .*SERVFAIL')],
                     resolver=crooked('tlsa-servfail'))

    # tests D-002, D-004: what one server has shown vouches for no other
    def test_bogus_is_final(self):
        for servers in (f'{HONEST},{UNCHECKED}', f'{UNCHECKED},{HONEST}'):
            with self.subTest(servers=servers):
                self.believe([('MX lab', 'secure'), ('MX broken.lab', 'failure: MX of broken.lab: SERVFAIL'),
                              ('TLSA _25._tcp.mx.broken.lab', 'failure: '), ('MX unsigned.lab', 'insecure')],
                             resolver=f'forward:{servers}')

    def test_a_server_that_does_not_validate_is_not_believed_for_another(self):
        silent = f'{CROOKED["tlsa-silent"]}@{CROOKED_PORT}'
        self.believe([('MX lab', 'secure'), ('TLSA _25._tcp.mx.lab', 'failure: '),
                      ('TLSA _25._tcp.mx.unsigned.lab', 'failure: ')],
                     resolver=f'forward:{silent},{UNCHECKED}', limit=8000)

    def test_a_server_that_answers_nothing_else_comes_last(self):
        answers = ask(['MX lab', 'MX unsigned.lab', 'A mx.lab'], dnssec='resolver',
                      resolver=f'{crooked("silent")},{HONEST}')
        self.assertLess(sum(seconds for seconds, _ in answers[1:]), 0.5)

    def test_a_chain_in_one_reply_is_bounded(self):
        self.believe([('A c0.unsigned.lab', 'failure: .*CNAME chain is too long'),
                      ('A c4.unsigned.lab', 'insecure noerror n=1')],
                     resolver=crooked('one-reply-chain'))


if __name__ == '__main__':
    sys.exit(unittest.main())
