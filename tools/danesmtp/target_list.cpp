// SPDX-License-Identifier: GPL-2.0-or-later
#include "target_list.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>

#include "core/format.h"

namespace danesmtp::tool {
namespace {

constexpr const char* kBlank = " \t\r";

// A '#' in the local part of an address (RFC 5322 3.2.3) begins none.
std::string without_comment(const std::string& line) {
  for (auto at = line.find('#'); at != std::string::npos; at = line.find('#', at + 1)) {
    const bool in_word = at > 0 && line[at - 1] != ' ' && line[at - 1] != '\t';
    const std::string rest = line.substr(at, line.find_first_of(kBlank, at) - at);
    if (!in_word || rest.find('@') == std::string::npos) return line.substr(0, at);
  }
  return line;
}

std::string stripped(const std::string& text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// What may be addresses: all between angle brackets, or every word.
std::vector<std::string> words_of(const std::string& line) {
  const bool bracketed = line.find('<') != std::string::npos;
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    if (bracketed) at = line.find('<', at);
    if (at == std::string::npos) break;
    const auto end = std::min(line.find_first_of(bracketed ? ">" : " \t\r,;()\"", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

std::vector<std::string> targets_in(const std::string& line) {
  const std::string text = stripped(without_comment(line));
  std::vector<std::string> domains;
  for (const auto& word : words_of(text))
    if (const auto at = word.rfind('@'); at != std::string::npos && at + 1 < word.size())
      domains.push_back(word.substr(at + 1));
  if (domains.empty() && !text.empty()) domains.push_back(text);
  return domains;
}

Result<void> TargetList::open(const std::string& path) {
  lines_ = &std::cin;
  if (path == "-") return {};
  file_.open(path);
  lines_ = &file_;
  // A directory opens, and fails to be read.
  if (file_.is_open() && (file_.peek() != std::char_traits<char>::eof() || !file_.bad())) {
    file_.clear();
    return {};
  }
  return fail(ErrorKind::Io,
              format("--list: {}: {}; name a file with a domain or an address a line, or "
                     "- for standard input",
                     path, std::strerror(errno)));
}

std::optional<std::string> TargetList::next() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string line;
  while (waiting_.empty() && lines_ && std::getline(*lines_, line))
    for (const auto& target : targets_in(line)) waiting_.push_back(target);
  if (waiting_.empty()) return std::nullopt;
  std::string next = std::move(waiting_.front());
  waiting_.pop_front();
  return next;
}

bool TargetList::is_new(const std::string& target) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return given_.insert(target).second;
}

}  // namespace danesmtp::tool
