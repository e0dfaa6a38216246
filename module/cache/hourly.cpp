// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/hourly.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "net/unique_fd.h"

namespace danesmtp {
namespace {

constexpr std::time_t kHour = 3600;
constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

// Nobody else may decide at the same time.
bool lock(const UniqueFd& file) {
  struct flock all {};
  all.l_type = F_WRLCK;
  all.l_whence = SEEK_SET;
  return ::fcntl(file.get(), F_OFD_SETLK, &all) == 0;
}

bool fresh(const UniqueFd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return true;
  const std::time_t age = ::time(nullptr) - status.st_mtime;
  return status.st_size > 0 && age >= 0 && age < kHour;
}

}  // namespace

bool first_this_hour(const std::string& stamp_file) {
  const UniqueFd file(::open(stamp_file.c_str(), kFlags | O_CREAT, 0640));
  if (!file || !lock(file) || fresh(file)) return false;
  return ::pwrite(file.get(), "\n", 1, 0) == 1 && ::futimens(file.get(), nullptr) == 0;
}

}  // namespace danesmtp
