# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers whose certificate shows one key to a careless reader, the one that a TLSA record names, and
another, which they have, to GnuTLS: real Exim with hosts_require_dane, and the tool. Nobody may be
deceived, in TLS 1.2 and 1.3, as the server's own certificate and as a trust anchor."""
import subprocess

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import forged_certificate
from certificates import Authority, Leaf, tlsa
from tool import TOOL


@pytest.fixture(scope="module")
def forged(world):
    """By zone: what its impostor sends."""
    made = world.certificates
    leaf = made.issue(Leaf("forged-leaf", ("mx.scripted.lab",)))
    authority = made.issue(Authority("forged-root", "Lab TA"))
    below = made.issue(Leaf("forged-below", ("mx.scripted-ta.lab",), issuer="forged-root"))

    def forge(own, shown):
        return forged_certificate.forge(own.der, shown.der, own.key)

    return {
        "scripted": forged_certificate.write(
            world.directory, "two-faced", leaf.key, [forge(leaf, made["scripted"])]),
        "scripted-ta": forged_certificate.write(
            world.directory, "two-faced-ta", below.key,
            [below.x509.public_bytes(Encoding.DER), forge(authority, made["root"])]),
    }


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("zone,address", [("scripted", "192.0.2.49"), ("scripted-ta", "192.0.2.52")])
def test_impostor_is_deferred(world, sender, forged, zone, address, version):
    server = world.scripted_server(address, forged[zone],
                                   {"handshake": {"staples": [], "tls": version}})
    try:
        mail = sender(options={"hosts_require_dane": "*", "dane_trust_anchor_file": world.trust_anchor})
        message_id = mail.send(f"bob@{zone}.lab")
        log = "\n".join(mail.log_lines(message_id))
        assert mail.queue() == {message_id: [f"bob@{zone}.lab"]}, log
        assert "CV=dane" not in log
        assert server.events("tls")[0]["version"] == f"TLS{version}"  # it was the verdict that refused
        assert server.messages() == []
    finally:
        server.stop()


@pytest.mark.parametrize("zone,usage,owner", [("scripted", 3, "scripted"), ("scripted-ta", 2, "root")])
def test_the_tool_refuses_it(world, forged, zone, usage, owner):
    record = tlsa(usage, 1, 1, world.certificates[owner])
    done = subprocess.run([TOOL, "verify", "--chain", forged[zone].pem_file, "--tlsa", record, "--name",
                           f"mx.{zone}.lab"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("not authenticated"), done.stdout
