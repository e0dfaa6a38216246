// SPDX-License-Identifier: GPL-2.0-or-later
// Exim's spooled message as the Message. Conversions only; no decision.
#pragma once

#include "bridge/exim_link.h"
#include "server/message.h"

namespace danesmtp {

class MessageBridge : public virtual Message {
 public:
  explicit MessageBridge(const EximLink& exim) : exim_(exim) {}

  tl::expected<void, WriteFailure> write_message(int fd, MessageForm form) override;
  std::optional<StoredBody> stored_body() override;
  tl::expected<void, WriteFailure> write_headers(int fd) override;
  Result<std::string> ascii_address(const std::string& address) override;

 private:
  tl::expected<void, WriteFailure> write(int fd, danesmtp_form form);

  EximLink exim_;
};

}  // namespace danesmtp
