// SPDX-License-Identifier: GPL-2.0-or-later
#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/format.h"
#include "net/unique_fd.h"

namespace danesmtp::tool {
namespace {

constexpr std::size_t kMost = 1048576;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(ErrorKind::Io, std::strerror(errno));
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// What the child does before the program begins.
class Redirections {
 public:
  Redirections(const Pipe& out, const Pipe& errors) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, out.write.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, errors.write.get(), STDERR_FILENO);
  }
  ~Redirections() { ::posix_spawn_file_actions_destroy(&actions_); }
  Redirections(const Redirections&) = delete;
  Redirections& operator=(const Redirections&) = delete;

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

Result<pid_t> spawn(const std::vector<std::string>& argv, const Redirections& redirections) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path.data(), nullptr};
  pid_t child = 0;
  const int code = ::posix_spawn(&child, argv.front().c_str(), redirections.get(), nullptr,
                                 pointers.data(), environment);
  if (code != 0) return fail(ErrorKind::Io, std::strerror(code));
  return child;
}

// False: there is no more.
bool take(int fd, std::string& text) {
  char block[4096];
  const ssize_t got = ::read(fd, block, sizeof(block));
  if (got < 0) return errno == EINTR;
  if (text.size() < kMost) text.append(block, static_cast<std::size_t>(got));
  return got > 0;
}

// False: the deadline has passed.
bool read_both(Pipe& out, Pipe& errors, ProgramOutput& output, Deadline deadline) {
  while (out.read || errors.read) {
    std::array<pollfd, 2> ready{{{out.read.get(), POLLIN, 0}, {errors.read.get(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), deadline.left()) < 0 && errno != EINTR) return false;
    if (deadline.passed()) return false;
    if (ready[0].revents != 0 && !take(out.read.get(), output.out)) out.read.reset();
    if (ready[1].revents != 0 && !take(errors.read.get(), output.errors)) errors.read.reset();
  }
  return true;
}

int status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<ProgramOutput> run_program(const std::vector<std::string>& argv, Deadline deadline) {
  auto out = make_pipe();
  if (!out) return tl::unexpected(out.error());
  auto errors = make_pipe();
  if (!errors) return tl::unexpected(errors.error());
  const auto child = spawn(argv, Redirections(*out, *errors));
  if (!child)
    return fail(ErrorKind::Io, format("{} cannot be run: {}", argv.front(), child.error().text));
  out->write.reset();
  errors->write.reset();
  ProgramOutput output;
  const bool ended = read_both(*out, *errors, output, deadline);
  if (!ended) ::kill(*child, SIGKILL);
  output.status = status_of(*child);
  if (!ended) return fail(ErrorKind::Timeout, format("{} does not end", argv.front()));
  return output;
}

}  // namespace danesmtp::tool
