# SPDX-License-Identifier: GPL-2.0-or-later
"""What integration tests are given: the world, made once, and senders, made anew for each test.

A test that fails shows the main log of each sender that it used.
"""
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "world"))

import cache_switch  # noqa: E402  (needs the path above)
import watched  # noqa: E402
from collector import Collector  # noqa: E402
from exim_build import find_build  # noqa: E402
from network import inside_world  # noqa: E402
from policy_daemon import PolicyDaemon  # noqa: E402
from sender import Sender  # noqa: E402
from world import World  # noqa: E402

_SENDERS = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--share", metavar="DIRECTORY", help="only files of tests that no other run with it has begun")


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(feature): of Exim, as `exim -bV` names it")
    config.addinivalue_line("markers", "without(feature): of Exim, as `exim -bV` names it")
    config.addinivalue_line("markers", "declared(name): in the headers of Exim")
    if config.getoption("--share"):
        config.pluginmanager.register(Shared(config.getoption("--share")))


def pytest_collection_modifyitems(config, items):
    """What the Exim under test cannot do is left out, by what it says of itself."""
    marked = [(item, mark) for item in items for name in ("needs", "without", "declared")
              for mark in item.iter_markers(name)]
    for item, mark in marked:
        if not applies(find_build(), mark.name, mark.args[0]):
            item.add_marker(pytest.mark.skip(reason=f"{mark.name} {mark.args[0]}"))
    cache_switch.leave_out(items)


class Shared:
    """The files of tests that this run has taken from those that others take from as well, each in its own world."""

    def __init__(self, directory):
        self._directory = Path(directory)
        self._mine = {}

    def takes(self, path):
        if path not in self._mine:
            self._mine[path] = self._first(self._directory / path.name)
        return self._mine[path]

    @staticmethod
    def _first(claim):
        try:
            claim.mkdir()
        except FileExistsError:
            return False
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        """True: nothing is left to do for this test."""
        return None if self.takes(item.path) else True


def applies(exim, kind, name):
    if kind == "declared":
        return exim.declares(name)
    return (name in exim.features()) == (kind == "needs")


@pytest.fixture(scope="session")
def world():
    if not inside_world():
        pytest.exit("not inside a private world: run tests/integration/run", returncode=2)
    Sender.reads_dane = "DANE" not in find_build().features()
    with World() as running:
        yield running


@pytest.fixture(autouse=True)
def servers_end_with_the_test(request):
    """Also those of a test that failed while it started them: their ports are the next test's."""
    if "world" not in request.fixturenames:
        yield
        return
    with request.getfixturevalue("world").lifetime():
        yield


@pytest.fixture(autouse=True)
def nothing_is_found():
    """In a run of scripts/sanitize, of what has ended with the test."""
    yield
    watched.expect_nothing()


@pytest.fixture(scope="session")
def foreign_cache(world):
    return cache_switch.ForeignCache(world)


def known_options(exim, driver, options):
    """Without those that this Exim does not know and that say no; with another one the test is left out. Those of
    DANE our driver has in every Exim."""
    everywhere = {"DANE"} if driver == "danesmtp" else set()
    lacking = {name: feature for name in options if (feature := exim.lacking_feature(name)) not in everywhere}
    for name, feature in lacking.items():
        if feature and options[name] != "":
            pytest.skip(f"{name}: this Exim is built without {feature}")
    return {name: value for name, value in options.items() if not lacking.get(name)}


@pytest.fixture
def sender(world, request, foreign_cache):
    """A function that makes a fresh Sender; its arguments are those of World.sender."""
    made = request.node.stash[_SENDERS] = []

    def make(**arguments):
        driver = arguments.get("driver", "danesmtp")
        options = known_options(world.exim, driver, arguments.get("options") or {})
        switched = driver == "danesmtp" and "dane_cache" not in options
        if switched and cache_switch.WAY == "off":
            options["dane_cache"] = ""
        arguments["options"] = options
        made.append(world.sender(**arguments))
        if switched and cache_switch.WAY == "foreign":
            foreign_cache.put_into(made[-1])
        return made[-1]

    yield make
    for each in made:
        world.release(each)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        for each in item.stash.get(_SENDERS, []):
            report.sections.append((f"main log of {each.home.name}", each.mainlog()))


ANCHORS = Path("/etc/ssl/certs/ca-certificates.crt")  # GnuTLS's system trust, as Debian builds it


@pytest.fixture(scope="module")
def anchors(world):
    """The lab's authority in the place of those of the system; in this world's mounts alone."""
    bundle = world.directory / "anchors.pem"
    bundle.write_bytes(world.certificates["root"].x509.public_bytes(Encoding.PEM))
    subprocess.run(["mount", "--bind", bundle, ANCHORS], check=True)
    yield bundle
    subprocess.run(["umount", ANCHORS], check=True)


@pytest.fixture
def daemon(world):
    """One that knows policies of MTA-STS, as a test says."""
    directory = world.directory / "policies"
    directory.mkdir(exist_ok=True)
    path = directory / "socket"
    path.unlink(missing_ok=True)
    made = PolicyDaemon(path)
    yield made
    made.stop()


@pytest.fixture
def mailer(world, sender, daemon):
    """Each has the policies that the daemon has then: nothing is kept from one to the next."""
    def make(options=None, **more):
        return sender(driver="danesmtp", options={
            "dane_trust_anchor_file": world.trust_anchor, "dane_mta_sts": daemon.option,
            **(options or {})}, **more)
    return make


@pytest.fixture
def collector(world):
    """Of TLS reports."""
    directory = world.directory / "collector"
    directory.mkdir(exist_ok=True)
    made = Collector(directory / "socket")
    yield made
    made.close()


_SCENARIOS = pytest.StashKey()


@pytest.fixture(scope="session")
def scenario_rows(request):
    """A list for (scenario, mode, expected, seen); printed at the end of the run."""
    return request.config.stash.setdefault(_SCENARIOS, [])


_WAYS = pytest.StashKey()


@pytest.fixture(scope="session")
def ways_rows(request):
    """A list for (configuration, what the system's resolver says, what the validated DNS says, expected,
    seen); printed at the end of the run."""
    return request.config.stash.setdefault(_WAYS, [])


_DOCTOR = pytest.StashKey()


@pytest.fixture(scope="session")
def doctor_rows(request):
    """A list for (fault, what the doctor said of it); printed at the end of the run."""
    return request.config.stash.setdefault(_DOCTOR, [])


_MISFIT = pytest.StashKey()


@pytest.fixture(scope="session")
def misfit_rows(request):
    """A list for (kind, what differs, what is said, Exim's status of -bV and of a delivery); printed at the end
    of the run."""
    return request.config.stash.setdefault(_MISFIT, [])


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(_SCENARIOS, [])
    if rows:
        terminalreporter.section("scenarios: expected and seen")
    for name, mode, expected, seen in rows:
        terminalreporter.write_line(f"{name:24} {mode:22} {expected:45.45} {seen:.100}")
    rows = config.stash.get(_WAYS, [])
    if rows:
        terminalreporter.section("ways around DANE: configuration | system's resolver | validated DNS | "
                                 "expected | seen")
    for row in rows:
        terminalreporter.write_line(" | ".join(row))
    rows = config.stash.get(_DOCTOR, [])
    if rows:
        terminalreporter.section("doctor: fault | what it said")
    for row in rows:
        terminalreporter.write_line(" | ".join(row))
    rows = config.stash.get(_MISFIT, [])
    if rows:
        terminalreporter.section("a module that does not fit: kind | what differs | -bV, -M | what is said")
    for row in rows:
        terminalreporter.write_line(" | ".join(row))
