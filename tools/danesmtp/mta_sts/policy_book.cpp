// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy_book.h"

#include <algorithm>
#include <tuple>

#include "core/format.h"
#include "map_answer.h"

namespace danesmtp::tool {
namespace {

using std::chrono::seconds;

WallTime refetch_time(const KeptPolicy& kept) {
  return kept.fetched + std::min<seconds>(kRefetched, kept.policy.max_age / 2);
}

// Without a policy: what is said, and for how long it may be said without a look.
struct Without {
  std::string said;
  seconds kept;
};

Without without_policy(const std::string& domain, const Finding& finding) {
  // D-234
  if (const auto* fault = std::get_if<StsFault>(&finding))
    return {answer_of(domain, *fault), kFaultKept};
  if (const auto* error = std::get_if<Error>(&finding))
    return {temporary(printable(error->text)), kDnsFailureKept};
  return {no_policy(), kRecordKept};
}

bool is_trouble(const Finding& finding) {
  return std::holds_alternative<StsFault>(finding) || std::holds_alternative<Error>(finding);
}

}  // namespace

PolicyBook::PolicyBook(const PolicyFiles& files, const Tell& tell, WallTime now, std::size_t most)
    : files_(files), tell_(tell), most_(most) {
  for (auto& [domain, kept] : files.all(most)) {
    // A clock that was wrong then, or is now, makes no policy last longer.
    const bool good = kept.fetched <= now && now < kept.end();
    if (!good) files_.drop(domain);
    if (!good) continue;
    Entry& known = entries_[domain];
    known.refetch = refetch_time(kept);
    known.policy = kept;
  }
}

void PolicyBook::expire(const std::string& domain, Entry& entry, WallTime now) {
  if (!entry.policy || now < entry.policy->end()) return;
  entry.policy.reset();
  if (entry.said.empty()) entry.next = now;
  files_.drop(domain);
  tell_(format("{}: its policy is over", domain));
}

// The one that nobody has asked for the longest; one without a policy first.
void PolicyBook::make_room() {
  const auto rank = [](const auto& one) {
    return std::tuple(one.second.under_way, one.second.policy.has_value(), one.second.asked);
  };
  const auto least =
      std::min_element(entries_.begin(), entries_.end(),
                       [&](const auto& one, const auto& other) { return rank(one) < rank(other); });
  if (least == entries_.end()) return;
  if (least->second.policy) files_.drop(least->first);
  entries_.erase(least);
}

PolicyBook::Entry& PolicyBook::entry(const std::string& domain, WallTime now) {
  auto found = entries_.find(domain);
  if (found == entries_.end()) {
    if (entries_.size() >= most_) make_room();
    found = entries_.emplace(domain, Entry{}).first;
  }
  expire(domain, found->second, now);
  return found->second;
}

std::optional<std::string> PolicyBook::answer(const std::string& domain, WallTime now) {
  Entry& known = entry(domain, now);
  known.asked = now;
  if (known.policy) return answer_of(domain, known.policy->policy);
  if (known.said.empty() || now >= known.next) return std::nullopt;
  return known.said;
}

std::string PolicyBook::last_answer(const std::string& domain, WallTime now) {
  const Entry& known = entry(domain, now);
  if (known.policy) return answer_of(domain, known.policy->policy);
  return known.said.empty() ? temporary("the policy is being looked for") : known.said;
}

Errand PolicyBook::send(const std::string& domain, Entry& entry, WallTime now) {
  entry.under_way = true;
  const bool same_will_do = entry.policy && now < entry.refetch;
  return {domain, same_will_do ? std::optional(entry.policy->id) : std::nullopt};
}

std::optional<Errand> PolicyBook::errand_for(const std::string& domain, WallTime now) {
  Entry& known = entry(domain, now);
  if (known.under_way || now < known.next) return std::nullopt;
  return send(domain, known, now);
}

std::vector<Errand> PolicyBook::refetches(WallTime now, std::size_t most) {
  std::vector<Errand> errands;
  for (auto& [domain, known] : entries_) {
    if (errands.size() == most) break;
    expire(domain, known, now);
    const bool due = known.policy && known.policy->policy.mode != PublishedMode::None &&
                     now >= known.refetch && now >= known.next;
    if (due && !known.under_way) errands.push_back(send(domain, known, now));
  }
  return errands;
}

void PolicyBook::learn_policy(const std::string& domain, Entry& entry, KeptPolicy kept) {
  entry.refetch = refetch_time(kept);
  if (const auto done = files_.keep(domain, kept); !done) tell_(done.error().text);
  entry.policy = std::move(kept);
}

// RFC 8461 5.1, 3.3: neither a failure nor a record that has gone ends a policy before its time.
void PolicyBook::settle(Entry& entry, const std::string& domain, const Finding& finding,
                        WallTime now) {
  const auto without = without_policy(domain, finding);
  if (is_trouble(finding))
    tell_(format("{}: {}{}", domain, to_text(finding),
                 entry.policy ? "; the policy that is known holds" : ""));
  entry.said = without.said;
  entry.next = now + without.kept;
}

// D-233
void PolicyBook::learn(const std::string& domain, const Finding& finding, WallTime now) {
  Entry& known = entry(domain, now);
  known.under_way = false;
  known.said.clear();
  known.next = now + kRecordKept;
  const auto* found = std::get_if<Published>(&finding);
  if (found == nullptr) {
    if (!std::holds_alternative<Unchanged>(finding)) settle(known, domain, finding, now);
    return;
  }
  if (!known.policy || known.policy->text != found->text)
    tell_(format("{}: {}", domain, to_text(finding)));
  learn_policy(domain, known, {found->id, found->text, found->policy, now});
  // D-235: it may be good for no time at all.
  if (found->policy.max_age == seconds(0)) known.said = no_policy();
  expire(domain, known, now);
}

void PolicyBook::forget_errand(const std::string& domain) {
  const auto found = entries_.find(domain);
  if (found != entries_.end()) found->second.under_way = false;
}

}  // namespace danesmtp::tool
