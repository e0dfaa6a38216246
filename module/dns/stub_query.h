// SPDX-License-Identifier: GPL-2.0-or-later
// One question to one name server, as a stub resolver asks it: RFC 1035 4.2 (transport), RFC 5452 9
// (random id and port, replies matched to the question), RFC 7766 5 (TCP after truncation). Decides
// whether a reply is to this question; whether it is true is dns/stub_source's matter.
#pragma once

#include "core/deadline.h"
#include "dns/dns_message.h"
#include "dns/resolver_config.h"
#include "net/unique_fd.h"

namespace danesmtp {

// A query that was sent over UDP. Replies to other ones may be forged or late and are passed over.
class UdpQuery {
 public:
  [[nodiscard]] static Result<UdpQuery> send(const NameServer& server, const DnsQuestion& question,
                                             Deadline deadline, Edns edns = Edns::Sent);

  int fd() const { return fd_.get(); }

  // Waits for the reply. Io: the server is not there (an ICMP error).
  [[nodiscard]] Result<Bytes> reply(Deadline deadline);

 private:
  UdpQuery(UniqueFd fd, std::uint16_t id, const DnsQuestion& question)
      : fd_(std::move(fd)), id_(id), question_(question) {}

  UniqueFd fd_;
  std::uint16_t id_;
  DnsQuestion question_;
};

// One try. DnsFailure: a reply came and is malformed; Timeout, Io, Disconnected: none came. What
// was truncated is fetched over TCP (D-012).
[[nodiscard]] Result<DnsReply> ask_server(const NameServer& server, const DnsQuestion& question,
                                          Deadline deadline);

}  // namespace danesmtp
