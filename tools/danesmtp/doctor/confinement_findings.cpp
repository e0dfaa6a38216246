// SPDX-License-Identifier: GPL-2.0-or-later
#include "confinement_findings.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/confinement.h"

namespace danesmtp::tool {

std::string confinement_trouble() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(confine_to_descriptors() ? 0 : errno);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return std::strerror(errno);
  if (!WIFEXITED(status)) return "a process under it does not live";
  return WEXITSTATUS(status) == 0 ? "" : std::strerror(WEXITSTATUS(status));
}

Finding judge_confinement(const std::string& trouble) {
  if (trouble.empty())
    return {"confinement",
            Health::Ok,
            "a process that keeps a connection may do nothing but read and write it (seccomp)",
            {}};
  return {"confinement", Health::Warning,
          "the kernel does not take the filter of system calls (seccomp: " + trouble +
              "): a process that keeps a connection has all rights of Exim's user",
          "run a kernel with CONFIG_SECCOMP_FILTER; in a container, let it have seccomp"};
}

}  // namespace danesmtp::tool
