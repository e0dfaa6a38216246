// SPDX-License-Identifier: GPL-2.0-or-later
// Zones in a few words, and what a look-up of the host in them decides and asks for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fakes/fake_resolver.h"
#include "lookup/tlsa_lookup.h"
#include "unit/check_support.h"

namespace danesmtp::test {

inline const Error kBogus{ErrorKind::DnsBogus, "signature expired"};
inline const Error kServfail{ErrorKind::DnsFailure, "SERVFAIL"};
inline const Error kTimeout{ErrorKind::DnsFailure, "no answer in time"};

// 3 1 1 with the digest's 32 octets all `octet`.
inline Bytes good_tlsa(std::uint8_t octet) {
  Bytes rdata{3, 1, 1};
  rdata.insert(rdata.end(), 32, octet);
  return rdata;
}

inline std::string decision_text(const TlsaDecision& decision) {
  struct Visitor {
    std::string operator()(const NoTlsa& none) const {
      return none.why.empty() ? "NoTlsa?" : "none";
    }
    std::string operator()(const TlsaUnusable& unusable) const {
      return "unusable " + unusable.base_domain.text() + " " +
             std::to_string(unusable.reasons.size());
    }
    std::string operator()(const TlsaUsable& usable) const {
      std::string text = "usable " + usable.base_domain.text();
      for (const auto& record : usable.records) text += " " + to_hex({&record.data[0], 1});
      return text;
    }
    std::string operator()(const TlsaLookupFailed& failed) const {
      return "failed " + failed.error.text;
    }
  };
  return std::visit(Visitor{}, decision);
}

using Step = std::function<void(FakeResolver&)>;

struct Case {
  const char* name;
  std::vector<Step> zone;
  const char* decision;
  const char* asked;
};

// The host is mx.lab, port 25. What the zones are made of:
inline void addresses(FakeResolver& dns) {
  dns.a_records["mx.lab"] = {"192.0.2.1"};
}
inline void alias(FakeResolver& dns) {
  dns.cnames["mx.lab"] = "host.lab";
  dns.a_records["host.lab"] = {"192.0.2.1"};
}
inline void two_aliases(FakeResolver& dns) {
  dns.cnames["mx.lab"] = "middle.lab";
  dns.cnames["middle.lab"] = "host.lab";
  dns.a_records["host.lab"] = {"192.0.2.1"};
}
inline void insecure_alias(FakeResolver& dns) {
  alias(dns);
  dns.insecure = {"host.lab", "_25._tcp.host.lab"};
}
inline Step tlsa(const char* base, std::uint8_t octet) {
  return [=](FakeResolver& dns) {
    dns.tlsa_records[std::string("_25._tcp.") + base] = {good_tlsa(octet)};
  };
}
inline Step records(const char* owner, std::vector<Bytes> rdatas) {
  return [=](FakeResolver& dns) { dns.tlsa_records[owner] = rdatas; };
}
inline Step inet6(const char* name) {
  return [=](FakeResolver& dns) { dns.aaaa_records[name] = {"2001:db8::1"}; };
}
// A name that there is, and that has none of the records.
inline Step no_mx(const char* name) {
  return [=](FakeResolver& dns) { dns.mx_records[name] = {}; };
}
inline Step cname(const char* name, const char* target) {
  return [=](FakeResolver& dns) { dns.cnames[name] = target; };
}
inline Step insecure(const char* name) {
  return [=](FakeResolver& dns) { dns.insecure.insert(name); };
}
inline Step fails(const char* question, const Error& error) {
  return [=](FakeResolver& dns) { dns.failures.insert({question, error}); };
}

inline DnsName name(const char* text) {
  return assert_ok(DnsName::parse(text));
}

inline void assert_decides(const Case& row) {
  FakeResolver dns;
  for (const auto& step : row.zone) step(dns);
  expect_host(dns, name("mx.lab"), 25);
  ck_assert_msg(dns.asked.empty(), "%s: asked %s", row.name, dns.asked.c_str());
  auto found = look_up_host(dns, name("mx.lab"), 25);
  auto seen = decision_text(found.tlsa);
  ck_assert_msg(seen == row.decision, "%s: %s, not %s", row.name, seen.c_str(), row.decision);
  ck_assert_msg(dns.asked == row.asked, "%s: asked %s", row.name, dns.asked.c_str());
  const auto in_vain = dns.expected_in_vain();
  ck_assert_msg(in_vain.empty(), "%s: expected %s", row.name, in_vain.c_str());
}

}  // namespace danesmtp::test

#define NOWHERE                                                                         \
  "failed DANE error: mx.lab has no address in the validated DNS, though the system's " \
  "resolver says so"
#define ADDRESSES "A mx.lab, AAAA mx.lab"
#define AT_MX ", TLSA _25._tcp.mx.lab"
#define AT_HOST ", TLSA _25._tcp.host.lab"
