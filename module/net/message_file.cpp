// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/message_file.h"

#include <fcntl.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/format.h"

namespace danesmtp {
namespace {

Error io_error(const std::string& what) {
  return {ErrorKind::Io, format("{}: {}", what, std::strerror(errno))};
}

}  // namespace

Result<UniqueFd> make_message_file(const std::string& spool_directory,
                                   std::uint64_t expected_size) {
  if (expected_size < kMessageInMemory) {
    UniqueFd memory(::memfd_create("danesmtp-message", MFD_CLOEXEC));
    if (memory) return memory;
  }
  UniqueFd file(::open(spool_directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) return tl::unexpected(io_error(format("no message file in {}", spool_directory)));
  return file;
}

Result<FileExtent> whole_file(const UniqueFd& file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return tl::unexpected(io_error("message file"));
  return FileExtent{file.get(), static_cast<std::uint64_t>(facts.st_size)};
}

}  // namespace danesmtp
