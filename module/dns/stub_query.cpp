// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/stub_query.h"

#include <netdb.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "net/socket_io.h"

namespace danesmtp {
namespace {

constexpr std::size_t kMaxMessage = 65535;

struct AddrinfoFree {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

Result<UniqueFd> connect_to(const NameServer& server, int socket_type, Deadline deadline) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = socket_type;
  addrinfo* list = nullptr;
  auto port = std::to_string(server.port);
  if (int code = getaddrinfo(server.address.c_str(), port.c_str(), &hints, &list))
    return fail(ErrorKind::Io, gai_strerror(code));
  std::unique_ptr<addrinfo, AddrinfoFree> holder(list);
  UniqueFd fd(::socket(list->ai_family, socket_type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail(ErrorKind::Io, std::strerror(errno));
  if (::connect(fd.get(), list->ai_addr, list->ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return fail(ErrorKind::Io, std::strerror(errno));
  if (auto ready = wait_for(fd.get(), SocketEvent::Writable, deadline); !ready)
    return tl::unexpected(ready.error());
  return fd;  // a refused connection shows at the first write
}

Result<Bytes> read_exactly(int fd, std::size_t count, Deadline deadline) {
  Bytes bytes(count);
  std::size_t have = 0;
  while (have < count) {
    auto got = read_some(fd, std::span(bytes).subspan(have), deadline);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return fail(ErrorKind::Disconnected, "the name server closed the connection");
    have += *got;
  }
  return bytes;
}

Result<std::uint16_t> random_id() {
  std::uint16_t id = 0;
  if (getrandom(&id, sizeof(id), 0) != sizeof(id)) return fail(ErrorKind::Io, "no random numbers");
  return id;
}

Result<Bytes> ask_tcp(const NameServer& server, const DnsQuestion& question, Deadline deadline) {
  auto id = random_id();
  if (!id) return tl::unexpected(id.error());
  auto fd = connect_to(server, SOCK_STREAM, deadline);
  if (!fd) return tl::unexpected(fd.error());
  Bytes query = make_query(*id, question);
  Bytes framed;
  append_number(framed, query.size(), 2);
  framed.insert(framed.end(), query.begin(), query.end());
  if (auto sent = write_all(fd->get(), framed, deadline); !sent)
    return tl::unexpected(sent.error());
  auto length = read_exactly(fd->get(), 2, deadline);
  if (!length) return tl::unexpected(length.error());
  auto reply = read_exactly(fd->get(), number_in(*length), deadline);
  if (reply && !is_reply_to(*reply, *id, question))
    return fail(ErrorKind::DnsFailure, "malformed reply (not to our question)");
  return reply;
}

}  // namespace

Result<UdpQuery> UdpQuery::send(const NameServer& server, const DnsQuestion& question,
                                Deadline deadline, Edns edns) {
  auto id = random_id();
  if (!id) return tl::unexpected(id.error());
  auto fd = connect_to(server, SOCK_DGRAM, deadline);
  if (!fd) return tl::unexpected(fd.error());
  auto sent = write_some(fd->get(), make_query(*id, question, edns), deadline);
  if (!sent) return tl::unexpected(sent.error());
  return UdpQuery(std::move(*fd), *id, question);
}

Result<Bytes> UdpQuery::reply(Deadline deadline) {
  Bytes message(kMaxMessage);
  do {
    auto got = read_some(fd_.get(), message, deadline);
    if (!got) return tl::unexpected(got.error());
    auto reply = ByteView(message).first(*got);
    if (is_reply_to(reply, id_, question_)) return Bytes(reply.begin(), reply.end());
  } while (!deadline.passed());
  return fail(ErrorKind::Timeout, "no reply");
}

Result<DnsReply> ask_server(const NameServer& server, const DnsQuestion& question,
                            Deadline deadline) {
  auto query = UdpQuery::send(server, question, deadline);
  if (!query) return tl::unexpected(query.error());
  auto message = query->reply(deadline);
  if (!message) return tl::unexpected(message.error());
  auto reply = read_reply(*message, question);
  if (!reply || !reply->truncated) return reply;
  // D-012: what was truncated is fetched over TCP.
  message = ask_tcp(server, question, deadline);
  if (!message) return tl::unexpected(message.error());
  reply = read_reply(*message, question);
  if (reply && reply->truncated) return fail(ErrorKind::DnsFailure, "truncated over TCP");
  return reply;
}

}  // namespace danesmtp
