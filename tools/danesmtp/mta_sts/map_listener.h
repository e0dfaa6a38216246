// SPDX-License-Identifier: GPL-2.0-or-later
// The socket on which a socketmap is offered: unix:PATH, which its group may use too, or
// inet:ADDRESS:PORT.
#pragma once

#include <string>

#include "core/result.h"
#include "net/unique_fd.h"
#include "sts/socketmap_option.h"

namespace danesmtp::tool {

// Does not wait. A socket's file that nobody listens at any more is replaced. `group`, by name, is
// to have it; empty: as the process has. BadInput, Io.
[[nodiscard]] Result<UniqueFd> listen_at(const danesmtp_socketmap& place, const std::string& group);

// The socket's file, if it is one.
void end_listening(const danesmtp_socketmap& place);

}  // namespace danesmtp::tool
