// SPDX-License-Identifier: GPL-2.0-or-later
// OK secure match=mx.example:.mx.example servername=hostname policy_type=sts policy_domain=example
// mx_host_pattern=*.mx.example { policy_string = mode: enforce } ...
// NOTFOUND policy_type=sts policy_domain=example mx_host_pattern=mx.example
// { policy_string = mode: testing } ...
// NOTFOUND policy_type=sts policy_domain=example failure_type=sts-policy-fetch-error
// { failure_reason = HTTP status 404 }
#include "sts/policy_answer.h"

#include <algorithm>
#include <vector>

#include "core/bytes.h"
#include "core/format.h"
#include "core/words.h"

namespace danesmtp {
namespace {

constexpr std::size_t kShownOctets = 100;  // of an answer, in a log
constexpr std::string_view kSpace = " \t";

tl::unexpected<Error> unreadable(std::string_view what) {
  return fail(ErrorKind::Protocol,
              format("the answer cannot be used: {}", printable(what.substr(0, kShownOctets))));
}

struct Attribute {
  std::string_view name;
  std::string_view value;
};

// Of "name = value"; a word without "=" is a name.
Attribute attribute_of(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return {trimmed(text), {}};
  return {trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1))};
}

// "name=value" by spaces, or "{ name = value with spaces }". Nothing: a brace is not closed.
std::optional<std::vector<Attribute>> attributes_in(std::string_view text) {
  std::vector<Attribute> attributes;
  for (;;) {
    text = text.substr(std::min(text.size(), text.find_first_not_of(kSpace)));
    if (text.empty()) return attributes;
    if (text.front() != '{') {
      attributes.push_back(attribute_of(take_word(text)));
      continue;
    }
    const auto end = text.find('}');
    if (end == std::string_view::npos) return std::nullopt;
    attributes.push_back(attribute_of(text.substr(1, end - 1)));
    text.remove_prefix(end + 1);
  }
}

// What cannot be a pattern names no host (RFC 8461 3.2).
void add_patterns(std::vector<std::string>& patterns, std::string_view list) {
  while (!list.empty()) {
    const auto one = list.substr(0, list.find(':'));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    if (auto pattern = sts_pattern(one)) patterns.push_back(*std::move(pattern));
  }
}

class Reader {
 public:
  explicit Reader(const DnsName& domain) : domain_(domain) { policy_.domain = domain.text(); }

  void add(const Attribute& attribute) {
    const auto& [name, value] = attribute;
    if (name == "match") add_patterns(matches_, value);
    if (name == "mx_host_pattern") add_patterns(policy_.patterns, value);
    if (name == "policy_domain") about_other_ |= DnsName::parse(value) != domain_;
    if (name == "policy_string") add_line(value);
    if (name == "policy_type") is_sts_ = value == "sts";
    if (name == "failure_type") fault_ = sts_fault_type(value);
    if (name == "failure_reason") reason_ = printable(value.substr(0, kShownOctets));
  }

  // Nothing: no such answer makes a policy.
  Result<std::optional<StsPolicy>> policy() {
    if (policy_.patterns.empty()) policy_.patterns = matches_;
    if (about_other_) return unreadable("it is about another domain");
    const auto mode = mode_.value_or("enforce");  // what is not said to be tested is in force
    if (mode == "none") return std::nullopt;
    if (mode == "testing") policy_.mode = StsMode::Testing;
    if (mode != "testing" && mode != "enforce") return unreadable("no such mode");
    if (policy_.patterns.empty()) return unreadable("the policy names no host");
    return policy_;
  }

  // Of what stands behind NOTFOUND. Nothing: it is no policy of MTA-STS.
  Result<std::optional<StsPolicy>> policy_not_in_force() {
    if (!is_sts_) return std::nullopt;
    if (about_other_) return unreadable("it is about another domain");
    if (fault_) return unavailable();
    if (mode_.value_or("enforce") == "enforce")
      return unreadable("a policy in force, and NOTFOUND");
    return policy();
  }

 private:
  StsPolicy unavailable() const {
    StsPolicy policy{policy_.domain, StsMode::Testing};
    policy.fault = StsFault{*fault_, reason_};
    return policy;
  }

  // RFC 8461 3.2: of a field that comes twice the first one counts.
  void add_line(std::string_view line) {
    policy_.lines.emplace_back(line);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || trimmed(line.substr(0, colon)) != "mode") return;
    if (!mode_) mode_ = trimmed(line.substr(colon + 1));
  }

  const DnsName& domain_;
  StsPolicy policy_;
  std::vector<std::string> matches_;
  std::optional<StsFaultType> fault_;
  std::string reason_;
  std::optional<std::string_view> mode_;
  bool about_other_ = false;
  bool is_sts_ = false;
};

// Words that mean nothing here do no harm.
Result<std::optional<StsPolicy>> not_in_force(std::string_view rest, const DnsName& domain) {
  const auto attributes = attributes_in(rest);
  if (!attributes) return std::nullopt;
  Reader reader(domain);
  for (const auto& attribute : *attributes) reader.add(attribute);
  return reader.policy_not_in_force();
}

}  // namespace

Result<std::optional<StsPolicy>> policy_in(std::string_view answer, const DnsName& domain) {
  const auto status = answer.substr(0, answer.find_first_of(kSpace));  // with nothing before it
  std::string_view rest = answer.substr(status.size());
  if (status == "NOTFOUND") return not_in_force(rest, domain);
  if (status == "TEMP" || status == "TIMEOUT" || status == "PERM")
    return fail(ErrorKind::Protocol, printable(answer.substr(0, kShownOctets)));
  if (status != "OK") return unreadable(answer);
  if (take_word(rest) != "secure") return std::nullopt;
  const auto attributes = attributes_in(rest);
  if (!attributes) return unreadable(answer);
  Reader reader(domain);
  for (const auto& attribute : *attributes) reader.add(attribute);
  return reader.policy();
}

}  // namespace danesmtp
