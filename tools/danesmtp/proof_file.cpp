// SPDX-License-Identifier: GPL-2.0-or-later
#include "proof_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/format.h"
#include "net/unique_fd.h"

namespace danesmtp::tool {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kUsualMode = 0644;

tl::unexpected<Error> failure(const std::string& path, const char* what) {
  return fail(ErrorKind::Io, format("{}: {}: {}", path, what, std::strerror(errno)));
}

// A file beside the one to be replaced; gone with the object unless it got the name.
class NewFile {
 public:
  explicit NewFile(const fs::path& target)
      : path_((target.parent_path() / ("." + target.filename().string() + ".XXXXXX")).string()),
        fd_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (fd_) ::unlink(path_.c_str());
  }

  bool made() const { return static_cast<bool>(fd_); }

  bool write(ByteView content) {
    while (!content.empty()) {
      const ssize_t put = ::write(fd_.get(), content.data(), content.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return false;
      content = content.subspan(static_cast<std::size_t>(put));
    }
    return ::fsync(fd_.get()) == 0;
  }

  bool take_over(const struct stat* old) {
    const mode_t mode = old != nullptr ? old->st_mode & 07777U : kUsualMode;
    if (old != nullptr && (old->st_uid != ::geteuid() || old->st_gid != ::getegid()) &&
        ::fchown(fd_.get(), old->st_uid, old->st_gid) != 0)
      return false;
    return ::fchmod(fd_.get(), mode) == 0;
  }

  bool rename_to(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) return false;
    fd_.reset();
    return true;
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

bool sync_directory(const fs::path& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

Result<void> replace_file(const std::string& path, ByteView content) {
  std::error_code unresolved;
  const fs::path target = fs::weakly_canonical(fs::absolute(path), unresolved);
  if (unresolved) return fail(ErrorKind::Io, format("{}: {}", path, unresolved.message()));
  struct stat old {};
  const bool exists = ::stat(target.c_str(), &old) == 0;
  if (exists && !S_ISREG(old.st_mode))
    return fail(ErrorKind::Io, format("{}: it is not a regular file", path));
  NewFile file(target);
  if (!file.made()) return failure(path, "no new file beside it");
  if (!file.write(content)) return failure(path, "the new file cannot be written");
  if (!file.take_over(exists ? &old : nullptr))
    return failure(path, "the new file cannot have its owner and mode");
  if (!file.rename_to(target)) return failure(path, "the new file cannot take its place");
  if (!sync_directory(target.parent_path())) return failure(path, "its directory cannot be synced");
  return {};
}

}  // namespace danesmtp::tool
