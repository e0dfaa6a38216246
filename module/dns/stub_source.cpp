// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 1035 4.2 (transport), RFC 5452 9 (random id and port, replies matched to the question),
// RFC 7766 5 (TCP after truncation).
#include "dns/stub_source.h"

#include <netdb.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "core/format.h"
#include "net/socket_io.h"
#include "net/unique_fd.h"

namespace danesmtp {
namespace {

constexpr int kRounds = 3;  // each server is asked so often, waiting twice as long each time
constexpr std::chrono::milliseconds kFirstWait{1500};
constexpr std::size_t kMaxMessage = 65535;
constexpr int kNxdomain = 3;

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

// Waits for the reply to this query; other datagrams may be forged or late and are passed over.
Result<Bytes> ask_udp(const NameServer& server, const DnsQuestion& question, Deadline deadline) {
  auto id = random_id();
  if (!id) return tl::unexpected(id.error());
  auto fd = connect_to(server, SOCK_DGRAM, deadline);
  if (!fd) return tl::unexpected(fd.error());
  auto sent = write_some(fd->get(), make_query(*id, question), deadline);
  if (!sent) return tl::unexpected(sent.error());
  Bytes message(kMaxMessage);
  while (!deadline.passed()) {
    auto got = read_some(fd->get(), message, deadline);
    if (!got) return tl::unexpected(got.error());
    auto reply = ByteView(message).first(*got);
    if (is_reply_to(reply, *id, question)) return Bytes(reply.begin(), reply.end());
  }
  return fail(ErrorKind::Timeout, "no reply");
}

Result<Bytes> ask_tcp(const NameServer& server, const DnsQuestion& question, Deadline deadline) {
  auto id = random_id();
  if (!id) return tl::unexpected(id.error());
  auto fd = connect_to(server, SOCK_STREAM, deadline);
  if (!fd) return tl::unexpected(fd.error());
  Bytes query = make_query(*id, question);
  Bytes framed = {static_cast<std::uint8_t>(query.size() >> 8),
                  static_cast<std::uint8_t>(query.size() & 0xff)};
  framed.insert(framed.end(), query.begin(), query.end());
  if (auto sent = write_all(fd->get(), framed, deadline); !sent)
    return tl::unexpected(sent.error());
  auto length = read_exactly(fd->get(), 2, deadline);
  if (!length) return tl::unexpected(length.error());
  auto size = static_cast<std::size_t>((*length)[0] << 8 | (*length)[1]);
  auto reply = read_exactly(fd->get(), size, deadline);
  if (reply && !is_reply_to(*reply, *id, question))
    return fail(ErrorKind::DnsFailure, "malformed reply (not to our question)");
  return reply;
}

// One server, one try. An rcode other than NOERROR and NXDOMAIN is an error (D-002, D-003); what
// was truncated is fetched over TCP (D-012).
Result<DnsReply> ask_server(const NameServer& server, const DnsQuestion& question,
                            Deadline deadline) {
  auto message = ask_udp(server, question, deadline);
  if (!message) return tl::unexpected(message.error());
  auto reply = read_reply(*message, question);
  if (reply && reply->truncated) {
    message = ask_tcp(server, question, deadline);
    if (!message) return tl::unexpected(message.error());
    reply = read_reply(*message, question);
    if (reply && reply->truncated) return fail(ErrorKind::DnsFailure, "truncated over TCP");
  }
  if (reply && reply->rcode != 0 && reply->rcode != kNxdomain)
    return fail(ErrorKind::DnsFailure, rcode_text(reply->rcode));
  return reply;
}

}  // namespace

Result<Answer<Bytes>> StubSource::ask(const DnsName& name, RrType type, Deadline deadline) {
  if (!setup_) setup_ = read_resolver_files(settings_);
  if (!*setup_) return tl::unexpected(setup_->error());
  DnsQuestion question{name.text(), type};
  auto reply = resolve(question, deadline);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->authentic) validation_ = Result<void>{};
  if (!validation_) validation_ = check_validation(deadline);
  if (!*validation_) return tl::unexpected(validation_->error());
  auto canonical = DnsName::parse(reply->canonical);
  if (!canonical)
    return fail(ErrorKind::DnsFailure,
                format("{}: {}", question_text(question), canonical.error().text));
  return Answer<Bytes>{reply->authentic ? DnsSecurity::Secure : DnsSecurity::Insecure,
                       std::move(reply->records), std::move(*canonical), reply->ttl,
                       reply->rcode == kNxdomain};
}

// A validating resolver says AD for the root's keys (D-164).
Result<void> StubSource::check_validation(Deadline deadline) {
  auto reply = resolve({"", RrType::Dnskey}, deadline);
  if (reply && reply->authentic && !reply->records.empty()) return {};
  std::string why = reply ? "it does not set AD for the root zone" : reply.error().text;
  return fail(ErrorKind::DnsFailure,
              format("dane_dnssec = resolver, but {} does not validate DNSSEC: {}",
                     (*setup_)->servers.front().address, why));
}

Result<DnsReply> StubSource::resolve(const DnsQuestion& question, Deadline deadline) {
  std::string why = "no answer in time";
  auto wait = kFirstWait;
  bool refused = false;  // a server that says SERVFAIL is not asked again
  for (int round = 0; round < kRounds && !refused; ++round, wait *= 2) {
    for (const auto& server : (*setup_)->servers) {
      if (deadline.passed()) break;
      auto reply = ask_server(server, question, earlier(deadline, Deadline::in(wait)));
      if (reply) return reply;
      refused = refused || reply.error().kind == ErrorKind::DnsFailure;
      why = format("{} ({})", reply.error().text, server.address);
    }
  }
  return fail(ErrorKind::DnsFailure, format("{}: {}", question_text(question), why));
}

}  // namespace danesmtp
