// SPDX-License-Identifier: GPL-2.0-or-later
#include "map_client.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "map_question.h"
#include "sts/netstring.h"

namespace danesmtp::tool {
namespace {

bool is_for_later(ssize_t done) {
  return done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

}  // namespace

void MapClient::read() {
  std::array<char, 2048> some{};
  const ssize_t got = ::recv(fd_.get(), some.data(), some.size(), MSG_DONTWAIT);
  if (is_for_later(got)) return;
  if (got <= 0) return close();
  input_.append(some.data(), static_cast<std::size_t>(got));
}

std::optional<std::string> MapClient::question() {
  if (ended_ || !reads()) return std::nullopt;
  auto key = take_question(input_);
  if (key) return *std::move(key);
  close();
  return std::nullopt;
}

void MapClient::answer(const std::string& text) {
  waiting_.reset();
  output_ += netstring_of(text);
  write();
}

void MapClient::write() {
  const ssize_t put =
      ::send(fd_.get(), output_.data(), output_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (is_for_later(put)) return;
  if (put < 0) return close();
  output_.erase(0, static_cast<std::size_t>(put));
  idle_ = Deadline::in(kLongestIdle);
}

}  // namespace danesmtp::tool
