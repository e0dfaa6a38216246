// SPDX-License-Identifier: GPL-2.0-or-later
#include "expected_delivery.h"

#include <algorithm>
#include <utility>

#include "core/format.h"
#include "route/host_loop.h"

namespace danesmtp::tool {
namespace {

// How a list of hosts is ordered before chance has a say: by preference, and IPv6 first.
std::pair<int, bool> order_class(const BatchHost& host) {
  return {host.mx.value_or(-1), host.address.find(':') == std::string::npos};
}

}  // namespace

// What was found at an address, as the host loop wants to hear it of an attempt to deliver.
AttemptResult ExpectedDelivery::as_delivery(HostIndex host, const AddressReport& address) {
  RecipientOutcome outcome;
  outcome.connection.host = host;
  if (address.failure) {
    outcome.verdict.text = address.failure->verdict.text;
    server_.set_outcome(0, outcome);
    const bool tls_failed = address.failure->verdict.cause == Cause::TlsFailure;
    return {AttemptEnd::HostDeferred, *address.failure, tls_failed, {0}};
  }
  outcome.verdict.status = Status::Delivered;
  outcome.connection.trust = address.trust;
  if (address.tls) outcome.connection.cipher = address.tls->cipher;
  server_.set_outcome(0, outcome);
  return {AttemptEnd::Worked, {}, false, {}};
}

const AddressReport& ExpectedDelivery::in_clear(HostIndex host) {
  auto found = in_clear_.find(host);
  if (found == in_clear_.end()) found = in_clear_.emplace(host, try_in_clear_(host)).first;
  return found->second;
}

// The order in which `first` is the first of its class. Exim has an address that is there under two
// names once, and one of whoever asks not at all (ignore_target_hosts).
std::vector<HostIndex> ExpectedDelivery::order_with(HostIndex first) const {
  std::vector<HostIndex> order;
  const auto take = [&](HostIndex host) {
    const std::string& address = batch_.host(host).address;
    const bool there = std::any_of(order.begin(), order.end(), [&](HostIndex one) {
      return one == host || (batch_.host(one).address == address && !address.empty());
    });
    if (!there && !tried_[host.value()].not_tried) order.push_back(host);
  };
  for (HostIndex host; batch_.has(host); ++host) {
    if (order_class(batch_.host(host)) == order_class(batch_.host(first))) take(first);
    take(host);
  }
  return order;
}

// The transport's own walk through the hosts, over what was found.
void ExpectedDelivery::walk(const std::vector<HostIndex>& order) {
  AddressBatch batch = batch_;
  batch.hosts.clear();
  for (const auto host : order) batch.hosts.push_back(batch_.host(host));
  try_hosts(
      server_, batch, plan_, [&](MailServer&, const AddressBatch&, const AttemptRequest& asked) {
        const HostIndex host = order[asked.host.value()];
        return as_delivery(
            host, asked.tls == TlsChoice::AsPolicySays ? tried_[host.value()] : in_clear(host));
      });
}

// Exim takes addresses of one preference and family in any order: the least good of what may come
// of it counts, so that it is the same each time.
void ExpectedDelivery::tell(Report& report) {
  walk(order_with(0));
  if (!server_.outcome()) return;
  const RecipientOutcome usual = *server_.outcome();
  conclude(usual, report);
  if (usual.verdict.status != Status::Delivered || !usual.connection.host) return;
  constexpr std::size_t kMost = 100;  // a bound for odd zones
  std::size_t walks = 0;
  for (HostIndex first; batch_.has(first) && walks < kMost; ++first) {
    if (order_class(batch_.host(first)) != order_class(batch_.host(*usual.connection.host)))
      continue;
    ++walks;
    walk(order_with(first));
    Report other;
    conclude(*server_.outcome(), other);
    if (other.fate <= report.fate) continue;
    report.fate = other.fate;
    report.host = other.host;
    report.reason = other.reason;
  }
}

void ExpectedDelivery::conclude(const RecipientOutcome& outcome, Report& report) const {
  if (outcome.connection.host) {
    const auto& host = batch_.host(*outcome.connection.host);
    report.host = format("{}:{}", host.asked_name, plan_.port(host));
    if (!host.address.empty()) report.host += format(" [{}]", host.address);
  }
  if (outcome.verdict.status != Status::Delivered) {
    report.fate = Fate::Waits;
    report.reason = outcome.verdict.text;
    return;
  }
  report.reason.clear();
  report.fate = outcome.connection.cipher.empty() ? Fate::Clear : Fate::Encrypted;
  if (outcome.connection.trust == PeerTrust::Verified) report.fate = Fate::Verified;
  if (outcome.connection.trust == PeerTrust::Sts) report.fate = Fate::Sts;
  if (outcome.connection.trust == PeerTrust::Dane) report.fate = Fate::Dane;
}

}  // namespace danesmtp::tool
