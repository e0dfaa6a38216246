// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/cache_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/format.h"
#include "net/file_lock.h"

namespace danesmtp {
namespace {

constexpr std::string_view kName = "danesmtp cache ";
constexpr std::string_view kHead = "danesmtp cache 1\n";  // the number is that of the form

tl::unexpected<Error> trouble(const std::string& path) {
  return fail_for_operator(ErrorKind::Io, format("{}: {}", path, std::strerror(errno)));
}

tl::unexpected<Error> not_ours(const std::string& path, std::string_view why) {
  return fail_for_operator(ErrorKind::BadInput, format("{}: {}", path, why));
}

// Beyond the limit on file sizes a write ends the process by SIGXFSZ (setrlimit(2)).
bool is_within_limit(std::uint64_t end) {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && end <= limit.rlim_cur;
}

UniqueFd open_file(const std::string& path, int flags) {
  return UniqueFd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
}

// Exim makes its hints directory when it first needs one.
UniqueFd make_file(const std::string& path) {
  auto file = open_file(path, O_RDWR | O_CREAT);
  if (file || errno != ENOENT) return file;
  const auto directory = path.substr(0, path.rfind('/'));
  if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST) return file;
  return open_file(path, O_RDWR | O_CREAT);
}

}  // namespace

// A transport's group may have many users in it, and TLS sessions are not for them.
Result<void> CacheFile::hide(const std::string& path) const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return trouble(path);
  if ((status.st_mode & S_IRGRP) == 0) return {};
  return ::fchmod(file_.get(), 0600) == 0 ? Result<void>{} : trouble(path);
}

Result<void> CacheFile::check(const std::string& path, bool any_owner) const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return trouble(path);
  if (!S_ISREG(status.st_mode)) return not_ours(path, "not a plain file");
  if (!any_owner && status.st_uid != ::geteuid())
    return not_ours(path, "owned by another user than that of this delivery");
  if (status.st_nlink > 1) return not_ours(path, "it has another name as well");
  if ((status.st_mode & (S_IWGRP | S_IRWXO)) != 0)
    return not_ours(path, "others than its owner may write it, or anybody read it");
  return {};
}

// False: it is of another version of ours.
Result<bool> CacheFile::begin() const {
  const Bytes head = read(0, kHead.size());
  auto text = as_text(head);
  if (text == kHead) return true;
  // Cut short while it was in use, there is a hole behind what is left.
  text = text.substr(0, text.find_last_not_of('\0') + 1);
  if (kHead.starts_with(text)) {
    if (!write(0, as_bytes(kHead)))
      return fail_for_operator(ErrorKind::Io, format("cannot write: {}", std::strerror(errno)));
    return true;
  }
  if (text.starts_with(kName)) return false;
  return fail_for_operator(ErrorKind::BadInput, "not a cache of danesmtp");
}

Result<CacheFile> CacheFile::open(const std::string& path) {
  for (int tries = 0; tries < 2; ++tries) {
    CacheFile cache(make_file(path));
    if (!cache.file_) return trouble(path);
    if (auto checked = cache.check(path, false); !checked) return tl::unexpected(checked.error());
    if (auto hidden = cache.hide(path); !hidden) return tl::unexpected(hidden.error());
    const auto begun = cache.begin();
    if (!begun) return tl::unexpected(retold(begun.error(), path + ": " + begun.error().text));
    if (*begun) return cache;
    ::unlink(path.c_str());
  }
  return not_ours(path, "another version of danesmtp uses it");
}

Result<CacheFile> CacheFile::open_existing(const std::string& path) {
  CacheFile cache(open_file(path, O_RDWR));
  if (!cache.file_) return trouble(path);
  if (auto checked = cache.check(path, true); !checked) return tl::unexpected(checked.error());
  if (as_text(cache.read(0, kHead.size())) != kHead)
    return not_ours(path, "not a cache of this version of danesmtp");
  return cache;
}

Bytes CacheFile::read(std::uint64_t offset, std::size_t size) const {
  Bytes octets(size);
  const ssize_t got = ::pread(file_.get(), octets.data(), size, static_cast<off_t>(offset));
  octets.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return octets;
}

bool CacheFile::write(std::uint64_t offset, ByteView octets) const {
  if (!is_within_limit(offset + octets.size())) {
    errno = EFBIG;
    return false;
  }
  return ::pwrite(file_.get(), octets.data(), octets.size(), static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(octets.size());
}

void CacheFile::alone_with(std::uint64_t offset, std::size_t size,
                           const std::function<void()>& work) const {
  if (!lock_octets(file_.get(), offset, size)) return;
  work();
  unlock_octets(file_.get(), offset, size);
}

}  // namespace danesmtp
