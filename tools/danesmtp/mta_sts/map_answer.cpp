// SPDX-License-Identifier: GPL-2.0-or-later
#include "map_answer.h"

#include <vector>

#include "core/format.h"
#include "sts/netstring.h"

namespace danesmtp::tool {
namespace {

// Postfix's wildcard.
std::string match_of(const std::vector<std::string>& patterns) {
  std::vector<std::string> words;
  words.reserve(patterns.size());
  for (const auto& pattern : patterns)
    words.push_back(pattern.starts_with("*.") ? pattern.substr(1) : pattern);
  return join(words, ":");
}

std::string about(const std::string& domain) {
  return format("policy_type=sts policy_domain={}", domain);
}

// A brace ends an attribute, and no line that we know has one.
std::string lines_of(const PublishedPolicy& policy) {
  std::string text;
  for (const auto& line : policy.lines)
    if (line.find_first_of("{}") == std::string::npos)
      text += format(" {{ policy_string = {} }}", line);
  return text;
}

}  // namespace

std::string answer_of(const std::string& domain, const PublishedPolicy& policy) {
  if (policy.mode == PublishedMode::None) return no_policy();
  const bool enforce = policy.mode == PublishedMode::Enforce;
  auto text = enforce ? format("OK secure match={} servername=hostname {}",
                               match_of(policy.patterns), about(domain))
                      : format("NOTFOUND {}", about(domain));
  for (const auto& pattern : policy.patterns) text += format(" mx_host_pattern={}", pattern);
  auto lines = lines_of(policy);
  if (text.size() + lines.size() > kLongestAnswer)
    lines = format(" {{ policy_string = mode: {} }}", mode_text(policy.mode));
  return text + lines;
}

std::string answer_of(const std::string& domain, const StsFault& fault) {
  std::string reason;
  for (const char c : fault.text) reason += c == '{' || c == '}' ? '?' : c;
  return format("NOTFOUND {} failure_type={} {{ failure_reason = {} }}", about(domain),
                fault_text(fault.type), reason);
}

std::string no_policy() {
  return "NOTFOUND ";
}

std::string temporary(const std::string& why) {
  return format("TEMP {}", why);
}

}  // namespace danesmtp::tool
