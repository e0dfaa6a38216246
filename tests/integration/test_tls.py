# SPDX-License-Identifier: GPL-2.0-or-later
"""What the server sees of our TLS under DANE."""
import pytest

from certificates import TA_CHAIN, Leaf

SCRIPTED = "192.0.2.49"  # 3 1 1 of the certificate `scripted`
SCRIPTED_TA = "192.0.2.52"


# tests D-100: the TLSA base domain, whatever tls_sni says and also when the MX name is an alias
@pytest.mark.parametrize("domain,sni", [
    ("ee.lab", "mx.ee.lab"),
    ("cname-target.lab", "host.cname-target.lab"),  # records at the expanded name
    ("cname-mx.lab", "mx.cname-mx.lab"),            # records at the original name
])
def test_sni_is_the_base_domain(world, sender, domain, sni):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "tls_sni": "wrong.lab"})
    message_id = mail.send(f"bob@{domain}")
    (received,) = world.receivers.mail(message_id)
    assert received.received["sni"] == sni


# What options and events see of the session: $tls_out_...; two of them an Exim without DANE does not know.
of_dane = pytest.mark.needs("DANE")
EVENT_ACL = """event:
  accept logwrite = event $event_name <$event_data> sni=$tls_out_sni usage=$tls_out_tlsa_usage dane=$tls_out_dane cipher=$tls_out_cipher
"""
SEEN = ("X-Seen: $tls_out_ver $tls_out_sni dane=$tls_out_dane usage=$tls_out_tlsa_usage "
        "bits=$tls_out_bits "
        "${certextract{subject}{$tls_out_peercert}}")


def sender_that_tells(world, sender, **options):
    return sender(driver="danesmtp", acl=EVENT_ACL, options={
        "dane_trust_anchor_file": world.trust_anchor, "headers_add": f"<; {SEEN}",
        "event_action": "${acl{event}}", **options})


@of_dane
@pytest.mark.parametrize("domain,seen", [
    ("ee.lab", "TLS1.3 mx.ee.lab dane=yes usage=8 bits=256 CN=server"),
    ("ta.lab", "TLS1.3 mx.ta.lab dane=yes usage=4 bits=256 CN=server"),
    ("mx-insecure.lab", "TLS1.3 mx.mx-secure-host.lab dane=no usage=8 bits=256 CN=server"),
    ("unusable.lab", "TLS1.3 mx.unusable.lab dane=no usage=0 bits=256 CN=server"),
])
def test_message_headers_see_the_session(world, sender, domain, seen):
    message_id = sender_that_tells(world, sender).send(f"bob@{domain}")
    (received,) = world.receivers.mail(message_id)
    assert received.header("X-Seen") == seen


@of_dane
def test_options_see_the_policy_before_the_connection(world, sender):
    priority = "${if and{{eq{$tls_out_sni}{mx.ee.lab}}{eq{$tls_out_tlsa_usage}{8}}}{NORMAL:-VERS-TLS1.3}{NONE}}"
    mail = sender_that_tells(world, sender, dane_require_tls_ciphers=priority)
    message_id = mail.send("bob@ee.lab")
    (received,) = world.receivers.mail(message_id)
    assert received.header("X-Seen").startswith("TLS1.2 mx.ee.lab dane=yes")


@of_dane
def test_a_failed_verdict_is_told_by_an_event_that_trusts_nobody(world, sender):
    mail = sender_that_tells(world, sender)
    message_id = mail.send("bob@impostor.lab")
    (line,) = [line for line in mail.log_lines(message_id) if "event dane:fail" in line]
    assert "<validation-failure> sni=mx.impostor.lab usage=8 dane=no cipher=TLS1.3:" in line


@of_dane
def test_nothing_of_one_host_stays_for_the_next(world, sender):
    mail = sender_that_tells(world, sender)
    message_id = mail.send(["bob@ee.lab", "bob@plain.lab"])
    seen = {received.envelope_to[0].split("@")[1]: received.header("X-Seen")
            for received in world.receivers.mail(message_id)}
    assert "dane=yes" in seen["ee.lab"] and "dane=no usage=0" in seen["plain.lab"]


# tests D-081: RFC 7671 5.1, and 5.2 by contrast: an issuer's certificate is judged by PKIX
# (In TLS 1.2 OpenSSL does not use such a certificate; see the unit test.)
@pytest.mark.parametrize("domain,issued,delivered", [
    ("scripted", {}, True),
    ("scripted-ta", {"issuer": "intermediate", "sends": TA_CHAIN}, False),
])
def test_key_usage_that_does_not_fit(world, sender, domain, issued, delivered):
    leaf = Leaf(f"{domain}-usage", (f"mx.{domain}.lab",), signs=False, **issued)
    certificate = world.certificates.issue(leaf, key=world.certificates["scripted"].key)
    server = world.scripted_server(SCRIPTED if delivered else SCRIPTED_TA, certificate, {})
    try:
        mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
        message_id = mail.send(f"bob@{domain}.lab")
        assert (mail.queue() == {}) == delivered, mail.mainlog()
        expected = "X=TLS1.3:" if delivered else "Key usage violation"
        assert any(expected in line for line in mail.log_lines(message_id)), mail.mainlog()
    finally:
        server.stop()


# tests D-102
@pytest.mark.parametrize("ciphers", ["NORMAL:+ANON-ECDH:+ANON-DH:+PSK:+SRP:+NULL:+SHA1",
                                     "NORMAL:-KX-ALL:+ANON-ECDH:+ANON-DH:-VERS-TLS1.3"])
@pytest.mark.parametrize("server_offers", ["aNULL", "eNULL"])
def test_no_suite_without_a_certificate_or_encryption(world, sender, ciphers, server_offers):
    server = world.scripted_server(SCRIPTED, "scripted", {"handshake": {"ciphers": server_offers}})
    try:
        mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                                  "dane_require_tls_ciphers": ciphers})
        message_id = mail.send("bob@scripted.lab")
        assert mail.queue() == {message_id: ["bob@scripted.lab"]}, mail.mainlog()
        assert "TLS session" in mail.mainlog() and not server.messages()
    finally:
        server.stop()
