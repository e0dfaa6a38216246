// SPDX-License-Identifier: GPL-2.0-or-later
#include "log_line.h"

#include <algorithm>

namespace danesmtp::tool {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_base62(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool starts(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

// `form`: 'd' stands for a digit, 'x' for one of base 62, all else for itself.
bool has_form(std::string_view text, std::string_view form) {
  if (text.size() < form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool fits = form[i] == 'd'   ? is_digit(text[i])
                      : form[i] == 'x' ? is_base62(text[i])
                                       : text[i] == form[i];
    if (!fits) return false;
  }
  return true;
}

// The line from the left, a part at a time.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::string_view rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }
  void skip(std::size_t count) { rest_.remove_prefix(std::min(count, rest_.size())); }
  bool take(std::string_view text);
  std::string_view word();     // up to a blank, which is passed over
  std::string_view address();  // quoted parts may have blanks
  std::string_view take_size(std::size_t size);

 private:
  std::size_t quoted(std::size_t at) const;

  std::string_view rest_;
};

bool Reader::take(std::string_view text) {
  if (!starts(rest_, text)) return false;
  skip(text.size());
  return true;
}

std::string_view Reader::take_size(std::size_t size) {
  const auto taken = rest_.substr(0, size);
  skip(taken.size());
  return taken;
}

// Behind the quoted string that begins at `at`, or the end.
std::size_t Reader::quoted(std::size_t at) const {
  for (++at; at < rest_.size() && rest_[at] != '"'; ++at)
    if (rest_[at] == '\\') ++at;
  return std::min(at + 1, rest_.size());
}

// A word may have quoted parts, and parts between angle brackets: F=<"a b"@example.org>.
std::string_view Reader::word() {
  std::size_t end = 0;
  bool bracketed = false;
  while (end < rest_.size() && (bracketed || rest_[end] != ' ')) {
    if (rest_[end] == '<') bracketed = true;
    if (rest_[end] == '>') bracketed = false;
    end = rest_[end] == '"' ? quoted(end) : end + 1;
  }
  const auto word = take_size(end);
  take(" ");
  return word;
}

// "alias <bob@example.org>": the first is where it went.
std::string_view Reader::address() {
  const auto address = word();
  if (starts(rest_, "<")) word();
  return address;
}

constexpr std::size_t kDay = 10;

// "2026-11-28 07:56:28", with tenths, a zone and a process where log_selector has them.
std::string_view take_time(Reader& reader) {
  if (!has_form(reader.rest(), "dddd-dd-dd dd:dd:dd")) return {};
  const auto day = reader.take_size(kDay);
  reader.skip(1);
  reader.word();
  if (has_form(reader.rest(), "+dddd ") || has_form(reader.rest(), "-dddd ")) reader.word();
  if (has_form(reader.rest(), "[d")) reader.word();
  return day;
}

// In its form since 4.97, or before.
std::string_view take_message(Reader& reader) {
  for (std::string_view form : {"xxxxxx-xxxxxxxxxxx-xxxx ", "xxxxxx-xxxxxx-xx "})
    if (has_form(reader.rest(), form)) return reader.word();
  return {};
}

bool is_this_machine(std::string_view address) {
  return starts(address, "[127.") || starts(address, "[::1]");
}

// "H=mx.example.org DS [192.0.2.1]:25 ...", from behind "H=".
void take_host(Reader& reader, LogLine& line) {
  line.host = reader.word();
  line.signed_host = reader.take("DS ");
  if (is_this_machine(reader.rest())) line.host = {};
}

// The fields of a delivery. Those that a peer writes, DN= and C=, come behind those wanted.
void take_delivery(Reader& reader, LogLine& line) {
  bool encrypted = false;
  bool found = false;
  while (!reader.at_end()) {
    if (starts(reader.rest(), "DN=") || starts(reader.rest(), "C=")) return;
    if (!found && reader.take("H=")) {
      found = true;
      take_host(reader, line);
      continue;
    }
    const auto word = reader.word();
    if (starts(word, "X=") && !encrypted) {
      encrypted = true;
      line.protection = Protection::Encrypted;
    } else if (starts(word, "CV=") && encrypted) {
      if (word == "CV=dane") line.protection = Protection::Dane;
      if (word == "CV=yes") line.protection = Protection::Verified;
      return;
    }
  }
}

// Behind "[192.0.2.1]:25", the ": " and what follows it.
std::string_view text_behind_address(std::string_view rest) {
  const auto end = rest.find(']');
  if (end == kNone) return {};
  const auto colon = rest.find(": ", end);
  return colon == kNone ? std::string_view() : rest.substr(colon + 2);
}

// "R=mx T=remote_smtp defer (-53) H=mx.example.org [192.0.2.1]:25: text", or "... defer: text".
void take_deferral(Reader& reader, LogLine& line) {
  while (!reader.at_end() && !starts(reader.rest(), "defer")) reader.word();
  reader.take("defer");
  if (starts(reader.rest(), " (")) {
    const auto end = std::min(reader.rest().find(')'), reader.rest().size());
    reader.skip(end + 1);
  }
  if (reader.take(" H=")) {
    take_host(reader, line);
    line.text = text_behind_address(reader.rest());
  } else if (reader.take(": ")) {
    line.text = reader.rest();
  }
}

void take_recipient(Reader& reader, LogLine& line) {
  line.address = reader.address();
  if (!line.address.empty() && line.address.back() == ':') line.address.remove_suffix(1);
  line.domain = domain_of(line.address);
}

// "H=mx.example.org [192.0.2.1]: TLS session: DANE: ...".
void take_host_trouble(Reader& reader, LogLine& line) {
  take_host(reader, line);
  line.text = text_behind_address(reader.rest());
  if (starts(line.text, "TLS session: DANE: ")) line.kind = LineKind::HostRefused;
}

// Exim's own driver: "DANE attempt failed; TLS connection to mx.example.org [192.0.2.1]: ...".
void take_refusal(Reader& reader, LogLine& line) {
  line.kind = LineKind::HostRefused;
  line.host = reader.word();
  line.text = text_behind_address(reader.rest());
}

// "H=mx.lab [192.0.2.1]: why: not enforced for example.org", "mx.lab would not be used for
// example.org: why".
void take_audit(Reader& reader, LogLine& line) {
  constexpr std::string_view kEnd = ": not enforced for ";
  line.kind = LineKind::Audited;
  if (reader.take("H=")) {
    line.host = reader.word();
    line.text = text_behind_address(reader.rest());
    const auto end = line.text.rfind(kEnd);
    if (end == kNone) return;
    line.domain = line.text.substr(end + kEnd.size());
    line.text = line.text.substr(0, end);
    return;
  }
  line.host = reader.word();
  if (!reader.take("would not be used for ")) return;
  const auto end = std::min(reader.rest().find(": "), reader.rest().size());
  line.domain = reader.take_size(end);
  reader.take(": ");
  line.text = reader.rest();
}

void take_event(Reader& reader, LogLine& line) {
  if (reader.take("=> ") || reader.take("-> ") || reader.take(">> ")) {
    line.kind = LineKind::Delivered;
    take_recipient(reader, line);
    take_delivery(reader, line);
  } else if (reader.take("== ")) {
    line.kind = LineKind::Deferred;
    take_recipient(reader, line);
    take_deferral(reader, line);
  } else if (reader.take("** ")) {
    line.kind = LineKind::Failed;
    take_recipient(reader, line);
  } else if (reader.rest() == "Completed" || starts(reader.rest(), "Completed ")) {
    line.kind = LineKind::Completed;
  } else if (reader.take("H=")) {
    take_host_trouble(reader, line);
  } else if (reader.take("DANE audit: ")) {
    take_audit(reader, line);
  } else if (reader.take("DANE attempt failed; TLS connection to ")) {
    take_refusal(reader, line);
  }
}

}  // namespace

std::string_view domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == kNone) return {};
  return address.substr(at + 1);
}

LogLine parse_log_line(std::string_view text) {
  LogLine line;
  Reader reader(text);
  line.day = take_time(reader);
  if (line.day.empty()) return line;
  line.kind = LineKind::Other;
  line.message = take_message(reader);
  if (!line.message.empty()) take_event(reader, line);
  return line;
}

}  // namespace danesmtp::tool
