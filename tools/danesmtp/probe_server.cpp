// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe_server.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <tuple>

#include "core/format.h"
#include "net/socket_io.h"

namespace danesmtp::tool {
namespace {

struct AddressListFree {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListFree>;

AddressList numeric_address(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(address.c_str(), format("{}", port).c_str(), &hints, &list) != 0) return nullptr;
  return AddressList(list);
}

tl::unexpected<ConnectFailure> connect_failed(int system_errno) {
  return tl::unexpected(ConnectFailure{system_errno, false});
}

// The end of a connection attempt that could not be decided at once.
tl::expected<void, ConnectFailure> connection_made(int fd, Deadline deadline) {
  auto ready = wait_for(fd, SocketEvent::Writable, deadline);
  if (!ready) return tl::unexpected(ConnectFailure{ETIMEDOUT, true});
  int code = 0;
  socklen_t size = sizeof code;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
  if (code != 0) return connect_failed(code);
  return {};
}

}  // namespace

void ProbeServer::looked_up(const LookUp& look_up) {
  look_ups_.push_back(look_up);
  if (debugging()) debug("DANE look-up: " + to_text(look_up));
}

int ProbeServer::option_number(const NumberOption& option) {
  const std::string_view name = option.name;
  // A limit puts the rest off until a later attempt, and what is dead is remembered then: in the
  // end every host is tried. The limits' meaning for the first attempt is told as advice.
  constexpr int kEvery = 100000;
  if (name == kHostsMaxTry.name || name == kHostsMaxTryHardlimit.name) return kEvery;
  if (name == kCommandTimeout.name) return static_cast<int>(options_.timeout.count());
  return option.default_value;
}

std::string ProbeServer::option_text(const Option& option) {
  return option.default_text;
}

Result<std::string> ProbeServer::option_expanded(const TextOption& option) {
  const std::string_view name = option.name;
  if (name == kHeloData.name) return options_.helo_name;
  if (name == kProtocol.name)
    return std::string(options_.tls_start == TlsStart::FromFirstOctet ? "smtps" : "");
  return std::string(option.default_text);
}

Result<bool> ProbeServer::option_flag(const FlagOption& option) {
  return option.default_value;
}

Result<bool> ProbeServer::host_in(const HostListOption& option, HostIndex) {
  if (option.name == std::string_view(kHostsRequireDane.name))
    return options_.demand == DaneDemand::Required;
  return option.default_text == std::string_view("*");
}

std::vector<BatchHost> ProbeServer::with_addresses(const BatchHost& host) const {
  std::vector<BatchHost> entries;
  for (const RrType type : {RrType::Aaaa, RrType::A}) {  // Exim's order
    if (type == RrType::A && options_.families == Families::Inet6) continue;
    if (type == RrType::Aaaa && options_.families == Families::Inet) continue;
    for (const auto& look_up : look_ups_) {
      if (look_up.type != type || look_up.name != host.asked_name) continue;
      for (const auto& address : look_up.records) {
        entries.push_back(host);
        entries.back().name = look_up.canonical;
        entries.back().address = address;
      }
    }
  }
  if (entries.empty()) entries.push_back(host);
  return entries;
}

void ProbeServer::take_over(AddressBatch& batch) {
  std::vector<BatchHost> hosts;
  for (const auto& host : batch.hosts)
    for (auto& entry : with_addresses(host)) hosts.push_back(std::move(entry));
  // As the DNS happens to answer must not matter: what the order leaves open is sorted.
  const auto key = [](const BatchHost& host) {
    const bool inet = host.address.find(':') == std::string::npos;
    return std::tuple(host.mx.value_or(-1), inet, host.asked_name, host.address);
  };
  std::stable_sort(hosts.begin(), hosts.end(),
                   [&](const BatchHost& a, const BatchHost& b) { return key(a) < key(b); });
  batch.hosts = std::move(hosts);
  for (const auto& host : batch.hosts) addresses_.push_back(host.address);
}

tl::expected<UniqueFd, ConnectFailure> ProbeServer::connect(HostIndex host, std::uint16_t port) {
  auto address = numeric_address(addresses_[host.value()], port);
  if (!address) return connect_failed(EDESTADDRREQ);
  debug(format("Connecting to [{}]:{}", addresses_[host.value()], port));
  UniqueFd fd(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return connect_failed(errno);
  if (::connect(fd.get(), address->ai_addr, address->ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return connect_failed(errno);
  auto made = connection_made(fd.get(), Deadline::in(options_.timeout));
  if (!made) return tl::unexpected(made.error());
  return fd;
}

tl::expected<void, WriteFailure> ProbeServer::write_message(int, MessageForm) {
  return tl::unexpected(WriteFailure{WriteFailureKind::Io, 0, "there is no message"});
}

tl::expected<void, WriteFailure> ProbeServer::write_headers(int) {
  return tl::unexpected(WriteFailure{WriteFailureKind::Io, 0, "there is no message"});
}

}  // namespace danesmtp::tool
