// SPDX-License-Identifier: GPL-2.0-or-later
// What was counted in logs, as all forms of the report show it. All names and texts in it are
// printable ASCII; they are strangers', and each form quotes them in its own way.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "wait_cause.h"

namespace danesmtp::tool {

// RFC 1035 2.3.4; of longer names the beginning counts.
inline constexpr std::size_t kLongestName = 255;

// What is counted of recipients.
enum class Count { Dane, Verified, Encrypted, Clear, Deferred, Failed, Audited };
inline constexpr std::size_t kCounts = 7;
inline constexpr std::array<Count, 4> kProtections{Count::Dane, Count::Verified, Count::Encrypted,
                                                   Count::Clear};

const char* count_word(Count count);  // "dane", "verified", ...

class Counts {
 public:
  void add(Count count) { ++values_[static_cast<std::size_t>(count)]; }
  std::uint64_t operator[](Count count) const { return values_[static_cast<std::size_t>(count)]; }
  std::uint64_t delivered() const;

 private:
  std::array<std::uint64_t, kCounts> values_{};
};

struct DayCounts {
  std::string day;
  Counts counts;
};

struct DomainCounts {
  std::string domain;
  Counts counts;
  bool signed_host = false;  // a host of it was found by DNSSEC
};

struct DomainDay {
  std::string day;
  std::string domain;
  Counts counts;
};

struct CauseCounts {
  WaitCause cause = WaitCause::Other;
  std::uint64_t deferred = 0;  // lines
  std::uint64_t waiting = 0;   // recipients, at the end
  std::string oldest;          // id of the message that waits longest; empty: none waits
  std::int64_t oldest_at = 0;  // when it came, since 1970
  std::string oldest_domain;
};

// What would have been held.
struct AuditCounts {
  std::string domain;
  std::string host;
  WaitCause cause = WaitCause::Other;
  std::uint64_t messages = 0;
  std::string last_day;
  std::string why;  // the last one
};

enum class HostState { Dane, NoDane, Refused };
const char* state_word(HostState state);  // "dane", "no-dane", "refused"

struct HostChange {
  std::string host;
  std::string day;  // of the last change
  HostState from = HostState::Dane;
  HostState to = HostState::Dane;
  std::uint64_t times = 0;
  std::string presented;  // the record of the key that was refused, or empty
};

struct LineCounts {
  std::uint64_t read = 0;
  std::uint64_t unknown = 0;   // no lines of a main log
  std::uint64_t local = 0;     // deliveries to this machine
  std::uint64_t left_out = 0;  // in all sums, but not told by name: there were too many names
};

struct MailReport {
  LineCounts lines;
  Counts all;
  std::vector<DayCounts> days;
  std::vector<DomainCounts> domains;  // most recipients first
  std::vector<DomainDay> domain_days;
  std::vector<CauseCounts> causes;     // most first
  std::vector<AuditCounts> audits;     // most first
  std::vector<HostChange> changes;     // the last first
  std::vector<DomainCounts> could_do;  // mail goes there, and never by DANE; most first
};

// "73.2": of `all`, in per cent; "-" of nothing.
std::string percent(std::uint64_t part, std::uint64_t all);

// "2026-11-28T07:56:28Z".
std::string time_text(std::int64_t since_1970);

}  // namespace danesmtp::tool
