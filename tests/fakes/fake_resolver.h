// SPDX-License-Identifier: GPL-2.0-or-later
// A Resolver that answers from maps. A name is in a signed zone unless it is in `insecure`; CNAMEs
// are followed, and one insecure link makes the answer insecure (D-009). A question in `failures`
// fails, also when a chain leads to it. What is not in a map is NODATA or NXDOMAIN. Every question
// is noted in `asked`, so a test can say which questions must, and must not, have been put; those
// that are announced are noted in `expected`, with what would follow from the answers.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "dns/resolver.h"

namespace danesmtp::test {

class FakeResolver final : public Resolver {
 public:
  std::map<std::string, std::vector<MxRecord>> mx_records;
  std::map<std::string, std::vector<std::string>> a_records, aaaa_records;
  std::map<std::string, std::vector<Bytes>> tlsa_records;
  std::map<std::string, std::vector<std::string>> txt_records;
  std::map<std::string, std::string> cnames;
  std::set<std::string> insecure;         // owner names, or "TYPE name"
  std::map<std::string, Error> failures;  // "TYPE name"
  std::string asked;                      // "A mx.lab, AAAA mx.lab, ..."

  void limit(Deadline deadline) override { limits.push_back(deadline); }
  std::vector<Deadline> limits;

  std::vector<std::string> expected;  // "A mx.lab", "TLSA _25._tcp.mx.lab", ...
  void expect_addresses(const DnsName& host, const Next& next) override {
    const std::string before = asked;
    for (const auto family : {AddressFamily::Inet, AddressFamily::Inet6}) {
      expected.push_back((family == AddressFamily::Inet ? "A " : "AAAA ") + host.text());
      const auto found = addresses(host, family);
      if (!found || !next) continue;
      const Answer<Bytes> octets{found->security, std::vector<Bytes>(found->records.size()),
                                 found->canonical, found->ttl, found->nxdomain};
      if (const auto owner = next(octets)) expected.push_back("TLSA " + owner->text());
    }
    asked = before;
  }
  // The first of `expected` that was not asked; empty: none.
  std::string expected_in_vain() const {
    for (const auto& question : expected)
      if ((", " + asked + ",").find(", " + question + ",") == std::string::npos) return question;
    return {};
  }

  Result<Answer<MxRecord>> mx(const DnsName& domain) override {
    return follow("MX", domain, mx_records);
  }
  Result<Answer<std::string>> addresses(const DnsName& host, AddressFamily family) override {
    return family == AddressFamily::Inet ? follow("A", host, a_records)
                                         : follow("AAAA", host, aaaa_records);
  }
  Result<Answer<Bytes>> tlsa(const DnsName& owner) override {
    return follow("TLSA", owner, tlsa_records);
  }
  Result<Answer<std::string>> txt(const DnsName& name) override {
    return follow("TXT", name, txt_records);
  }
  Result<Answer<DnsName>> cname(const DnsName& name) override {
    note("CNAME", name);
    if (auto failure = failures.find("CNAME " + name.text()); failure != failures.end())
      return tl::unexpected(failure->second);
    auto answer = empty<DnsName>(name);
    if (auto link = cnames.find(name.text()); link != cnames.end())
      answer.records.push_back(*DnsName::from_dns_text(link->second));
    return answer;
  }

 private:
  void note(const char* type, const DnsName& name) {
    asked += std::string(asked.empty() ? "" : ", ") + type + " " + name.text();
  }

  bool exists(const std::string& name) const {
    return mx_records.count(name) + a_records.count(name) + aaaa_records.count(name) +
               tlsa_records.count(name) + cnames.count(name) !=
           0;
  }

  template <class T>
  Answer<T> empty(const DnsName& name) const {
    bool signed_zone = insecure.count(name.text()) == 0;
    return {signed_zone ? DnsSecurity::Secure : DnsSecurity::Insecure,
            {},
            name,
            300,
            !exists(name.text())};
  }

  template <class T>
  Result<Answer<T>> follow(const char* type, const DnsName& question,
                           const std::map<std::string, std::vector<T>>& records) {
    note(type, question);
    std::string name = question.text();
    bool secure = true;
    for (int links = 0; links <= 16; ++links) {
      if (auto failure = failures.find(type + (" " + name)); failure != failures.end())
        return tl::unexpected(failure->second);
      secure = secure && insecure.count(name) + insecure.count(type + (" " + name)) == 0;
      auto link = cnames.find(name);
      if (link != cnames.end()) {
        name = link->second;
        continue;
      }
      auto answer = empty<T>(*DnsName::from_dns_text(name));
      if (!secure) answer.security = DnsSecurity::Insecure;
      if (auto found = records.find(name); found != records.end()) answer.records = found->second;
      return answer;
    }
    return fail(ErrorKind::DnsFailure, "the CNAME chain is too long");
  }
};

}  // namespace danesmtp::test
