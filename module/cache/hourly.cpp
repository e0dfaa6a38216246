// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/hourly.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "net/file_lock.h"
#include "net/unique_fd.h"

namespace danesmtp {
namespace {

constexpr std::time_t kHour = 3600;
constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

bool fresh(const UniqueFd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return true;
  const std::time_t age = ::time(nullptr) - status.st_mtime;
  return status.st_size > 0 && age >= 0 && age < kHour;
}

}  // namespace

bool first_this_hour(const std::string& stamp_file) {
  const UniqueFd file(::open(stamp_file.c_str(), kFlags | O_CREAT, 0640));
  // Nobody else may decide at the same time.
  if (!file || !lock_octets(file.get(), 0, 0) || fresh(file)) return false;
  return ::pwrite(file.get(), "\n", 1, 0) == 1 && ::futimens(file.get(), nullptr) == 0;
}

}  // namespace danesmtp
