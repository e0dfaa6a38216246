// SPDX-License-Identifier: GPL-2.0-or-later
// One read or write on a non-blocking socket, bound by a deadline. Survives EINTR (Exim has signal
// handlers), never raises SIGPIPE, and knows nothing of lines or TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/bytes.h"
#include "core/deadline.h"
#include "core/result.h"

namespace danesmtp {

enum class SocketEvent { Readable, Writable };

// Waits until `fd` is ready. Timeout when the deadline passes first; Io when poll(2) fails. A
// closed or failed socket counts as ready: the next read or write says what happened to it.
[[nodiscard]] Result<void> wait_for(int fd, SocketEvent event, Deadline deadline);

// Reads what is there, at least one octet; 0 is the end of the stream. Disconnected after a reset.
[[nodiscard]] Result<std::size_t> read_some(int fd, std::span<std::uint8_t> into,
                                            Deadline deadline);

// Writes some of `bytes`, at least one octet; returns how many. Disconnected when the peer is gone.
[[nodiscard]] Result<std::size_t> write_some(int fd, ByteView bytes, Deadline deadline);

// True when an octet can be read without waiting; the end of the stream is not an octet.
bool has_input(int fd);

// All of `bytes`, in as many writes as it takes.
[[nodiscard]] Result<void> write_all(int fd, ByteView bytes, Deadline deadline);

}  // namespace danesmtp
