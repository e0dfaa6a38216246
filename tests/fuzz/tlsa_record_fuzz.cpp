// SPDX-License-Identifier: GPL-2.0-or-later
// TLSA records from rdata and from text: what is read can be written and read again, and no record
// is both usable and refused. RFC 6698 2.1, 2.2.
#include "dane/tlsa_record.h"
#include "fuzz/fuzz_support.h"

using namespace danesmtp;
using fuzz::must;

namespace {

void check(const TlsaRecord& record) {
  const auto again = parse_tlsa_text(to_text(record));
  must(again.has_value() && *again == record);
  const auto usable = usable_records({record, record});
  must(usable.empty() != why_unusable(record).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView octets(data, size);
  if (auto record = parse_tlsa_rdata(octets)) check(*record);
  const std::string text(octets.begin(), octets.end());
  if (auto record = parse_tlsa_text(text)) must(parse_tlsa_text(to_text(*record)) == *record);
  return 0;
}
