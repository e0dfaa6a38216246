// SPDX-License-Identifier: GPL-2.0-or-later
#include "smtp/message_file.h"

#include <fcntl.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/format.h"

namespace danesmtp {
namespace {

Error io_error(const std::string& what) {
  return {ErrorKind::Io, format("{}: {}", what, std::strerror(errno))};
}

// open(2) on O_TMPFILE: file systems that have no nameless files (NFS, vfat, some in FUSE), and
// kernels that do not know the flag.
bool no_nameless_files(int code) {
  return code == EOPNOTSUPP || code == EISDIR || code == EINVAL;
}

UniqueFd unlinked_file(const std::string& directory) {
  std::string path = directory + "/danesmtp-XXXXXX";
  UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  if (file && ::unlink(path.c_str()) != 0) file.reset();
  return file;
}

}  // namespace

int open_file(const char* path, int flags, unsigned mode) {
  return ::open(path, flags, mode);
}

Result<UniqueFd> make_message_file(const std::string& spool_directory, std::uint64_t expected_size,
                                   OpenFile open) {
  if (expected_size < kMessageInMemory) {
    UniqueFd memory(::memfd_create("danesmtp-message", MFD_CLOEXEC));
    if (memory) return memory;
  }
  UniqueFd file(open(spool_directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file && no_nameless_files(errno)) file = unlinked_file(spool_directory);
  if (!file) return tl::unexpected(io_error(format("no message file in {}", spool_directory)));
  return file;
}

Result<FileExtent> whole_file(const UniqueFd& file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return tl::unexpected(io_error("message file"));
  return FileExtent{file.get(), static_cast<std::uint64_t>(facts.st_size)};
}

}  // namespace danesmtp
