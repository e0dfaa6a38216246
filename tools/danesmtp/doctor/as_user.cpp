// SPDX-License-Identifier: GPL-2.0-or-later
#include "as_user.h"

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace danesmtp::tool {
namespace {

bool become(const DeliveryUser& user) {
  return ::setgroups(0, nullptr) == 0 && ::setgid(user.gid) == 0 && ::setuid(user.uid) == 0;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What access(2) says in a process that has become the user; for root it would allow all.
std::string refused_to(const DeliveryUser& user, const std::string& path, int mode) {
  const pid_t child = ::fork();
  if (child < 0) return std::strerror(errno);
  if (child == 0) {
    if (!become(user)) ::_exit(errno);
    ::_exit(::access(path.c_str(), mode) != 0 ? errno : 0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return WIFEXITED(status) ? std::strerror(WEXITSTATUS(status)) : "it cannot be tried";
}

}  // namespace

std::optional<DeliveryUser> find_user(const std::string& name_or_number) {
  const passwd* entry = is_number(name_or_number)
                            ? ::getpwuid(static_cast<uid_t>(std::stoul(name_or_number)))
                            : ::getpwnam(name_or_number.c_str());
  if (!entry) return std::nullopt;
  return DeliveryUser{entry->pw_name, entry->pw_uid, entry->pw_gid};
}

std::string user_name(unsigned uid) {
  const passwd* entry = ::getpwuid(uid);
  return entry ? entry->pw_name : std::to_string(uid);
}

std::string unreadable_by(const DeliveryUser& user, const std::string& path) {
  return refused_to(user, path, R_OK);
}

std::string unwritable_by(const DeliveryUser& user, const std::string& path) {
  return refused_to(user, path, W_OK);
}

}  // namespace danesmtp::tool
