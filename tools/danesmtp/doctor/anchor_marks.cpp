// SPDX-License-Identifier: GPL-2.0-or-later
#include "anchor_marks.h"

#include <algorithm>
#include <charconv>

#include "core/format.h"
#include "core/words.h"

namespace danesmtp::tool {
namespace {

constexpr std::string_view kState = ";;state=";
constexpr std::string_view kLastSuccess = ";;last_success: ";
constexpr std::size_t kStates = 6;

// The number behind a mark; none: it is not in this line.
std::optional<std::int64_t> number_behind(std::string_view mark, std::string_view line) {
  const auto at = line.find(mark);
  if (at == line.npos) return std::nullopt;
  line.remove_prefix(at + mark.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  return number;
}

// ". 86400 IN DNSKEY 257 3 8 BASE64 ;{id = 20326}"
std::optional<KeyId> key_of(std::string_view line) {
  const auto words = words_of(line.substr(0, line.find(';')), " \t");
  const auto type = std::find(words.begin(), words.end(), "DNSKEY");
  std::string anchor = ". IN";
  for (auto word = type; word != words.end(); ++word) anchor += " " + std::string(*word);
  return anchor_key_id(anchor);
}

}  // namespace

const char* state_text(AnchorState state) {
  switch (state) {
    case AnchorState::Start:
      return "START";
    case AnchorState::AddPend:
      return "ADDPEND";
    case AnchorState::Valid:
      return "VALID";
    case AnchorState::Missing:
      return "MISSING";
    case AnchorState::Revoked:
      return "REVOKED";
    case AnchorState::Removed:
      return "REMOVED";
  }
  return "?";
}

std::string AnchorMarks::others_text() const {
  std::vector<std::string> others;
  for (const auto& key : keys)
    if (key.state != AnchorState::Valid)
      others.push_back(format("{} {}", key.id.tag, state_text(key.state)));
  return join(others, ", ");
}

bool AnchorMarks::waits_for(const KeyId& key) const {
  return std::any_of(keys.begin(), keys.end(), [&](const MarkedKey& marked) {
    return marked.id == key && marked.state == AnchorState::AddPend;
  });
}

AnchorMarks anchor_marks(std::string_view text) {
  AnchorMarks marks;
  for (const auto line : words_of(text, "\n")) {
    if (const auto seconds = number_behind(kLastSuccess, line); seconds && *seconds > 0)
      marks.last_success = WallTime(std::chrono::seconds(*seconds));
    const auto state = number_behind(kState, line);
    const auto id = state ? key_of(line) : std::nullopt;
    if (id && *state < static_cast<std::int64_t>(kStates))
      marks.keys.push_back({*id, static_cast<AnchorState>(*state)});
  }
  return marks;
}

}  // namespace danesmtp::tool
