// SPDX-License-Identifier: GPL-2.0-or-later
// What is known of each domain: its policy until max_age is over, or why there is none, and when to
// look again (RFC 8461 3.3, 5.1). It asks nobody, and has the time from its caller.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy_files.h"
#include "policy_visit.h"

namespace danesmtp::tool {

// A record is looked at again with the first question after that time.
inline constexpr std::chrono::minutes kRecordKept{5};
// RFC 8461 3.3: a fetch that failed is not tried again before.
inline constexpr std::chrono::minutes kFaultKept{5};
inline constexpr std::chrono::seconds kDnsFailureKept{30};
// A policy is fetched anew each day, or when half of its time is over.
inline constexpr std::chrono::hours kRefetched{24};
inline constexpr std::size_t kMostDomains = 20000;

struct Errand {
  std::string domain;
  std::optional<std::string> known_id;  // as of visit_domain()
};

class PolicyBook {
 public:
  using Tell = std::function<void(const std::string& line)>;

  // With what the files have. Both outlive it.
  PolicyBook(const PolicyFiles& files, const Tell& tell, WallTime now,
             std::size_t most = kMostDomains);

  // Nothing: it has to be found out first.
  std::optional<std::string> answer(const std::string& domain, WallTime now);
  // For whoever will not wait longer: what was the case when last looked, or TEMP.
  std::string last_answer(const std::string& domain, WallTime now);

  // Where a question has come: a visit, if one is due and none is under way. It is under way from
  // here until learn() or forget_errand().
  std::optional<Errand> errand_for(const std::string& domain, WallTime now);
  // Policies that are to be fetched anew, at most so many.
  std::vector<Errand> refetches(WallTime now, std::size_t most);

  void learn(const std::string& domain, const Finding& finding, WallTime now);
  // The visit did not take place.
  void forget_errand(const std::string& domain);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::optional<KeptPolicy> policy;
    std::string said;  // once there is no policy; empty: nothing is known
    WallTime asked;    // when somebody last did
    WallTime next;     // when the record is looked at again
    WallTime refetch;  // when the policy is
    bool under_way = false;
  };

  Entry& entry(const std::string& domain, WallTime now);
  void make_room();
  void expire(const std::string& domain, Entry& entry, WallTime now);
  Errand send(const std::string& domain, Entry& entry, WallTime now);
  void learn_policy(const std::string& domain, Entry& entry, KeptPolicy kept);
  void settle(Entry& entry, const std::string& domain, const Finding& finding, WallTime now);

  const PolicyFiles& files_;
  const Tell& tell_;
  std::size_t most_;
  std::map<std::string, Entry> entries_;
};

}  // namespace danesmtp::tool
