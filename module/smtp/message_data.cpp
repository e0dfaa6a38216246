// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/message_data.h"

#include <algorithm>
#include <string_view>

namespace danesmtp {
namespace {

constexpr std::size_t kBlock = std::size_t{32} * 1024;
constexpr std::string_view kFinalDot = ".\r\n";

bool has_own_dot(const MessageData& message) {
  return message.body && message.form == MessageForm::Dotted;
}

}  // namespace

std::uint64_t MessageData::size() const {
  const auto dot = has_own_dot(*this) ? kFinalDot.size() : 0;
  return file.size + (body ? body->wire_size + dot : 0);
}

MessageReader::MessageReader(const MessageData& message)
    : message_(message),
      body_at_(message.body ? message.body->stored.begin : 0),
      wire_form_(message.body ? message.body->stored.line_ends : LineEnds::Lf, message.form),
      dot_(has_own_dot(message) ? kFinalDot : std::string_view()) {}

bool MessageReader::body_ended() const {
  return waiting_.empty() && !wire_form_.owes() &&
         (!message_.body || body_at_ == message_.body->end);
}

Result<void> MessageReader::at_end() const {
  if (file_at_ == message_.file.size && body_ended() && dot_.empty()) return {};
  return fail(ErrorKind::Io, "message file: longer than expected");
}

Result<std::size_t> MessageReader::read(std::span<std::uint8_t> into) {
  if (file_at_ < message_.file.size) return read_file(into);
  auto got = message_.body ? read_body(into) : Result<std::size_t>(0);
  if (!got || *got > 0) return got;
  return read_dot(into);
}

Result<std::size_t> MessageReader::read_file(std::span<std::uint8_t> into) {
  const auto wanted = std::min<std::uint64_t>(into.size(), message_.file.size - file_at_);
  auto got = read_at(message_.file.fd, into.first(static_cast<std::size_t>(wanted)), file_at_);
  if (!got) return got;
  if (*got == 0) return fail(ErrorKind::Io, "message file: shorter than expected");
  file_at_ += *got;
  return got;
}

Result<void> MessageReader::refill() {
  const auto& body = *message_.body;
  stored_.resize(kBlock);
  const auto wanted = std::min<std::uint64_t>(kBlock, body.end - body_at_);
  const auto got =
      read_at(body.stored.fd, std::span(stored_).first(static_cast<std::size_t>(wanted)), body_at_);
  if (!got) return tl::unexpected(got.error());
  if (*got == 0) return fail(ErrorKind::Io, "message file: shorter than expected");
  body_at_ += *got;
  waiting_ = ByteView(stored_).first(*got);
  return {};
}

Result<std::size_t> MessageReader::read_body(std::span<std::uint8_t> into) {
  std::size_t made = 0;
  for (;;) {
    const auto step = wire_form_.convert(waiting_, into.subspan(made));
    waiting_ = waiting_.subspan(step.taken);
    made += step.made;
    if (made == into.size() || body_ended()) return made;
    auto more = refill();
    if (!more) return tl::unexpected(more.error());
  }
}

std::size_t MessageReader::read_dot(std::span<std::uint8_t> into) {
  const auto size = std::min(dot_.size(), into.size());
  std::copy_n(dot_.begin(), size, into.begin());
  dot_.remove_prefix(size);
  return size;
}

}  // namespace danesmtp
