// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/stored_body.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/format.h"

namespace danesmtp {
namespace {

constexpr std::size_t kBlock = std::size_t{64} * 1024;

// Counts what WireForm adds.
class Additions {
 public:
  Additions(LineEnds stored, MessageForm form)
      : adds_cr_(stored == LineEnds::Lf), doubles_dots_(form == MessageForm::Dotted) {}

  void take(ByteView block) {
    while (!block.empty()) {
      if (doubles_dots_ && line_begins_ && block.front() == '.') ++count_;
      const auto* end =
          static_cast<const std::uint8_t*>(std::memchr(block.data(), '\n', block.size()));
      line_begins_ = end != nullptr;
      if (!end) return;
      if (adds_cr_) ++count_;
      block = block.subspan(static_cast<std::size_t>(end - block.data()) + 1);
    }
  }

  std::uint64_t count() const { return count_; }
  bool line_begins() const { return line_begins_; }

 private:
  bool adds_cr_;
  bool doubles_dots_;
  bool line_begins_ = true;
  std::uint64_t count_ = 0;
};

}  // namespace

Result<std::size_t> read_at(int fd, std::span<std::uint8_t> into, std::uint64_t offset) {
  for (;;) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR)
      return fail(ErrorKind::Io, format("message file: {}", std::strerror(errno)));
  }
}

Result<MeasuredBody> measure(const StoredBody& stored, MessageForm form) {
  Additions additions(stored.line_ends, form);
  Bytes block(kBlock);
  std::uint64_t at = stored.begin;
  for (;;) {
    const auto got = read_at(stored.fd, block, at);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
    additions.take(ByteView(block).first(*got));
    at += *got;
  }
  return MeasuredBody{stored, at, at - stored.begin + additions.count(), additions.line_begins()};
}

}  // namespace danesmtp
