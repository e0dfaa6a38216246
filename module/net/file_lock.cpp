// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/file_lock.h"

#include <fcntl.h>
#include <unistd.h>

namespace danesmtp {
namespace {

// Of these octets, of no type yet.
struct flock lock_of(std::uint64_t offset, std::uint64_t length) {
  struct flock lock {};
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(offset);
  lock.l_len = static_cast<off_t>(length);
  return lock;
}

bool set_lock(int fd, short type, struct flock lock) {
  lock.l_type = type;
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

}  // namespace

bool lock_octets(int fd, std::uint64_t offset, std::uint64_t length) {
  return set_lock(fd, F_WRLCK, lock_of(offset, length));
}

void unlock_octets(int fd, std::uint64_t offset, std::uint64_t length) {
  set_lock(fd, F_UNLCK, lock_of(offset, length));
}

}  // namespace danesmtp
