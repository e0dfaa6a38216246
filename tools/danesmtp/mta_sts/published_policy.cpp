// SPDX-License-Identifier: GPL-2.0-or-later
#include "published_policy.h"

#include <algorithm>
#include <optional>

#include "core/format.h"
#include "core/words.h"
#include "sts/sts_policy.h"
#include "sts_syntax.h"

namespace danesmtp::tool {
namespace {

constexpr std::size_t kAgeDigits = 10;

tl::unexpected<Error> invalid(const std::string& why) {
  return fail(ErrorKind::Protocol, why);
}

bool is_control(char c) {
  return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f';
}

std::optional<PublishedMode> mode_in(std::string_view text) {
  for (const auto mode : {PublishedMode::None, PublishedMode::Testing, PublishedMode::Enforce})
    if (text == mode_text(mode)) return mode;
  return std::nullopt;
}

std::optional<std::chrono::seconds> age_in(std::string_view text) {
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > kAgeDigits || !digits) return std::nullopt;
  std::chrono::seconds age{0};
  for (const char c : text) age = age * 10 + std::chrono::seconds(c - '0');
  return age > kLongestAge ? std::nullopt : std::optional(age);
}

// Postfix's ".example" is no pattern here.
std::optional<std::string> pattern_in(std::string_view text) {
  return text.starts_with('.') ? std::nullopt : sts_pattern(text);
}

class Reader {
 public:
  [[nodiscard]] Result<void> add(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return invalid("a line of the policy has no colon");
    const auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (!is_field_name(name)) return invalid("a field of the policy has no name");
    if (value.empty()) return invalid(format("the field {} of the policy is empty", name));
    policy_.lines.emplace_back(line);
    return add(name, value);
  }

  [[nodiscard]] Result<PublishedPolicy> policy() {
    if (!version_) return invalid("the policy has no version");
    if (!mode_) return invalid("the policy has no mode");
    if (!max_age_) return invalid("the policy has no max_age");
    if (*mode_ != PublishedMode::None && policy_.patterns.empty())
      return invalid("the policy names no mx");
    policy_.mode = *mode_;
    policy_.max_age = *max_age_;
    return std::move(policy_);
  }

 private:
  // Of what may not be repeated the first counts, and of the others nothing.
  [[nodiscard]] Result<void> add(std::string_view name, std::string_view value) {
    if (name == "mx") return add_pattern(value);
    if (name == "version" && !version_) {
      if (value != "STSv1") return invalid("the policy is of another version");
      version_ = true;
    } else if (name == "mode" && !mode_) {
      mode_ = mode_in(value);
      if (!mode_) return invalid("the policy has no mode that there is");
    } else if (name == "max_age" && !max_age_) {
      max_age_ = age_in(value);
      if (!max_age_) return invalid("the policy's max_age is not 0 to 31557600");
    }
    return {};
  }

  [[nodiscard]] Result<void> add_pattern(std::string_view text) {
    auto pattern = pattern_in(text);
    if (!pattern) return invalid("an mx of the policy is no pattern");
    if (policy_.patterns.size() == kMostPatterns)
      return invalid(format("the policy names more than {} mx", kMostPatterns));
    policy_.patterns.push_back(*std::move(pattern));
    return {};
  }

  PublishedPolicy policy_;
  std::optional<PublishedMode> mode_;
  std::optional<std::chrono::seconds> max_age_;
  bool version_ = false;
};

// Up to LF or CRLF; `text` is left with what follows.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

const char* mode_text(PublishedMode mode) {
  switch (mode) {
    case PublishedMode::Enforce:
      return "enforce";
    case PublishedMode::Testing:
      return "testing";
    case PublishedMode::None:
      break;
  }
  return "none";
}

// D-231
Result<PublishedPolicy> parse_policy(std::string_view text) {
  if (text.size() > kLongestPolicy)
    return invalid(format("the policy has more than {} octets", kLongestPolicy));
  Reader reader;
  while (!text.empty()) {
    auto line = take_line(text);
    if (std::any_of(line.begin(), line.end(), is_control))
      return invalid("the policy has control characters");
    const auto end = line.find_last_not_of(" \t");
    if (end == std::string_view::npos) continue;  // an empty line
    if (auto added = reader.add(line.substr(0, end + 1)); !added)
      return tl::unexpected(added.error());
  }
  return reader.policy();
}

}  // namespace danesmtp::tool
