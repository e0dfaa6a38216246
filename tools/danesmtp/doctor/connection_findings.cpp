// SPDX-License-Identifier: GPL-2.0-or-later
#include "connection_findings.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "core/bytes.h"
#include "core/format.h"
#include "net/unique_fd.h"

namespace danesmtp::tool {
namespace {

constexpr const char* kLetOut =
    "let this machine out to TCP port 25 (firewall; some providers open it when asked), or send "
    "through a smarthost";

bool is_ipv6(const TriedAddress& tried) {
  return tried.address.find(':') != tried.address.npos;
}

bool was_tried(const ConnectionFacts& facts, bool ipv6) {
  return std::any_of(facts.tried.begin(), facts.tried.end(),
                     [&](const TriedAddress& tried) { return is_ipv6(tried) == ipv6; });
}

const char* mend_of_no_route(const ConnectionFacts& facts) {
  return was_tried(facts, false)
             ? "nothing, if this machine is to have no IPv6"
             : "give this machine IPv6, or send through a smarthost that has it: this host has "
               "no IPv4 address, and mail to it waits";
}

Finding judge_family(const ConnectionFacts& facts, bool ipv6) {
  const std::string subject = ipv6 ? "port 25, IPv6" : "port 25, IPv4";
  const TriedAddress* last = nullptr;
  for (const auto& tried : facts.tried) {
    if (is_ipv6(tried) != ipv6) continue;
    last = &tried;
    if (tried.connected)
      return {
          subject, Health::Ok, format("{} [{}] answers", printable(facts.host), tried.address), {}};
  }
  if (!last) return {subject, Health::Ok, "it has no such address", {}};
  const auto seen =
      format("{} [{}]: {}", printable(facts.host), last->address, printable(last->error));
  return {subject, ipv6 ? Health::Warning : Health::Failure, seen,
          ipv6 && !facts.ipv6_route ? mend_of_no_route(facts) : kLetOut};
}

Finding judge_ipv6(bool route) {
  return {"IPv6",
          Health::Ok,
          route ? "there is a route to IPv6 addresses"
                : "there is no route to IPv6 addresses: mail goes by IPv4 alone, and waits for a "
                  "host that has none",
          {}};
}

}  // namespace

bool has_ipv6_route() {
  sockaddr_in6 other{};
  other.sin6_family = AF_INET6;
  other.sin6_port = htons(25);
  ::inet_pton(AF_INET6, "2001:db8::1", &other.sin6_addr);  // RFC 3849: nobody's
  const UniqueFd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&other), sizeof(other)) == 0;
}

Findings judge_connection(const ConnectionFacts& facts) {
  Findings findings{judge_ipv6(facts.ipv6_route)};
  if (facts.host.empty())
    findings.push_back({"port 25", Health::Ok, "not tried; --connect HOST tries it", {}});
  else if (facts.tried.empty())
    findings.push_back({"port 25", Health::Failure,
                        format("{}: {}", printable(facts.host), printable(facts.trouble)),
                        "name another host with --connect"});
  for (const bool ipv6 : {false, true})
    if (was_tried(facts, ipv6)) findings.push_back(judge_family(facts, ipv6));
  return findings;
}

}  // namespace danesmtp::tool
