// SPDX-License-Identifier: GPL-2.0-or-later
#include "record_input.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

#include "core/format.h"
#include "dane/tlsa_match.h"

namespace danesmtp::tool {
namespace {

using Words = std::vector<std::string>;

bool is_one_of(const std::string& word, std::initializer_list<const char*> known) {
  return std::any_of(known.begin(), known.end(),
                     [&](const char* one) { return strcasecmp(word.c_str(), one) == 0; });
}

// Entries of a zone file, as words: a comment ends with its line, parentheses join lines.
class Entries {
 public:
  explicit Entries(std::string_view text) {
    for (char c : text) take(c);
    take('\n');
    end_entry();  // also one whose parenthesis is not closed
  }

  std::vector<Words> all;

 private:
  void take(char c) {
    if (c == '\n') comment_ = false;
    if (c == ';') comment_ = true;
    if (c == '(' && !comment_) open_ = true;
    if (c == ')' && !comment_) open_ = false;
    const bool between = comment_ || std::string_view(" \t\r\n()").find(c) != std::string::npos;
    if (!between) {
      word_ += c;
      return;
    }
    if (!word_.empty()) words_.push_back(std::exchange(word_, {}));
    if (c == '\n' && !open_) end_entry();
  }

  void end_entry() {
    if (!words_.empty()) all.push_back(std::exchange(words_, {}));
  }

  Words words_;
  std::string word_;
  bool comment_ = false;
  bool open_ = false;
};

constexpr std::size_t kBeforeType = 4;  // owner, TTL, class, and then the type

// The rdata's words of an entry; empty for one that is no TLSA record. Without a type it is rdata.
Words rdata_of(const Words& entry) {
  if (entry.front().front() == '$') return {};
  for (std::size_t i = 0; i < std::min(entry.size(), kBeforeType); ++i) {
    const auto rest = entry.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (is_one_of(entry[i], {"TLSA", "TYPE52"})) return {rest, entry.end()};
    if (i > 0 && is_one_of(entry[i], {"RRSIG", "CNAME", "DNAME", "SOA", "NS", "NSEC", "NSEC3"}))
      return {};
  }
  return entry;
}

std::string joined_data(const Words& words, std::size_t from) {
  std::string digits;
  for (std::size_t i = from; i < words.size(); ++i)
    for (char c : words[i])
      if (c != ':') digits += c;  // as openssl(1) prints octets
  return digits;
}

Result<Bytes> octets(const std::string& digits) {
  const auto wrong = digits.find_first_not_of("0123456789abcdefABCDEF");
  if (wrong != std::string::npos)
    return fail(ErrorKind::BadInput, format("\"{}\" in the TLSA data is not a hexadecimal digit",
                                            printable(digits.substr(wrong, 1))));
  if (digits.size() % 2 != 0)
    return fail(ErrorKind::BadInput,
                format("the TLSA data has {} hexadecimal digits, an odd number: one is missing or "
                       "too many",
                       digits.size()));
  return from_hex(digits);
}

// "\# LENGTH HEX"
Result<TlsaRecord> generic_record(const Words& words) {
  std::size_t length = 0;
  const std::string text = words.size() > 1 ? words[1] : "";
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size())
    return fail(ErrorKind::BadInput, "behind \\# stands no length");
  auto rdata = octets(joined_data(words, 2));
  if (!rdata) return tl::unexpected(rdata.error());
  if (rdata->size() != length)
    return fail(ErrorKind::BadInput,
                format("the generic form says {} octets and has {}", length, rdata->size()));
  return parse_tlsa_rdata(*rdata);
}

Result<TlsaRecord> one_record(const Words& words) {
  if (words.front() == "\\#") return generic_record(words);
  constexpr std::size_t kFields = 3;
  auto data = octets(joined_data(words, std::min(kFields, words.size())));
  std::string text;
  for (std::size_t i = 0; i < std::min(kFields, words.size()); ++i) text += words[i] + " ";
  if (words.size() < kFields) return parse_tlsa_text(text);  // which says what is missing
  // A wrong field is told before wrong data.
  auto record = parse_tlsa_text(text + (data && !data->empty() ? to_hex(*data) : "00"));
  if (record && !data) return tl::unexpected(data.error());
  if (record && data->empty()) return fail(ErrorKind::BadInput, "the TLSA data is missing");
  return record;
}

}  // namespace

Result<std::vector<TlsaRecord>> read_records(std::string_view text) {
  std::vector<TlsaRecord> records;
  for (const auto& entry : Entries(text).all) {
    const auto words = rdata_of(entry);
    const bool typed_but_empty = words.empty() && is_one_of(entry.back(), {"TLSA", "TYPE52"});
    if (typed_but_empty) return fail(ErrorKind::BadInput, "the TLSA data is missing");
    if (words.empty()) continue;
    auto record = one_record(words);
    if (!record) return tl::unexpected(record.error());
    records.push_back(std::move(*record));
  }
  if (records.empty()) return fail(ErrorKind::BadInput, "no TLSA record in it");
  return records;
}

bool is_digest_of_nothing(const TlsaRecord& record) {
  if (record.matching == TlsaMatching::Full) return false;
  auto nothing = matching_data(record.matching, {});
  return nothing && record.data == *nothing;
}

}  // namespace danesmtp::tool
