// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. RFC 3339 5.6 and 5.7 (a leap second counts as the second after it).
#include "time_input.h"

#include <charconv>
#include <optional>

#include "core/format.h"

namespace danesmtp::tool {
namespace {

// Takes the parts of a date off a text; one that is missing makes all of it bad.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  // Exactly `digits` digits, no more than `most`.
  int number(std::size_t digits, int most) {
    int value = 0;
    auto word = rest_.substr(0, digits);
    auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), value);
    bool good = ec == std::errc{} && word.size() == digits && end == word.data() + digits &&
                word[0] != '-' && value <= most;
    bad_ = bad_ || !good;
    rest_.remove_prefix(word.size());
    return value;
  }

  // One character of `allowed`, or '\0'.
  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_[0]) == std::string_view::npos) {
      bad_ = true;
      return '\0';
    }
    char found = rest_[0];
    rest_.remove_prefix(1);
    return found;
  }

  void skip_fraction() {
    if (rest_.empty() || rest_[0] != '.') return;
    rest_.remove_prefix(1);
    auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    bad_ = bad_ || digits == 0;
    rest_.remove_prefix(digits);
  }

  bool good() const { return !bad_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool bad_ = false;
};

std::chrono::minutes take_offset(Scanner& scan) {
  char sign = scan.one_of("Zz+-");
  if (sign != '+' && sign != '-') return std::chrono::minutes(0);
  int hours = scan.number(2, 23);
  scan.one_of(":");
  int minutes = scan.number(2, 59);
  return std::chrono::minutes((sign == '-' ? -1 : 1) * (hours * 60 + minutes));
}

std::chrono::year_month_day take_date(Scanner& scan) {
  int year = scan.number(4, 9999);
  scan.one_of("-");
  int month = scan.number(2, 12);
  scan.one_of("-");
  int day = scan.number(2, 31);
  return std::chrono::year(year) / month / day;
}

std::chrono::seconds take_time_of_day(Scanner& scan) {
  int hour = scan.number(2, 23);
  scan.one_of(":");
  int minute = scan.number(2, 59);
  scan.one_of(":");
  int second = scan.number(2, 60);
  scan.skip_fraction();
  return std::chrono::seconds(hour * 3600 + minute * 60 + second);
}

}  // namespace

Result<WallTime> parse_rfc3339(std::string_view text) {
  Scanner scan(text);
  auto date = take_date(scan);
  scan.one_of("Tt ");
  auto time_of_day = take_time_of_day(scan);
  auto offset = take_offset(scan);
  if (!scan.good() || !date.ok())
    return fail(ErrorKind::BadInput,
                format("\"{}\" is not a time like 2026-11-22T15:30:00Z", printable(text)));
  return WallTime(std::chrono::sys_days(date)) + time_of_day - offset;
}

std::string to_rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace danesmtp::tool
