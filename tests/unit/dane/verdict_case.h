// SPDX-License-Identifier: GPL-2.0-or-later
// One row of a table of verdicts: what is asked, made when the row runs, and what must come out.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dane/dane_verify.h"
#include "unit/x509/lab_certificates.h"

#include "unit/check_support.h"

namespace danesmtp::test {

struct Asked {
  PeerChain chain;
  std::vector<TlsaRecord> records;
  std::vector<std::string> names = {"mx.lab"};
  WallTime now = kNow;
};

struct Expected {
  int depth = -1;  // -1: refused
  DaneFailure failure = DaneFailure::NotTrusted;
};

inline Expected accepted(int depth) {
  return {depth, {}};
}
inline Expected refused(DaneFailure failure = DaneFailure::NotTrusted) {
  return {-1, failure};
}

struct VerdictCase {
  const char* name;
  Expected expected;
  std::function<Asked()> ask;
};

inline DaneVerdict verdict_on(const Asked& asked) {
  std::vector<DnsName> names;
  for (const auto& name : asked.names) names.push_back(dns_name(name));
  return verify_dane({asked.chain, asked.records, names, asked.now});
}

inline const char* failure_name(DaneFailure failure) {
  switch (failure) {
    case DaneFailure::NotTrusted:
      return "not trusted";
    case DaneFailure::HostMismatch:
      return "host mismatch";
    case DaneFailure::Expired:
      return "expired";
  }
  return "?";
}

inline void assert_verdict(const VerdictCase& row) {
  DaneVerdict verdict = verdict_on(row.ask());
  bool must_accept = row.expected.depth >= 0;
  ck_assert_msg(verdict.authenticated() == must_accept, "%s: %s %s", row.name,
                must_accept ? "refused:" : "accepted", verdict.reason.c_str());
  if (must_accept) {
    ck_assert_msg(verdict.match->depth == row.expected.depth, "%s: depth %d", row.name,
                  verdict.match->depth);
    ck_assert_msg(verdict.reason.empty() && verdict.details.empty(), "%s: reason with a match",
                  row.name);
    return;
  }
  ck_assert_msg(verdict.failure == row.expected.failure, "%s: %s (%s)", row.name,
                failure_name(verdict.failure), verdict.reason.c_str());
  ck_assert_msg(!verdict.reason.empty(), "%s: no reason", row.name);
}

}  // namespace danesmtp::test
