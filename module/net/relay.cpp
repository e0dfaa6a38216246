// SPDX-License-Identifier: GPL-2.0-or-later
// The loop that moves octets, and the thread that runs it for lend_channel(); see the header. The
// thread is joined before lend_channel() returns, so the TLS session is never used by two.
#include "net/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>

#include "core/format.h"
#include "net/socket_io.h"

namespace danesmtp {
namespace {

// A borrower that says nothing is at work (a look-up of its password); it ends by itself, and this
// is only the last resort.
constexpr std::chrono::hours kBorrowersPatience{1};

// Exim's signal handlers belong to Exim's thread: a thread that starts while this lives gets none.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

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

Result<void> write_plain(int plain, ByteView octets, Deadline deadline) {
  while (!octets.empty()) {
    auto put = write_some(plain, octets, deadline);
    if (!put) return tl::unexpected(put.error());
    octets = octets.subspan(*put);
  }
  return {};
}

Result<bool> move_up(LineChannel& channel, int plain, std::chrono::milliseconds patience) {
  std::array<std::uint8_t, 16384> block;
  auto got = read_some(plain, block, Deadline::in(patience));
  if (!got) return tl::unexpected(got.error());
  if (*got == 0) return false;
  auto sent = channel.write_all(ByteView(block).first(*got), Deadline::in(patience));
  if (!sent) return tl::unexpected(sent.error());
  return true;
}

}  // namespace

Result<void> relay_octets(LineChannel& channel, int plain, std::chrono::milliseconds patience) {
  for (;;) {
    auto down = channel.read_available();
    if (!down) return tl::unexpected(down.error());
    if (!down->empty()) {
      auto written = write_plain(plain, as_bytes(*down), Deadline::in(patience));
      if (!written) return written;
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

  Result<void> relayed = fail(ErrorKind::Internal, "no thread for the relay");
  std::thread relay;
  try {
    SignalsBlocked blocked;
    relay = std::thread([&channel, &relayed, fd = ours.get()]() noexcept {
      try {
        relayed = relay_octets(channel, fd, kBorrowersPatience);
      } catch (const std::exception&) {
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
  if (unread || (relayed && channel.pending_input()))
    relayed = fail(ErrorKind::Protocol, "the peer sent octets that nobody asked for");
  if (!relayed) channel.close();
  return relayed;
}

}  // namespace danesmtp
