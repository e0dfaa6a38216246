// SPDX-License-Identifier: GPL-2.0-or-later
// The stored lines of a message as they go over the wire, piece by piece: each LF becomes CRLF
// where the lines are stored so, and leading dots are doubled for DATA (RFC 5321 4.5.2). It adds no
// final dot, and must not know where the octets come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/bytes.h"
#include "smtp/command.h"

namespace danesmtp {

enum class LineEnds { Lf, CrLf };  // of stored lines; what stands before an LF is never changed

class WireForm {
 public:
  WireForm(LineEnds stored, MessageForm form)
      : adds_cr_(stored == LineEnds::Lf), doubles_dots_(form == MessageForm::Dotted) {}

  struct Step {
    std::size_t taken = 0;  // octets of `from`
    std::size_t made = 0;   // octets in `into`
  };
  // Until `from` is used up or `into` is full; the rest of `from` comes in the next call.
  Step convert(ByteView from, std::span<std::uint8_t> into);

  // The last octet that was taken has not found room yet: a second call gives it.
  bool owes() const { return owed_ != 0; }

 private:
  void put(std::uint8_t octet, std::span<std::uint8_t> into, Step& step);
  void put_text(ByteView rest, std::span<std::uint8_t> into, Step& step);

  bool adds_cr_;
  bool doubles_dots_;
  bool line_begins_ = true;
  std::uint8_t owed_ = 0;
};

}  // namespace danesmtp
