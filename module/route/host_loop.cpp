// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/host_loop.h"

#include <algorithm>
#include <optional>
#include <set>

#include "outcome/delivery_log.h"
#include "route/attempt_verdict.h"

namespace danesmtp {
namespace {

// Why hosts were passed over, for the text that an untried recipient gets.
struct PassedOver {
  int retry = 0;
  int lookup = 0;
  int busy = 0;
  bool all_expired = true;  // stays so only if every host is expired and none was tried

  NoHostReason reason() const {
    if (all_expired && retry > 0) return NoHostReason::AllExpired;
    if (busy == 0) return NoHostReason::RetryTimes;
    return retry == 0 ? NoHostReason::Busy : NoHostReason::Mixed;
  }
};

// Hosts that may not have the message (RFC 8689 4.2.1).
struct Unsuited {
  std::set<HostIndex> hosts;
  FailureRuling last;
  HostIndex last_host;
};

struct Progress {
  HostIndex next;  // of the host list
  int unexpired_tried = 0;
  int tried = 0;
  bool skipped_some = false;
};

class HostLoop {
 public:
  HostLoop(MailServer& server, const AddressBatch& batch, const DomainPlan& plan,
           const AttemptHost& attempt)
      : server_(server), batch_(batch), plan_(plan), attempt_(attempt), waiting_(plan.recipients) {}

  void run();

 private:
  enum class Pass { Normal, ExpiredHosts };
  enum class Next { Continue, Stop };

  Next use_open_connection(HostIndex host);
  Next walk(Pass pass);
  Next consider(HostIndex host, Pass pass);
  bool usable(HostIndex host, HostState state, Pass pass);
  void host_without_address(HostIndex host);
  Next no_way_out(const Error& error);
  Next local_host(HostIndex host);
  Next try_host(HostIndex host, bool expired);
  AttemptResult attempt(HostIndex host, TlsChoice tls);
  bool may_try_in_clear(HostIndex host, const AttemptResult& result);
  bool concerns_the_domain_alone(HostIndex host, const AttemptResult& result) const;
  void remember(HostIndex host, const AttemptResult& result, RecipientIndex recipient);
  void report_host(HostIndex host, const AttemptResult& result, RecipientIndex recipient);
  void count(HostIndex host, bool expired);
  void note_unsuited(HostIndex host, const AttemptResult& result);
  bool no_host_suits() const;
  void finish(Pass last);
  void tell_waiting(const RecipientOutcome& outcome);
  RecipientOutcome expired(NoHostReason reason);

