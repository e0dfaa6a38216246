# SPDX-License-Identifier: GPL-2.0-or-later
"""An Exim that was built without SUPPORT_DANE: the module has the three options that its smtp driver lacks,
and mail has DANE. The build is made once (scripts/get-exim); the shim is compiled against it, the core is the
one under test. Its log can say no more than CV=yes."""
import shutil
import subprocess
from pathlib import Path

import pytest
import watched
from exim_build import put_over, find_build
from sender import Sender

TOP = Path(__file__).resolve().parents[2]
TREE = TOP / "build/exim/no-dane/tree"
SHIM = TOP / "build/no-dane"
pytestmark = pytest.mark.skipif(watched.BY_SANITIZERS, reason="this Exim has not their runtimes")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def without_dane(world, tmp_path_factory):
    """That Exim, with the module in its module directory."""
    run("scripts/get-exim", "no-dane")
    run("cmake", "-S", ".", "-B", str(SHIM), f"-DEXIM_BUILD_DIR={TREE}", "-DDANESMTP_TESTS=OFF")
    run("cmake", "--build", str(SHIM), "--target", "danesmtp_transport")
    build = find_build(TREE)
    modules = Path("/run/no-dane")
    (modules / "danesmtp").mkdir(parents=True)
    shutil.copy(SHIM / "exim-modules/danesmtp_transport.so", modules)
    for name in ("core.so", "unbound.so"):
        shutil.copy(Path(world.exim.module_dir) / "danesmtp" / name, modules / "danesmtp")
    put_over(modules, build.module_dir)
    build.trust(Path("/run/no-dane-trusted"), [Path(f"/run/no-dane-{n}.conf") for n in range(8)])
    return build


CASES = (
    # domain, options, expected in the log line of the delivery; None: not delivered
    ("ee.lab", {}, " CV=yes "),
    ("impostor.lab", {}, None),
    ("signed-no-tlsa.lab", {}, " CV=no "),
    ("signed-no-tlsa.lab", {"hosts_require_dane": "*"}, None),
    ("ee.lab", {"hosts_require_dane": "*"}, " CV=yes "),
    ("impostor.lab", {"hosts_try_dane": ""}, " CV=no "),
    ("ee.lab", {"dane_require_tls_ciphers": "NORMAL:-VERS-ALL:+VERS-TLS1.2"}, " X=TLS1.2:"),
)


@pytest.mark.parametrize("number,domain,options,expected", [(n, *case) for n, case in enumerate(CASES)])
def test_mail_has_dane(world, without_dane, ways_rows, tmp_path, number, domain, options, expected):
    home = world.directory / f"no-dane-{number}"
    mail = Sender(without_dane, Path(f"/run/no-dane-{number}.conf"), home, driver="danesmtp",
                  options={"dane_trust_anchor_file": world.trust_anchor, **options})
    mail.reads_dane = False
    message_id = mail.send(f"bob@{domain}")
    line = next((line for line in mail.log_lines(message_id) if " => " in line), "")
    received = world.receivers.mail(message_id)
    ways_rows.append((f"Exim without DANE, {domain}: {options or 'default'}", "the truth", domain,
                      str(expected).strip(), "delivered" if received else "waits"))
    if expected is None:
        assert not line and not received, mail.mainlog()
    else:
        assert expected in line, mail.mainlog()
