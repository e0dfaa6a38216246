// SPDX-License-Identifier: GPL-2.0-or-later
#include "waiting_mail.h"

#include "core/bytes.h"
#include "log_line.h"

namespace danesmtp::tool {
namespace {

// RFC 5321 4.5.3.1: what is longer is told apart by its beginning.
std::string_view bounded(std::string_view address) {
  return address.substr(0, 64 + 1 + 255);
}

}  // namespace

std::int64_t arrival(std::string_view message) {
  constexpr std::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::int64_t seconds = 0;
  for (const char c : message.substr(0, 6))
    seconds = seconds * 62 + static_cast<std::int64_t>(kDigits.find(c));
  return seconds;
}

bool WaitingMail::defer(std::string_view message, std::string_view address, WaitCause cause) {
  auto found = messages_.find(message);
  if (found == messages_.end()) {
    if (recipients_ >= kMost) return false;
    found = messages_.emplace(message, Recipients()).first;
  }
  auto recipient = found->second.find(bounded(address));
  if (recipient != found->second.end()) {
    if (cause != WaitCause::RetryTime) recipient->second = cause;
    return true;
  }
  if (recipients_ >= kMost) return false;
  found->second.emplace(bounded(address), cause);
  ++recipients_;
  return true;
}

void WaitingMail::settle(std::string_view message, std::string_view address) {
  const auto found = messages_.find(message);
  if (found == messages_.end()) return;
  const auto recipient = found->second.find(bounded(address));
  if (recipient == found->second.end()) return;
  found->second.erase(recipient);
  --recipients_;
  if (found->second.empty()) messages_.erase(found);
}

void WaitingMail::complete(std::string_view message) {
  const auto found = messages_.find(message);
  if (found == messages_.end()) return;
  recipients_ -= found->second.size();
  messages_.erase(found);
}

void WaitingMail::tell(std::array<CauseCounts, kWaitCauses>& causes) const {
  for (const auto& [message, recipients] : messages_)
    for (const auto& [address, cause] : recipients) {
      auto& counts = causes[static_cast<std::size_t>(cause)];
      ++counts.waiting;
      const auto came = arrival(message);
      if (!counts.oldest.empty() && counts.oldest_at <= came) continue;
      counts.oldest = message;
      counts.oldest_at = came;
      counts.oldest_domain = printable(domain_of(address));
    }
}

}  // namespace danesmtp::tool
