// SPDX-License-Identifier: GPL-2.0-or-later
#include "policies_findings.h"

#include "core/bytes.h"
#include "core/format.h"
#include "sts/daemon_policies.h"
#include "sts/policy_answer.h"
#include "sts/socketmap.h"

namespace danesmtp::tool {
namespace {

constexpr const char* kNobodysDomain = "danesmtp-doctor.invalid";
constexpr std::chrono::milliseconds kSlow{1000};

void ask(const danesmtp_socketmap& daemon, PoliciesFacts& facts) {
  const auto begin = std::chrono::steady_clock::now();
  const auto domain = DnsName::parse(kNobodysDomain);
  const auto answer = ask_socketmap(daemon, kNobodysDomain, Deadline::in(kDaemonTime));
  facts.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  if (!answer) {
    facts.trouble = answer.error().text;
  } else if (const auto policy = policy_in(*answer, *domain); !policy) {
    facts.trouble = policy.error().text;
  } else if (*policy) {
    facts.trouble = format("it has a policy of {}, which nobody can have", kNobodysDomain);
  }
}

std::string what_follows(const PoliciesFacts& facts) {
  return facts.mail_waits ? "mail to hosts without DANE waits"
                          : "mail goes as if no domain had a policy";
}

}  // namespace

PoliciesFacts examine_policies(const std::string& daemon, const std::string& fail,
                               const std::optional<DeliveryUser>& user) {
  PoliciesFacts facts{daemon};
  facts.mail_waits = fail == "defer";
  if (daemon.empty()) return facts;
  danesmtp_socketmap map{};
  if (const char* why = danesmtp_read_socketmap(daemon.c_str(), &map)) {
    facts.trouble = why;
    facts.mail_waits = true;
    return facts;
  }
  ask(map, facts);
  if (!user || !facts.trouble.empty() || map.port != 0) return facts;
  facts.user = user->name;
  facts.refused = unwritable_by(*user, map.place);
  return facts;
}

Finding judge_policies(const PoliciesFacts& facts) {
  const std::string subject = "policies";
  const auto daemon = printable(facts.daemon);
  const auto health = facts.mail_waits ? Health::Failure : Health::Warning;
  if (daemon.empty())
    return {subject, Health::Ok, "dane_mta_sts is empty: nobody is asked (RFC 8461)", {}};
  if (!facts.trouble.empty())
    return {subject, health,
            format("{}: {}: {}", daemon, printable(facts.trouble), what_follows(facts)),
            "start the daemon (mta-sts-daemon), or name it: dane_mta_sts = unix:PATH or "
            "inet:ADDRESS:PORT"};
  if (!facts.refused.empty())
    return {subject, health,
            format("{} cannot write to {}: {}: {}", printable(facts.user), daemon, facts.refused,
                   what_follows(facts)),
            format("let {} write to it: usermod -a -G GROUP-OF-THE-DAEMON {}",
                   printable(facts.user), printable(facts.user))};
  const auto speed = format("{} answers within {} ms", daemon, facts.took.count());
  if (facts.took >= kSlow)
    return {subject, Health::Warning,
            format("{}, which is slow: after {} seconds a delivery waits no longer", speed,
                   kDaemonTime.count()),
            "give the daemon a resolver that answers faster"};
  return {subject, Health::Ok, speed, {}};
}

}  // namespace danesmtp::tool
