// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/moment.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <string_view>

#include "core/bytes.h"

namespace danesmtp {
namespace {

constexpr std::size_t kUuid = 36;  // hexadecimal digits and '-'

std::int64_t seconds_of(clockid_t clock) {
  timespec time{};
  return ::clock_gettime(clock, &time) == 0 ? time.tv_sec : -1;
}

// The boot of this process does not change.
std::optional<BootId> read_boot_id() {
  const int file = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  char text[kUuid];
  const ssize_t got = ::read(file, text, sizeof(text));
  ::close(file);
  if (got != static_cast<ssize_t>(sizeof(text))) return std::nullopt;
  std::string digits(text, sizeof(text));
  std::erase(digits, '-');
  const auto octets = from_hex(digits);
  BootId id{};
  if (!octets || octets->size() != id.size()) return std::nullopt;
  std::copy(octets->begin(), octets->end(), id.begin());
  return id;
}

}  // namespace

std::optional<Moment> this_moment() {
  static const std::optional<BootId> boot = read_boot_id();
  if (!boot) return std::nullopt;
  const Moment now{*boot, seconds_of(CLOCK_REALTIME), seconds_of(CLOCK_BOOTTIME)};
  return now.calendar > 0 && now.running >= 0 ? std::optional(now) : std::nullopt;
}

std::int64_t seconds_left(const Moment& then, std::int64_t seconds, const Moment& now) {
  if (seconds < 0 || seconds > kLongestKept.count() || then.calendar < 0 || then.running < 0)
    return 0;  // nobody's: damaged octets
  const std::int64_t calendar = now.calendar - then.calendar;
  const std::int64_t running = now.running - then.running;
  if (then.boot != now.boot || calendar < 0 || running < 0) return 0;
  return std::max<std::int64_t>(seconds - std::max(calendar, running), 0);
}

}  // namespace danesmtp
