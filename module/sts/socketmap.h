// SPDX-License-Identifier: GPL-2.0-or-later
// One question to a socketmap server, as Sendmail and Postfix ask it, on a connection of its own.
// Bounded in time and size, whatever the server does. What the answer says is not known here.
#pragma once

#include <string>
#include <string_view>

#include "core/deadline.h"
#include "core/result.h"
#include "sts/socketmap_option.h"

namespace danesmtp {

// "unix:/run/policies", "inet:127.0.0.1:8461"
std::string to_text(const danesmtp_socketmap& map);

// The answer's text: "OK data", "NOTFOUND ", ... Timeout, Disconnected, Io, Protocol.
[[nodiscard]] Result<std::string> ask_socketmap(const danesmtp_socketmap& map, std::string_view key,
                                                Deadline deadline);

}  // namespace danesmtp
