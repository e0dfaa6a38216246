// SPDX-License-Identifier: GPL-2.0-or-later
// One short message in both of its forms.
#pragma once

#include <unistd.h>
#include <map>
#include <string>

#include "server/message.h"

namespace danesmtp::test {

class FakeMessage : public virtual Message {
 public:
  std::string message = "Subject: x\r\n\r\nHello.\r\n.\r\n";
  std::string plain_message = "Subject: x\r\n\r\nHello.\r\n";
  std::map<std::size_t, WriteFailure> no_message;  // by 0: write_message fails so

  tl::expected<void, WriteFailure> write_message(int fd, MessageForm form) override {
    if (!no_message.empty()) return tl::unexpected(no_message.begin()->second);
    const auto& text = form == MessageForm::Dotted ? message : plain_message;
    if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return tl::unexpected(WriteFailure{});
    return {};
  }
  // The body of the spool, if one is there; its headers.
  std::optional<StoredBody> body;
  std::string headers = "Subject: x\r\n\r\n";

  std::optional<StoredBody> stored_body() override { return body; }
  tl::expected<void, WriteFailure> write_headers(int fd) override {
    if (!no_message.empty()) return tl::unexpected(no_message.begin()->second);
    if (::write(fd, headers.data(), headers.size()) != static_cast<ssize_t>(headers.size()))
      return tl::unexpected(WriteFailure{});
    return {};
  }
  Result<std::string> ascii_address(const std::string& address) override {
    if (address.find('!') != std::string::npos) return fail(ErrorKind::BadInput, "no such form");
    return "ascii-" + address;
  }
};

}  // namespace danesmtp::test
