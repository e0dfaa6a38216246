// SPDX-License-Identifier: GPL-2.0-or-later
// Policies on disk, a file a domain, readable by their owner alone: what is known when the daemon
// starts again. A file is written beside its place and then put there, so whoever is killed leaves
// the old one or the new one. What cannot be read is left out.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "dane/dane_verify.h"
#include "net/unique_fd.h"
#include "published_policy.h"

namespace danesmtp::tool {

struct KeptPolicy {
  std::string id;
  std::string text;  // as published
  PublishedPolicy policy;
  WallTime fetched;

  WallTime end() const { return fetched + policy.max_age; }
};

// The two forms; nothing: it is none, or of another domain.
std::string file_text(const std::string& domain, const KeptPolicy& kept);
std::optional<KeptPolicy> kept_policy(const std::string& domain, const std::string& text);

class PolicyFiles {
 public:
  // BadInput, Io: the directory cannot be used, or another daemon uses it.
  [[nodiscard]] static Result<PolicyFiles> open(const std::string& directory);
  // To look only, beside a daemon perhaps.
  static PolicyFiles look_at(const std::string& directory);
  // Nowhere: nothing is kept.
  PolicyFiles() = default;

  // At most so many, in no order.
  std::map<std::string, KeptPolicy> all(std::size_t most) const;
  std::optional<KeptPolicy> one(const std::string& domain) const;
  [[nodiscard]] Result<void> keep(const std::string& domain, const KeptPolicy& kept) const;
  void drop(const std::string& domain) const;

 private:
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;
  UniqueFd lock_;
};

}  // namespace danesmtp::tool
