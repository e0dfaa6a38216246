// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/stub_source.h"

#include <algorithm>

#include "core/format.h"
#include "dns/server_order.h"
#include "dns/stub_query.h"

namespace danesmtp {
namespace {

constexpr int kRounds = 3;  // each server is asked so often, waiting twice as long each time
constexpr std::chrono::milliseconds kFirstWait{1500};
constexpr int kServfail = 2;
constexpr int kNxdomain = 3;

}  // namespace

Result<Answer<Bytes>> StubSource::ask(const DnsName& name, RrType type, Deadline deadline) {
  if (!ready_) ready_ = open(deadline);
  if (!*ready_) return tl::unexpected(ready_->error());
  DnsQuestion question{name.text(), type};
  auto reply = resolve(question, deadline);
  if (!reply) return tl::unexpected(reply.error());
  auto canonical = DnsName::from_dns_text(reply->canonical);
  if (!canonical)
    return fail(ErrorKind::DnsFailure,
                format("{}: {}", question_text(question), canonical.error().text));
  return Answer<Bytes>{reply->authentic ? DnsSecurity::Secure : DnsSecurity::Insecure,
                       std::move(reply->records), std::move(*canonical), reply->ttl,
                       reply->rcode == kNxdomain};
}

Result<void> StubSource::open(Deadline deadline) {
  auto setup = read_resolver_files(settings_, around_.files);
  if (!setup) return tl::unexpected(setup.error());
  ResolverMemory memory(around_.memory_file, list_text(setup->servers));
  for (auto& server : order_servers(std::move(setup->servers), memory, deadline).servers)
    servers_.push_back({std::move(server), {}, false});
  return {};
}

// A validating resolver says AD for the root's keys (D-164).
Result<void> StubSource::check_validation(Server& server, Deadline deadline) {
  if (server.validates) return *server.validates;
  auto reply = ask_server(server.at, {"", RrType::Dnskey}, deadline);
  if (reply && reply->rcode == 0 && reply->authentic && !reply->records.empty())
    return *(server.validates = Result<void>());
  std::string why = "it does not set AD for the root zone";
  if (!reply)
    why = reply.error().text;
  else if (reply->rcode != 0)
    why = rcode_text(reply->rcode);
  const auto kind = reply ? ErrorKind::DnsFailure : reply.error().kind;
  auto error =
      fail_for_operator(kind, format("dane_dnssec = resolver, but {} does not validate DNSSEC: {}",
                                     server.at.address, why));
  if (kind == ErrorKind::DnsFailure) server.validates = error;  // no reply says nothing of it
  return error;
}

// An rcode other than NOERROR and NXDOMAIN is an error (D-002, D-003); SERVFAIL of a server that
// validates is its word for bogus (RFC 4035 5.5).
Result<DnsReply> StubSource::ask(Server& server, const DnsQuestion& question,
                                 std::chrono::milliseconds wait, Deadline deadline) {
  const auto failed = [&](ErrorKind kind, const std::string& why) {
    return fail_for_operator(
        kind, format("{}: {} ({})", question_text(question), why, server.at.address));
  };
  auto reply = ask_server(server.at, question, earlier(deadline, Deadline::in(wait)));
  server.silent = !reply && reply.error().kind != ErrorKind::DnsFailure;
  if (!reply) return failed(reply.error().kind, reply.error().text);
  const bool answers = reply->rcode == 0 || reply->rcode == kNxdomain;
  if (answers && reply->authentic) return reply;
  auto validates = check_validation(server, earlier(deadline, Deadline::in(wait)));
  if (reply->rcode == kServfail && validates)
    return failed(ErrorKind::DnsBogus, rcode_text(reply->rcode));
  if (!answers) return failed(ErrorKind::DnsFailure, rcode_text(reply->rcode));
  if (!validates) return tl::unexpected(validates.error());
  return reply;
}

Result<DnsReply> StubSource::resolve(const DnsQuestion& question, Deadline deadline) {
  Error last{ErrorKind::DnsFailure, format("{}: no answer in time", question_text(question))};
  auto wait = kFirstWait;
  bool replied = false;  // with an error: no server is asked again
  for (int round = 0; round < kRounds && !replied; ++round, wait *= 2) {
    // In the order of the list (resolv.conf(5)), those that were silent last.
    std::stable_partition(servers_.begin(), servers_.end(), [](auto& s) { return !s.silent; });
    for (auto& server : servers_) {
      if (deadline.passed()) break;
      auto reply = ask(server, question, wait, deadline);
      if (reply) return reply;
      last = reply.error();
      if (last.kind == ErrorKind::DnsBogus) return fail(ErrorKind::DnsFailure, last.text);
      replied = replied || last.kind == ErrorKind::DnsFailure;
    }
  }
  // That nobody was reached says nothing of the name.
  if (last.kind != ErrorKind::DnsFailure)
    return fail_for_operator(ErrorKind::DnsFailure, last.text);
  return fail(ErrorKind::DnsFailure, last.text);
}

}  // namespace danesmtp
