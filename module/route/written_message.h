// SPDX-License-Identifier: GPL-2.0-or-later
// The message of a batch, made ready before anything is said of it, so that a failing expansion,
// filter or signature never breaks a connection in mid-message. A large one whose body nothing
// changes is not copied: its headers are written, the body is measured (RFC 3030 2) and sent from
// the spool.
#pragma once

#include "net/unique_fd.h"
#include "route/attempt_context.h"
#include "server/failure.h"
#include "smtp/message_data.h"

namespace danesmtp {

struct WrittenMessage {
  UniqueFd file;
  MessageData data;  // of that file
};

[[nodiscard]] tl::expected<WrittenMessage, WriteFailure> write_message(
    const AttemptContext& attempt, MessageForm form);

}  // namespace danesmtp
