// SPDX-License-Identifier: GPL-2.0-or-later
// The buffer and the two ways, clear and TLS, below an SMTP dialogue. See the header for the
// contract.
#include "smtp/line_channel.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "core/format.h"
#include "net/socket_io.h"

namespace danesmtp {
namespace {

constexpr std::size_t kReadSize = 4096;
constexpr std::size_t kBlock = std::size_t{64} * 1024;  // four TLS records

// Reads until `into` is full.
Result<void> read_block(MessageReader& reader, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    const auto got = reader.read(into);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return fail(ErrorKind::Io, "message file: not what was measured");
    into = into.subspan(*got);
  }
  return {};
}

tl::unexpected<Error> closed() {
  return fail(ErrorKind::Disconnected, "the connection is closed");
}

}  // namespace

// Exim's connect leaves the socket open in every program that is started meanwhile (filters).
LineChannel::LineChannel(UniqueFd socket) : socket_(std::move(socket)) {
  int flags = ::fcntl(socket_.get(), F_GETFL);
  if (flags >= 0) ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
}

Result<std::string> LineChannel::read_line(Deadline deadline) {
  for (;;) {
    std::size_t end = input_.find('\n');
    std::size_t length = std::min(end, input_.size());
    if (length > 0 && input_[length - 1] == '\r') --length;
    if (length > kMaxLine) {
      close();
      return fail(ErrorKind::Protocol, format("a line of more than {} octets", kMaxLine));
    }
    if (end != std::string::npos) {
      std::string line = input_.substr(0, length);
      input_.erase(0, end + 1);
      return line;
    }
    auto filled = fill(deadline);
    if (!filled) return tl::unexpected(filled.error());
  }
}

// An error leaves the channel as it is.
Result<std::string> LineChannel::receive_block(Deadline deadline) {
  if (!open()) return closed();
  std::array<std::uint8_t, kReadSize> block;
  auto got = tls_ ? tls_->receive(block, deadline) : read_some(socket_.get(), block, deadline);
  if (!got) return tl::unexpected(got.error());
  if (*got == 0) return fail(ErrorKind::Disconnected, "the peer closed the connection");
  return std::string(as_text(ByteView(block).first(*got)));
}

Result<void> LineChannel::fill(Deadline deadline) {
  auto block = receive_block(deadline);
  if (!block) drop();
  if (!block) return tl::unexpected(block.error());
  input_ += *block;
  return {};
}

Result<std::string> LineChannel::read_available() {
  if (!input_.empty()) return std::exchange(input_, {});
  auto block = receive_block(Deadline::in(std::chrono::milliseconds(0)));
  if (!block && block.error().kind == ErrorKind::Timeout) return std::string();
  if (!block) drop();
  return block;
}

Result<void> LineChannel::write_all(ByteView bytes, Deadline deadline) {
  if (!open()) return closed();
  auto sent =
      tls_ ? tls_->send(bytes, deadline) : danesmtp::write_all(socket_.get(), bytes, deadline);
  if (!sent) drop();
  return sent;
}

Result<void> LineChannel::send_message(const MessageData& message,
                                       std::chrono::milliseconds per_block, const Around& around) {
  MessageReader reader(message);
  Bytes block(around.before.begin(), around.before.end());
  std::uint64_t left = message.size();
  do {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kBlock));
    const auto in_front = block.size();
    block.resize(in_front + size);
    auto got = read_block(reader, std::span(block).subspan(in_front));
    left -= size;
    if (got && left == 0) got = reader.at_end();
    if (!got) close();
    if (!got) return got;
    if (left == 0) block.insert(block.end(), around.after.begin(), around.after.end());
    auto sent = write_all(block, Deadline::in(per_block));
    if (!sent) return sent;
    block.clear();
  } while (left > 0);
  return {};
}

bool LineChannel::pending_input() {
  if (!input_.empty()) return true;
  // A record that waits may be a session ticket: only decrypted does it tell.
  auto block = receive_block(Deadline::in(std::chrono::milliseconds(0)));
  if (block) input_ += *block;
  return !input_.empty();
}

Result<TlsInfo> LineChannel::start_tls(const TlsSettings& settings, Deadline deadline) {
  if (!open()) return closed();
  if (tls_) return fail(ErrorKind::Internal, "TLS was already started");
  // RFC 3207 4.2, D-026: what was sent in clear must not be taken for something said under TLS.
  if (pending_input()) {
    close();
    return fail(ErrorKind::Protocol, "the peer sent octets before the TLS handshake");
  }
  auto session = GnutlsSession::create(socket_.get(), settings);
  if (!session) close();
  if (!session) return tl::unexpected(session.error());
  auto info = session->handshake(deadline);
  if (!info) drop();
  if (!info) return info;
  tls_ = std::move(*session);
  return info;
}

void LineChannel::refuse_certificate() {
  if (tls_) tls_->send_bad_certificate();
  drop();
}

UniqueFd LineChannel::release() {
  if (!open() || tls_ || pending_input()) return UniqueFd();
  int flags = ::fcntl(socket_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket_.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) return UniqueFd();
  if (::fcntl(socket_.get(), F_SETFD, 0) != 0) return UniqueFd();
  return std::move(socket_);
}

void LineChannel::close() {
  if (tls_ && open()) tls_->send_close_notify();
  drop();
}

void LineChannel::drop() {
  socket_.reset();
  input_.clear();
}

}  // namespace danesmtp
