// SPDX-License-Identifier: GPL-2.0-or-later
// A connection, TLS and all, for code that can speak only through a plain socket. Lent (to Exim's
// client authenticators): a thread moves the octets meanwhile, and afterwards the connection is the
// caller's again. Given away (to the delivery of the next message): a process moves them as long as
// somebody is there. Neither looks at the octets, logs them, or touches anything but the two
// sockets; neither knows what has become of a message (doc/decisions/0006, 0007).
#pragma once

#include <chrono>
#include <functional>

#include "core/result.h"
#include "smtp/line_channel.h"

namespace danesmtp {

// Moves octets both ways until the plain side ends. `patience` bounds each write, and the time in
// which neither side says anything (Timeout). Errors: those of the channel; Protocol when the plain
// side was gone before it had read everything.
[[nodiscard]] Result<void> relay_octets(LineChannel& channel, int plain,
                                        std::chrono::milliseconds patience);

// Calls `use` with a socket that is the connection, and returns when it has. A failed connection
// shows there as the end of the stream. Protocol when the peer has said more than `use` has read.
// After an error the channel is closed. `use` must return by itself: it is not interrupted.
[[nodiscard]] Result<void> lend_channel(LineChannel& channel, const std::function<void(int)>& use);

// Gives the connection to a process of its own, which lives as long as both sides do and nobody is
// silent for longer than `patience`, and can do nothing but that (net/confinement); the socket
// returned is its plain side. The channel is closed for us, and the peer notices nothing. Io when
// there is no process; the channel is as before then.
[[nodiscard]] Result<UniqueFd> hand_to_process(LineChannel& channel,
                                               std::chrono::milliseconds patience);

}  // namespace danesmtp
