// SPDX-License-Identifier: GPL-2.0-or-later
// The loop that moves octets, and the thread that runs it for lend_channel(); see the header. The
// thread is joined before lend_channel() returns, so the TLS session is never used by two.
#include "smtp/relay.h"

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>

#include "core/format.h"
#include "core/signals_blocked.h"
#include "net/confinement.h"
#include "net/socket_io.h"

namespace danesmtp {
namespace {

// A borrower that says nothing is at work (a look-up of its password); it ends by itself, and this
// is only the last resort.
constexpr std::chrono::hours kBorrowersPatience{1};

constexpr const char* kUnread = "the peer sent octets that nobody asked for";

struct Readiness {
  bool plain = false;
  bool channel = false;
};

Result<Readiness> wait_for_either(int plain, int channel, Deadline deadline) {
  std::array<pollfd, 2> pollers{{{plain, POLLIN, 0}, {channel, POLLIN, 0}}};
  while (!deadline.passed()) {
    int ready = ::poll(pollers.data(), pollers.size(), deadline.left());
    if (ready > 0) return Readiness{pollers[0].revents != 0, pollers[1].revents != 0};
    if (ready < 0 && errno != EINTR)
      return fail(ErrorKind::Io, format("poll: {}", std::strerror(errno)));
  }
  return fail(ErrorKind::Timeout, "timeout while nobody said anything");
}

// The plain side goes of itself; when it cannot be written to any more, or was gone with octets in
// its socket, it had not read all that the peer said.
tl::unexpected<Error> plain_side_failure(const Error& error) {
  if (error.kind != ErrorKind::Disconnected) return tl::unexpected(error);
  return fail(ErrorKind::Protocol, kUnread);
}

Result<bool> move_up(LineChannel& channel, int plain, std::chrono::milliseconds patience) {
  std::array<std::uint8_t, 16384> block;
  auto got = read_some(plain, block, Deadline::in(patience));
  if (!got) return plain_side_failure(got.error());
  if (*got == 0) return false;
  auto sent = channel.write_all(ByteView(block).first(*got), Deadline::in(patience));
  if (!sent) return tl::unexpected(sent.error());
  return true;
}

// What Exim has open (the message, its journal, its result pipe) must not stay open for as long as
// the relay lives; nor the terminal of whoever runs Exim.
void keep_only(int one, int other) {
  const auto low = static_cast<unsigned>(std::min(one, other));
  const auto high = static_cast<unsigned>(std::max(one, other));
  if (low > 0) ::close_range(0, low - 1, 0);
  if (high > low + 1) ::close_range(low + 1, high - 1, 0);
  ::close_range(high + 1, ~0U, 0);
  for (int fd = ::open("/dev/null", O_RDWR); fd >= 0 && fd < 3;) fd = ::dup(fd);
}

[[noreturn]] void be_the_relay(LineChannel& channel, int plain,
                               std::chrono::milliseconds patience) noexcept {
  keep_only(channel.descriptor(), plain);
  keep_out_of_core_files();
  static_cast<void>(confine_to_descriptors());  // a kernel without filters has none
  try {
    if (relay_octets(channel, plain, patience)) channel.close();
  } catch (...) {
    // Out of memory: both sides see the end of the connection.
  }
  ::_exit(0);
}

// The relay is nobody's child, so Exim never waits for it.
bool start_process(LineChannel& channel, int plain, std::chrono::milliseconds patience) {
  const pid_t child = ::fork();
  if (child == 0) {
    const pid_t relay = ::fork();
    if (relay == 0) be_the_relay(channel, plain, patience);
    ::_exit(relay > 0 ? 0 : 1);
  }
  if (child < 0) return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The thread of lend_channel(). One that still ran when its owner is destroyed would end the
// process: if the borrower throws, both of its sockets are shut down and it is waited for.
class RelayThread {
 public:
  RelayThread(int plain, int channel)
      : plain_(::fcntl(plain, F_DUPFD_CLOEXEC, 0)),
        channel_(::fcntl(channel, F_DUPFD_CLOEXEC, 0)) {}
  RelayThread(const RelayThread&) = delete;
  RelayThread& operator=(const RelayThread&) = delete;
  ~RelayThread() {
    if (!thread_.joinable()) return;
    ::shutdown(plain_.get(), SHUT_RDWR);
    ::shutdown(channel_.get(), SHUT_RDWR);
    thread_.join();
  }

  template <class Work>
  void start(Work work) {
    SignalsBlocked blocked;
    thread_ = std::thread(std::move(work));
  }
  void join() { thread_.join(); }

 private:
  UniqueFd plain_, channel_;
  std::thread thread_;
};

}  // namespace

Result<void> relay_octets(LineChannel& channel, int plain, std::chrono::milliseconds patience) {
  for (;;) {
    auto down = channel.read_available();
    if (!down) return tl::unexpected(down.error());
    if (!down->empty()) {
      auto written = write_all(plain, as_bytes(*down), Deadline::in(patience));
      if (!written) return plain_side_failure(written.error());
      continue;
    }
    auto ready = wait_for_either(plain, channel.descriptor(), Deadline::in(patience));
    if (!ready) return tl::unexpected(ready.error());
    if (!ready->plain) continue;
    auto more = move_up(channel, plain, patience);
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
  }
}

Result<void> lend_channel(LineChannel& channel, const std::function<void(int)>& use) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorKind::Io, format("socketpair: {}", std::strerror(errno)));
  UniqueFd ours(ends[0]), lent(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);

  // The process has one log function, the mail server's own, and that is not for threads.
  gnutls_global_set_log_level(0);
  Result<void> relayed = fail(ErrorKind::Internal, "no thread for the relay");
  RelayThread relay(ours.get(), channel.descriptor());
  try {
    relay.start([&channel, &relayed, fd = ours.get()]() noexcept {
      try {
        relayed = relay_octets(channel, fd, kBorrowersPatience);
      } catch (...) {
        // Out of memory: "no thread" says it well enough, and the connection is closed below.
      }
      ::shutdown(fd, SHUT_RDWR);
    });
  } catch (const std::exception&) {
    channel.close();
    return relayed;
  }
  use(lent.get());
  const bool unread = has_input(lent.get());
  lent.reset();
  relay.join();
  if (unread || (relayed && channel.pending_input())) relayed = fail(ErrorKind::Protocol, kUnread);
  if (!relayed) channel.close();
  return relayed;
}

Result<UniqueFd> hand_to_process(LineChannel& channel, std::chrono::milliseconds patience) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorKind::Io, format("socketpair: {}", std::strerror(errno)));
  UniqueFd theirs(ends[0]), ours(ends[1]);
  ::fcntl(theirs.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(ours.get(), F_SETFD, 0);  // it outlives an exec: the next delivery may be a new Exim
  if (!start_process(channel, theirs.get(), patience))
    return fail(ErrorKind::Io, "no process for the relay");
  channel.forget();
  return ours;
}

}  // namespace danesmtp
