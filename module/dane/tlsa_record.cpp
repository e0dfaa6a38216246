// SPDX-License-Identifier: GPL-2.0-or-later
// TLSA parsing and usability: RFC 6698 2.1 (fields), 4.1 (unusable records), RFC 7671 9 (digest
// agility), RFC 7672 3.1.3 (usages 0 and 1 in SMTP). Whether a record matches is decided in
// tlsa_match, not here.
#include "dane/tlsa_record.h"

#include <algorithm>
#include <charconv>

#include "core/format.h"
#include "core/words.h"
#include "x509/key_limits.h"
#include "x509/x509_der.h"

namespace danesmtp {
namespace {

constexpr std::size_t kFieldOctets = 3;  // usage, selector, matching type
constexpr std::string_view kBlanks = " \t\r\n";

Result<std::uint8_t> take_field(std::string_view& text, std::string_view what) {
  const auto word = take_word(text, kBlanks);
  std::uint8_t value = 0;
  auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || ec != std::errc{} || end != word.data() + word.size())
    return fail(ErrorKind::BadInput,
                format("the TLSA {} \"{}\" is not a number from 0 to 255", what, printable(word)));
  return value;
}

// Full data must decode (D-074). A key for usage 3 is only ever compared, so an algorithm that
// GnuTLS does not know is no obstacle; a trust anchor has to check signatures. A key that is too
// large to be used (x509/key_limits) decodes: it matches nobody, and does not make TLS without
// authentication good enough.
bool full_data_decodes(const TlsaRecord& record) {
  ByteView key = record.data;
  auto fields = certificate_fields(record.data);
  if (record.selector == TlsaSelector::Certificate) {
    if (!fields) return false;
    key = fields->public_key_info;
  }
  return is_public_key_info(key) &&
         (record.usage != TlsaUsage::DaneTa || import_public_key(key).has_value());
}

// RFC 6698 4.1: an unknown matching type (D-073), or data that is not what the type says (D-074).
std::string why_data_unusable(const TlsaRecord& record) {
  auto size = record.data.size();
  switch (record.matching) {
    case TlsaMatching::Full:
      if (full_data_decodes(record)) return {};
      return record.selector == TlsaSelector::Certificate ? "the data is not a certificate"
                                                          : "the data is not a usable public key";
    case TlsaMatching::Sha256:
      return size == 32 ? "" : format("a SHA2-256 digest has 32 octets, not {}", size);
    case TlsaMatching::Sha512:
      return size == 64 ? "" : format("a SHA2-512 digest has 64 octets, not {}", size);
  }
  return format("unknown matching type {}", static_cast<int>(record.matching));
}

// RFC 7671 9, D-078: whether another record makes this one's digest too weak to be considered. Full
// data has no part in it (D-079).
bool outdone(const TlsaRecord& record, const std::vector<TlsaRecord>& usable) {
  if (record.matching != TlsaMatching::Sha256) return false;
  return std::any_of(usable.begin(), usable.end(), [&](const TlsaRecord& other) {
    return other.matching == TlsaMatching::Sha512 && other.usage == record.usage &&
           other.selector == record.selector;
  });
}

}  // namespace

Result<TlsaRecord> parse_tlsa_rdata(ByteView rdata) {
  // RFC 6698 2.1: three fields and the association data, which cannot be empty (D-066).
  if (rdata.size() <= kFieldOctets)
    return fail(ErrorKind::BadInput, format("TLSA rdata of {} octets", rdata.size()));
  return TlsaRecord{static_cast<TlsaUsage>(rdata[0]), static_cast<TlsaSelector>(rdata[1]),
                    static_cast<TlsaMatching>(rdata[2]), Bytes(rdata.begin() + 3, rdata.end())};
}

Result<TlsaRecord> parse_tlsa_text(std::string_view text) {
  auto usage = take_field(text, "usage");
  if (!usage) return tl::unexpected(usage.error());
  auto selector = take_field(text, "selector");
  if (!selector) return tl::unexpected(selector.error());
  auto matching = take_field(text, "matching type");
  if (!matching) return tl::unexpected(matching.error());
  std::string digits;
  for (auto word = take_word(text, kBlanks); !word.empty(); word = take_word(text, kBlanks))
    digits += word;
  auto data = from_hex(digits);
  if (!data) return fail(ErrorKind::BadInput, "the TLSA data is " + data.error().text);
  if (data->empty()) return fail(ErrorKind::BadInput, "the TLSA data is missing");
  return TlsaRecord{static_cast<TlsaUsage>(*usage), static_cast<TlsaSelector>(*selector),
                    static_cast<TlsaMatching>(*matching), std::move(*data)};
}

std::string to_text(const TlsaRecord& record) {
  return format("{} {} {} {}", static_cast<int>(record.usage), static_cast<int>(record.selector),
                static_cast<int>(record.matching), to_hex(record.data));
}

std::string why_unusable(const TlsaRecord& record) {
  switch (record.usage) {
    case TlsaUsage::PkixTa:
    case TlsaUsage::PkixEe:
      // RFC 7672 3.1.3: not for SMTP; left undefined there, treated as unusable here (D-070).
      return format("usage {} is not for SMTP", static_cast<int>(record.usage));
    case TlsaUsage::DaneTa:
    case TlsaUsage::DaneEe:
      break;
    default:
      // RFC 6698 4.1, D-071
      return format("unknown usage {}", static_cast<int>(record.usage));
  }
  // RFC 6698 4.1, D-072
  if (record.selector != TlsaSelector::Certificate && record.selector != TlsaSelector::PublicKey)
    return format("unknown selector {}", static_cast<int>(record.selector));
  return why_data_unusable(record);
}

UsableTlsa usable_records(const std::vector<TlsaRecord>& records) {
  std::vector<TlsaRecord> usable;
  for (const auto& record : records)
    // RFC 7672 2.2, D-076: beside usable records the others count for nothing.
    if (why_unusable(record).empty()) usable.push_back(record);
  std::vector<TlsaRecord> strongest;
  for (const auto& record : usable)
    if (!outdone(record, usable)) strongest.push_back(record);
  return UsableTlsa(std::move(strongest));
}

}  // namespace danesmtp