  MailServer& server_;
  const AddressBatch& batch_;
  const DomainPlan& plan_;
  const AttemptHost& attempt_;
  std::vector<RecipientIndex> waiting_;
  PassedOver passed_over_;
  Progress progress_;
  Unsuited unsuited_;
};

void HostLoop::run() {
  if (const auto open = server_.open_connection())
    if (use_open_connection(open->host) == Next::Stop) return;
  if (walk(Pass::Normal) == Next::Stop) return;
  auto wait = server_.option_flag(kDelayAfterCutoff);
  const bool second = wait && !*wait && passed_over_.all_expired;
  if (second && walk(Pass::ExpiredHosts) == Next::Stop) return;
  finish(second ? Pass::ExpiredHosts : Pass::Normal);
}

// An earlier message's connection, whatever the host's place in the list. What goes wrong on it
// says nothing new of the host; recipients that are left wait for an attempt of their own, as with
// Exim's own driver.
HostLoop::Next HostLoop::use_open_connection(HostIndex host) {
  const auto& target = batch_.host(host);
  const auto state = server_.host_state(host, plan_.port(target));
  if (!state || (*state != HostState::Usable && *state != HostState::UsableExpired)) {
    server_.end_open_connection();
    return Next::Continue;
  }
  AttemptRequest request{host, plan_.port(target), plan_.host(target), waiting_};
  request.connection = ConnectionChoice::LeftOpen;
  request.may_stay_open = plan_.last;
  const auto result = attempt_(server_, batch_, request);
  server_.leave_host(host);
  if (result.end == AttemptEnd::NotTried) return Next::Continue;
  progress_.next = HostIndex(batch_.hosts.size());
  report_host(host, result, waiting_.front());
  if (result.end != AttemptEnd::HostDeferred) remember(host, result, waiting_.front());
  return Next::Stop;
}

HostLoop::Next HostLoop::walk(Pass pass) {
  const int most = server_.option_number(kHostsMaxTry);
  const int most_of_all = server_.option_number(kHostsMaxTryHardlimit);
  progress_.unexpired_tried = 0;
  // RFC 7672 2.2.1, D-024: in the order of preference, whatever the policies.
  for (progress_.next = 0; batch_.has(progress_.next);) {
    if (progress_.unexpired_tried >= most || progress_.tried >= most_of_all) {
      // Past the hard limit it counts as if every host had been tried, so that recipients time out.
      if (progress_.tried < most_of_all) progress_.skipped_some = true;
      return Next::Continue;
    }
    const HostIndex host = progress_.next;
    ++progress_.next;
    if (consider(host, pass) == Next::Stop) return Next::Stop;
  }
  return Next::Continue;
}

HostLoop::Next HostLoop::consider(HostIndex host, Pass pass) {
  const auto state = server_.host_state(host, plan_.port(batch_.host(host)));
  if (!state) return no_way_out(state.error());
  if (*state == HostState::Local) return local_host(host);
  if (!usable(host, *state, pass)) return Next::Continue;
  passed_over_.all_expired = false;
  const auto next = try_host(host, *state != HostState::Usable);
  server_.leave_host(host);
  return next;
}

bool HostLoop::usable(HostIndex host, HostState state, Pass pass) {
  switch (state) {
    case HostState::Usable:
    case HostState::UsableExpired:
      return true;
    case HostState::Expired:
      if (pass == Pass::ExpiredHosts) return !server_.tried_since_arrival(host);
      ++passed_over_.retry;
      return false;
    case HostState::Waiting:
      progress_.skipped_some = true;
      ++passed_over_.retry;
      break;
    case HostState::Busy:
      ++passed_over_.busy;
      break;
    case HostState::NoAddress:
    case HostState::AddressLater:
    case HostState::Local:
      ++passed_over_.lookup;
      if (pass == Pass::Normal) host_without_address(host);
      break;
  }
  passed_over_.all_expired = false;
  return false;
}

// A failed look-up is a matter of routing: it must not stop the next one, only let the recipient
// time out in the end. Each recipient keeps the last such host's name unless a host is tried.
void HostLoop::host_without_address(HostIndex host) {
  server_.retry_routing(waiting_.front(), batch_.host(host).name);
  tell_waiting({rule_on_missing_address(batch_.host(host).name).verdict});
}

// An option cannot be used: no other host would fare better, and it is not the fault of any.
HostLoop::Next HostLoop::no_way_out(const Error& error) {
  tell_waiting({rule_on_host_error(error).verdict});
  return Next::Stop;
}

HostLoop::Next HostLoop::local_host(HostIndex host) {
  tell_waiting({rule_on_local_host(batch_.transport_name, batch_.host(host).name).verdict});
  return Next::Stop;
}

AttemptResult HostLoop::attempt(HostIndex host, TlsChoice tls) {
  const auto& target = batch_.host(host);
  AttemptRequest request{host, plan_.port(target), plan_.host(target), waiting_, tls};
  request.may_stay_open = plan_.last;
  return attempt_(server_, batch_, request);
}

// A host without a policy whose TLS is broken: Exim's rules let the message go in clear. Never
// with one (RFC 7672 2.2, D-025, RFC 8461 5).
bool HostLoop::may_try_in_clear(HostIndex host, const AttemptResult& result) {
  const auto& plan = plan_.host(batch_.host(host));
  if (!result.tls_failed || is_held(plan)) return false;
  auto allowed = server_.option_flag(kTlsTempfailTryclear);
  auto required = server_.host_in(kHostsRequireTls, host);
  return allowed && *allowed && required && !*required;
}

HostLoop::Next HostLoop::try_host(HostIndex host, bool expired) {
  const RecipientIndex first = waiting_.front();
  ++progress_.tried;
  auto result = attempt(host, TlsChoice::AsPolicySays);
  if (may_try_in_clear(host, result)) {
    server_.note(unencrypted_text(batch_.host(host), result.failure.verdict.text));
    result = attempt(host, TlsChoice::Suppressed);
  }
  // RFC 8689 4.2.1: each host of the list has its turn.
  if (result.end == AttemptEnd::Unsuited)
    note_unsuited(host, result);
  else
    count(host, expired);
  report_host(host, result, first);
  remember(host, result, first);
  waiting_ = result.waiting;
  if (result.end == AttemptEnd::Stop || waiting_.empty()) return Next::Stop;
  // An old message gets every host, whatever hosts_max_try says, so that it can time out.
  if (batch_.has(progress_.next) && server_.retries_over(host)) --progress_.unexpired_tried;
  return Next::Continue;
}

// Expired hosts do not count; and before the limit cuts a list, a host of another preference is
// tried.
void HostLoop::count(HostIndex host, bool expired) {
  if (expired || ++progress_.unexpired_tried < server_.option_number(kHostsMaxTry)) return;
  HostIndex later = host;
  for (++later; batch_.has(later); ++later) {
    if (batch_.host(later).mx == batch_.host(host).mx) continue;
    progress_.next = later;
    --progress_.unexpired_tried;
    return;
  }
}

void HostLoop::note_unsuited(HostIndex host, const AttemptResult& result) {
  unsuited_.hosts.insert(host);
  unsuited_.last = result.failure;
  unsuited_.last_host = host;
}

// D-113, D-193: not while another one may be, when it is well again.
bool HostLoop::no_host_suits() const {
  if (unsuited_.hosts.empty()) return false;
  for (HostIndex host; batch_.has(host); ++host)
    if (batch_.host(host).lookup != AddressLookup::NoneByRouter && !unsuited_.hosts.count(host))
      return false;
  return true;
}

void HostLoop::report_host(HostIndex host, const AttemptResult& result, RecipientIndex recipient) {
  if (result.end == AttemptEnd::Worked || result.end == AttemptEnd::Stop) return;
  // A missing authentication is for the recipient's line alone, as Exim's own driver has it.
  if (result.failure.verdict.cause != Cause::AuthMissing)
    server_.log_host(host, result.failure.verdict.text, result.failure.verdict.system_errno);
  if (result.end == AttemptEnd::Unsuited) return;
  if (result.end == AttemptEnd::HostDeferred)
    server_.event(host, recipient, "msg:host:defer", result.failure.verdict.text);
  if (!batch_.has(progress_.next))
    server_.event(host, recipient, "msg:defer", result.failure.verdict.text);
}

// D-211: what MTA-STS forbids it forbids to one domain, and others may have the same host.
bool HostLoop::concerns_the_domain_alone(HostIndex host, const AttemptResult& result) const {
  const auto& plan = plan_.host(batch_.host(host));
  return result.end == AttemptEnd::HostDeferred && !result.failure.policy_status.empty() &&
         policy_over(plan) == PolicyOf::Sts;
}

void HostLoop::remember(HostIndex host, const AttemptResult& result, RecipientIndex recipient) {
  if (result.end == AttemptEnd::Stop || result.end == AttemptEnd::Unsuited) return;
  if (concerns_the_domain_alone(host, result)) {
    server_.retry_message(host, recipient, RetryChange::Deferred);
    return;
  }
  auto change = [](bool deferred) {
    return deferred ? RetryChange::Deferred : RetryChange::Worked;
  };
  server_.retry_host(host, recipient, change(result.end == AttemptEnd::HostDeferred));
  server_.retry_message(host, recipient, change(result.end == AttemptEnd::MessageDeferred));
}

void HostLoop::tell_waiting(const RecipientOutcome& outcome) {
  for (auto recipient : waiting_) server_.set_outcome(recipient, outcome);
}

// All hosts are past their retry time, and none was tried: the last one that a DANE policy failed
// on says why, where its retry record does.
RecipientOutcome HostLoop::expired(NoHostReason reason) {
  RecipientOutcome outcome;
  std::string why;
  for (std::size_t i = batch_.hosts.size(); i-- > 0 && why.empty();) {
    const HostIndex host(i);
    why = recorded_policy_failure(server_.last_failure(host));
    if (!why.empty()) outcome.connection.host = host;
  }
  outcome.verdict = rule_on_untried(reason, plan_.domain, why).verdict;
  return outcome;
}

void HostLoop::finish(Pass last) {
  if (no_host_suits()) {
    RecipientOutcome outcome{rule_on_no_suited_host(unsuited_.last).verdict};
    outcome.connection.host = unsuited_.last_host;
    return tell_waiting(outcome);
  }
  if (progress_.skipped_some)
    for (auto recipient : waiting_) server_.retry_skipped(recipient);
  // Each recipient has the outcome of its last host.
  if (progress_.tried > 0 || passed_over_.lookup > 0) return;
  const NoHostReason reason = passed_over_.reason();
  if (reason != NoHostReason::AllExpired)
    tell_waiting({rule_on_untried(reason, plan_.domain).verdict});
  else
    tell_waiting(expired(last == Pass::ExpiredHosts ? NoHostReason::AllTried : reason));
}

}  // namespace

void try_hosts(MailServer& server, const AddressBatch& batch, const DomainPlan& plan,
               const AttemptHost& attempt) {
  HostLoop(server, batch, plan, attempt).run();
}

}  // namespace danesmtp
