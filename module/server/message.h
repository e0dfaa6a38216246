// SPDX-License-Identifier: GPL-2.0-or-later
// The message of the batch, as the mail server keeps it. The core says which form it takes
// on the wire, and must not know how its text is made (headers, filter, signature).
#pragma once

#include <optional>
#include <string>

#include "core/result.h"
#include "server/failure.h"
#include "smtp/command.h"
#include "smtp/stored_body.h"

namespace danesmtp {

class Message {
 public:
  Message() = default;
  virtual ~Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  // The message as it goes over the wire into `fd`.
  virtual tl::expected<void, WriteFailure> write_message(int fd, MessageForm form) = 0;
  // Where its body is kept, if that goes over the wire as it is there; nothing: write_message()
  // alone knows what it will be.
  virtual std::optional<StoredBody> stored_body() = 0;
  // What precedes that body: the headers and the empty line, plain.
  virtual tl::expected<void, WriteFailure> write_headers(int fd) = 0;
  // The address with A-labels in the place of what is not ASCII. BadInput: it has no such form.
  [[nodiscard]] virtual Result<std::string> ascii_address(const std::string& address) = 0;
};

}  // namespace danesmtp
