// SPDX-License-Identifier: GPL-2.0-or-later
// TLSA records: parsing, and which of them an SMTP client can use (RFC 6698 2.1, RFC 7672 3.1).
// Where they come from, and what a host owes to them, is not known here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace danesmtp {

enum class TlsaUsage : std::uint8_t { PkixTa = 0, PkixEe = 1, DaneTa = 2, DaneEe = 3 };
enum class TlsaSelector : std::uint8_t { Certificate = 0, PublicKey = 1 };
enum class TlsaMatching : std::uint8_t { Full = 0, Sha256 = 1, Sha512 = 2 };

// Any record, usable or not; the three fields hold what was published, also values without a name.
struct TlsaRecord {
  TlsaUsage usage{};
  TlsaSelector selector{};
  TlsaMatching matching{};
  Bytes data;

  friend bool operator==(const TlsaRecord&, const TlsaRecord&) = default;
};

// From rdata. Fewer than four octets cannot be a record (D-066): BadInput; the caller counts it as
// an unusable record, never as none.
[[nodiscard]] Result<TlsaRecord> parse_tlsa_rdata(ByteView rdata);

// From "usage selector matching hex" (white space between, and inside the hex, is accepted).
[[nodiscard]] Result<TlsaRecord> parse_tlsa_text(std::string_view text);

// "3 1 1 ab12...", the whole data in lower-case hex.
std::string to_text(const TlsaRecord& record);

// Why an SMTP client cannot use the record (D-070 to D-074), or an empty text when it can.
std::string why_unusable(const TlsaRecord& record);

// Records that an SMTP client can use, after digest agility. Nobody but usable_records() makes one.
class UsableTlsa {
 public:
  const std::vector<TlsaRecord>& records() const { return records_; }
  auto begin() const { return records_.begin(); }
  auto end() const { return records_.end(); }
  const TlsaRecord& front() const { return records_.front(); }
  bool empty() const { return records_.empty(); }
  std::size_t size() const { return records_.size(); }

 private:
  friend UsableTlsa usable_records(const std::vector<TlsaRecord>& records);
  explicit UsableTlsa(std::vector<TlsaRecord> records) : records_(std::move(records)) {}

  std::vector<TlsaRecord> records_;
};

// The usable records of a set, after digest agility (RFC 7671 9, D-078, D-079): per usage and
// selector only the strongest digest stays; full data neither suppresses nor is suppressed.
UsableTlsa usable_records(const std::vector<TlsaRecord>& records);

}  // namespace danesmtp
