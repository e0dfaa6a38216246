// SPDX-License-Identifier: GPL-2.0-or-later
// "No DANE" for tests that begin after it was decided: from the answers that prove it.
#pragma once

#include "dane/tlsa_policy.h"

namespace danesmtp::test {

inline NoTlsa no_tlsa(const std::string& why = "no TLSA records") {
  const Answer<Bytes> empty{DnsSecurity::Secure, {}, *DnsName::parse("mx.lab")};
  return NoTlsa(*ProvedAbsent::by(empty), why);
}

inline NoDane no_dane(const std::string& why = "test") {
  return NoDane(no_tlsa(why));
}

}  // namespace danesmtp::test
