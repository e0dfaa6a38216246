// SPDX-License-Identifier: GPL-2.0-or-later
// A message as a transaction sends it, and the reading of it in blocks. Its lines end with CRLF on
// the wire. Who made it, and how it is announced, it must not know.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/result.h"
#include "smtp/stored_body.h"

namespace danesmtp {

struct MessageData {
  FileExtent file{};  // all of it in its form; with `body`: the headers and the empty line, plain
  MessageForm form = MessageForm::Dotted;
  std::optional<MeasuredBody> body{};

  std::uint64_t size() const;  // on the wire, octets, the final dot included
};

class MessageReader {
 public:
  // The message outlives the reader.
  explicit MessageReader(const MessageData& message);

  // Some octets; 0 at the end of the message. Io: it cannot be read, or is shorter than measured.
  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> into);

  // Io: there is more than was measured.
  [[nodiscard]] Result<void> at_end() const;

 private:
  [[nodiscard]] Result<std::size_t> read_file(std::span<std::uint8_t> into);
  [[nodiscard]] Result<std::size_t> read_body(std::span<std::uint8_t> into);
  [[nodiscard]] Result<void> refill();
  std::size_t read_dot(std::span<std::uint8_t> into);
  bool body_ended() const;

  const MessageData& message_;
  std::uint64_t file_at_ = 0;
  std::uint64_t body_at_ = 0;
  WireForm wire_form_;
  Bytes stored_{};          // octets of the body, read
  ByteView waiting_{};      // those that are not converted yet
  std::string_view dot_{};  // what is still to come of it
};

}  // namespace danesmtp
