// SPDX-License-Identifier: GPL-2.0-or-later
// Where the octets of a message wait until the server asks for them: in memory when small, in an
// unlinked file of the spool directory when large. Written before DATA is sent, so that a failing
// expansion, filter or signature never breaks a connection in mid-message. What they are it must
// not know.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "net/unique_fd.h"
#include "smtp/stored_body.h"

namespace danesmtp {

constexpr std::uint64_t kMessageInMemory = 8U << 20;  // octets

// open(2), for a test to have it fail.
using OpenFile = int (*)(const char* path, int flags, unsigned mode);
int open_file(const char* path, int flags, unsigned mode);

// An empty, nameless file for about `expected_size` octets. Io names the directory.
[[nodiscard]] Result<UniqueFd> make_message_file(const std::string& spool_directory,
                                                 std::uint64_t expected_size,
                                                 OpenFile open = open_file);

// The whole of the file, for sending.
[[nodiscard]] Result<FileExtent> whole_file(const UniqueFd& file);

}  // namespace danesmtp
