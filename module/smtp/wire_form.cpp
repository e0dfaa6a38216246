// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/wire_form.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace danesmtp {

WireForm::Step WireForm::convert(ByteView from, std::span<std::uint8_t> into) {
  Step step;
  if (owed_ != 0 && !into.empty()) into[step.made++] = std::exchange(owed_, 0);
  while (step.taken < from.size() && step.made < into.size()) {
    const std::uint8_t octet = from[step.taken];
    if (octet == '\n') {
      if (adds_cr_) into[step.made++] = '\r';
      put('\n', into, step);
    } else if (octet == '.' && line_begins_ && doubles_dots_) {
      into[step.made++] = '.';
      put('.', into, step);
    } else {
      put_text(from.subspan(step.taken), into, step);
    }
  }
  return step;
}

// The octet at hand, after what goes in front of it.
void WireForm::put(std::uint8_t octet, std::span<std::uint8_t> into, Step& step) {
  ++step.taken;
  line_begins_ = octet == '\n';
  if (step.made < into.size())
    into[step.made++] = octet;
  else
    owed_ = octet;
}

// What needs no change: as much of the line as there is and fits.
void WireForm::put_text(ByteView rest, std::span<std::uint8_t> into, Step& step) {
  const auto most = std::min(rest.size(), into.size() - step.made);
  const auto* end = static_cast<const std::uint8_t*>(std::memchr(rest.data(), '\n', most));
  const auto size = end ? static_cast<std::size_t>(end - rest.data()) : most;
  std::memcpy(into.data() + step.made, rest.data(), size);
  step.taken += size;
  step.made += size;
  line_begins_ = false;
}

}  // namespace danesmtp
