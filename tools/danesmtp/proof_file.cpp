// SPDX-License-Identifier: GPL-2.0-or-later
// The way to the file is walked one directory at a time, each opened relative to the one before, so
// that nobody else can change what was looked at: root writes proofs where a server's user may
// write.
#include "proof_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>

#include "core/format.h"
#include "net/unique_fd.h"

namespace danesmtp::tool {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kUsualMode = 0644;
constexpr mode_t kModesTaken = 0666;
constexpr int kMostLinks = 40;

struct Place {
  UniqueFd directory;
  std::string name;
};

tl::unexpected<Error> failure(const std::string& path, const char* what) {
  return fail(ErrorKind::Io, format("{}: {}: {}", path, what, std::strerror(errno)));
}

bool is_ours(uid_t user) {
  return user == 0 || user == ::geteuid();
}

// Nobody but root and we can have put the link there.
bool link_is_trusted(int directory, const struct stat& link) {
  struct stat facts {};
  if (::fstat(directory, &facts) != 0 || !is_ours(facts.st_uid)) return false;
  const bool shared =
      (facts.st_mode & S_IWOTH) != 0 ||
      ((facts.st_mode & S_IWGRP) != 0 && facts.st_gid != 0 && facts.st_gid != ::getegid());
  return !shared || ((facts.st_mode & S_ISVTX) != 0 && is_ours(link.st_uid));
}

class Walk {
 public:
  explicit Walk(const std::string& path) : path_(path) {}

  Result<Place> to_the_file() {
    std::error_code none;
    enter(fs::absolute(path_, none));
    while (directory_ && !rest_.empty()) {
      const std::string name = rest_.front();
      rest_.pop_front();
      struct stat facts {};
      const bool exists =
          ::fstatat(directory_.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0;
      if (exists && S_ISLNK(facts.st_mode)) {
        if (auto followed = follow(name, facts); !followed) return tl::unexpected(followed.error());
      } else if (rest_.empty()) {
        return Place{std::move(directory_), name};
      } else {
        descend(name.c_str());
      }
    }
    if (directory_) return fail(ErrorKind::Io, format("{}: it names no file", path_));
    return failure(path_, "no way there");
  }

 private:
  void enter(const fs::path& path) {
    if (path.is_absolute()) directory_ = UniqueFd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::deque<std::string> parts;
    for (const auto& part : path.relative_path())
      if (!part.empty() && part != ".") parts.push_back(part.string());
    rest_.insert(rest_.begin(), parts.begin(), parts.end());
  }

  void descend(const char* name) {
    directory_ =
        UniqueFd(::openat(directory_.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }

  Result<void> follow(const std::string& name, const struct stat& facts) {
    if (!link_is_trusted(directory_.get(), facts))
      return fail(ErrorKind::Io,
                  format("{}: {} is a symbolic link that another user can change", path_, name));
    char target[PATH_MAX];
    const ssize_t length = ::readlinkat(directory_.get(), name.c_str(), target, sizeof(target));
    if (++links_ > kMostLinks) errno = ELOOP;
    if (length <= 0 || links_ > kMostLinks) return failure(path_, "no way there");
    enter(fs::path(std::string(target, static_cast<std::size_t>(length))));
    return {};
  }

  const std::string& path_;
  UniqueFd directory_;
  std::deque<std::string> rest_;
  int links_ = 0;
};

// A file beside the one to be replaced; gone with the object unless it got the name.
class NewFile {
 public:
  explicit NewFile(const Place& place) : place_(place) {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof(number), 0) != sizeof(number)) return;
    name_ = format(".{}.{:016x}", place.name, number);
    fd_ = UniqueFd(::openat(place.directory.get(), name_.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (fd_) ::unlinkat(place_.directory.get(), name_.c_str(), 0);
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

  // A mode that runs somebody else's file with another's rights is not taken over.
  bool take_over(const struct stat* old) {
    const mode_t mode = old != nullptr ? old->st_mode & kModesTaken : kUsualMode;
    if (old != nullptr && (old->st_uid != ::geteuid() || old->st_gid != ::getegid()) &&
        ::fchown(fd_.get(), old->st_uid, old->st_gid) != 0)
      return false;
    return ::fchmod(fd_.get(), mode) == 0;
  }

  bool take_its_place() {
    const int directory = place_.directory.get();
    if (::renameat(directory, name_.c_str(), directory, place_.name.c_str()) != 0) return false;
    fd_.reset();
    return true;
  }

 private:
  const Place& place_;
  std::string name_;
  UniqueFd fd_;
};

bool sync_directory(int directory) {
  UniqueFd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

Result<void> replace_file(const std::string& path, ByteView content) {
  const auto place = Walk(path).to_the_file();
  if (!place) return tl::unexpected(place.error());
  const int directory = place->directory.get();
  struct stat old {};
  const bool exists = ::fstatat(directory, place->name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0;
  if (exists && !S_ISREG(old.st_mode))
    return fail(ErrorKind::Io, format("{}: it is not a regular file", path));
  NewFile file(*place);
  if (!file.made()) return failure(path, "no new file beside it");
  if (!file.write(content)) return failure(path, "the new file cannot be written");
  if (!file.take_over(exists ? &old : nullptr))
    return failure(path, "the new file cannot have its owner and mode");
  if (!file.take_its_place()) return failure(path, "the new file cannot take its place");
  if (!sync_directory(directory)) return failure(path, "its directory cannot be synced");
  return {};
}

}  // namespace danesmtp::tool
