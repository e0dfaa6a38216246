// SPDX-License-Identifier: GPL-2.0-or-later
// When something was kept, by two clocks and the boot that one of them counts from. An age is
// believed only where both clocks agree that it is one: a clock that jumps, a machine that was
// started again or went back to an earlier state of itself makes entries useless, never younger.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace danesmtp {

using BootId = std::array<std::uint8_t, 16>;

struct Moment {
  BootId boot{};              // proc_sys_kernel(5), random/boot_id
  std::int64_t calendar = 0;  // seconds since 1970
  std::int64_t running = 0;   // seconds since the boot, those of a suspended machine included
};

// Nothing: the system does not tell its boot.
std::optional<Moment> this_moment();

// Nothing is kept for longer: what says so is damaged, and would hold its place for ever.
constexpr std::chrono::seconds kLongestKept = std::chrono::hours(2);

// What is left at `now` of the `seconds` that something was kept for at `then`; 0: nothing.
std::int64_t seconds_left(const Moment& then, std::int64_t seconds, const Moment& now);

}  // namespace danesmtp
