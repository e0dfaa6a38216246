# SPDX-License-Identifier: GPL-2.0-or-later
"""What the server sees of our TLS under DANE."""
import pytest


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
