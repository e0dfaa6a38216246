// SPDX-License-Identifier: GPL-2.0-or-later
// Lends a connection, TLS and all, to code that can speak only through a plain socket (Exim's
// client authenticators): a thread moves the octets between the two meanwhile. Afterwards the
// connection is the caller's again, in the state in which the borrower left it. It must not look at
// the octets, log them, or touch anything but the two sockets (doc/decisions/0006).
#pragma once

#include <chrono>
#include <functional>

#include "core/result.h"
#include "net/line_channel.h"

namespace danesmtp {

// Moves octets both ways until the plain side ends. `patience` bounds each write, and the time in
// which neither side says anything (Timeout). Errors: those of the channel; Disconnected when the
// plain side was gone before it had read everything.
[[nodiscard]] Result<void> relay_octets(LineChannel& channel, int plain,
                                        std::chrono::milliseconds patience);

// Calls `use` with a socket that is the connection, and returns when it has. A failed connection
// shows there as the end of the stream. Protocol when the peer has said more than `use` has read.
// After an error the channel is closed. `use` must return by itself: it is not interrupted.
[[nodiscard]] Result<void> lend_channel(LineChannel& channel, const std::function<void(int)>& use);

}  // namespace danesmtp
