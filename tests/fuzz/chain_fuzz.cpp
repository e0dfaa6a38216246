// SPDX-License-Identifier: GPL-2.0-or-later
// A certificate chain with TLSA records: the verdict is made without a fault whatever the octets
// are, says why when it is a refusal, and a match is one of the records that were given. RFC 7671
// 5, RFC 7672 3.1.
// Input: octet 0, the number of certificates (modulo 6); then each as a piece; the rest, records as
// pieces of rdata. A piece is two octets of length and that many octets.
#include <algorithm>

#include "dane/dane_verify.h"
#include "fuzz/fuzz_support.h"

using namespace danesmtp;
using fuzz::must;

namespace {

constexpr std::size_t kMostRecords = 16;

std::vector<TlsaRecord> records_of(fuzz::Input& input) {
  std::vector<TlsaRecord> records;
  while (!input.empty() && records.size() < kMostRecords)
    if (auto record = parse_tlsa_rdata(input.piece())) records.push_back(*record);
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<DnsName> names = {*DnsName::parse("mx.mail.lab"),
                                             *DnsName::parse("mail.lab")};
  fuzz::Input input(ByteView(data, size));
  PeerChain chain(input.octet() % 6);
  for (auto& certificate : chain) {
    const auto der = input.piece();
    certificate.assign(der.begin(), der.end());
  }
  const auto records = records_of(input);
  const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};
  const auto verdict = verify_dane({chain, records, names, now});
  must(verdict.authenticated() == verdict.reason.empty());
  if (verdict.match) {
    must(!chain.empty());
    must(std::find(records.begin(), records.end(), verdict.match->record) != records.end());
    must(why_unusable(verdict.match->record).empty());
  }
  return 0;
}
