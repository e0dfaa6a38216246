// SPDX-License-Identifier: GPL-2.0-or-later
// Replaces a file that others read at any time: whoever opens it gets the old content or the new
// one, whole, also after a crash.
#pragma once

#include <string>

#include "core/bytes.h"
#include "core/result.h"

namespace danesmtp::tool {

// Through a new file beside it, which takes over mode and owner (0644 where there was no file) and
// is on the disk before it gets the name. A symbolic link keeps pointing to the file, if nobody but
// root and we can have put it there; else it is refused. Io, naming the file; then the old one is
// as it was.
[[nodiscard]] Result<void> replace_file(const std::string& path, ByteView content);

}  // namespace danesmtp::tool
