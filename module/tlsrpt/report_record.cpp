// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 8460 3 and its grammar: fields "name=value", with ";" between them and perhaps at the end.
#include "tlsrpt/report_record.h"

#include <algorithm>
#include <string_view>

#include "core/format.h"
#include "core/words.h"

namespace danesmtp {
namespace {

constexpr std::string_view kVersion = "v=TLSRPTv1";
constexpr std::string_view kSpace = " \t";
constexpr std::string_view kSchemes[] = {"mailto:", "https://"};
constexpr std::size_t kLongest = 4096;  // octets; a list of addresses is far shorter

// The part before the separator; `rest` is left with what follows it.
std::string_view cut(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return trimmed(part);
}

bool printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

// "v=TLSRPTv1", white space, ";": all else is a record of something else, and is discarded.
bool is_of_this_version(std::string_view text) {
  if (text.substr(0, kVersion.size()) != kVersion) return false;
  const auto next = text.find_first_not_of(kSpace, kVersion.size());
  return next != std::string_view::npos && text[next] == ';';
}

bool is_report_uri(std::string_view uri) {
  return std::any_of(std::begin(kSchemes), std::end(kSchemes), [&](std::string_view scheme) {
    return uri.size() > scheme.size() && uri.substr(0, scheme.size()) == scheme;
  });
}

// At least one URI of a kind that reports can be sent to; others may stand beside it.
bool names_a_destination(std::string_view rua) {
  bool found = false;
  while (!rua.empty()) found = is_report_uri(cut(rua, ',')) || found;
  return found;
}

// D-171
bool well_formed(std::string_view fields) {
  int destinations = 0;
  while (!fields.empty()) {
    const auto field = cut(fields, ';');
    const auto equals = field.find('=');
    if (field.empty() && fields.empty()) break;  // a ";" at the end
    if (equals == 0 || equals == std::string_view::npos) return false;
    if (field.substr(0, equals) != "rua") continue;  // unknown fields are ignored
    if (!names_a_destination(field.substr(equals + 1))) return false;
    ++destinations;
  }
  return destinations == 1;
}

}  // namespace

Result<DnsName> report_record_owner(const DnsName& domain) {
  return DnsName::from_dns_text(format("_smtp._tls.{}", domain.text()));
}

// D-170
std::optional<std::string> report_record(const std::vector<std::string>& texts) {
  const auto ours = [](const std::string& text) { return is_of_this_version(text); };
  if (std::count_if(texts.begin(), texts.end(), ours) != 1) return std::nullopt;
  const auto& record = *std::find_if(texts.begin(), texts.end(), ours);
  if (record.size() > kLongest || !printable_ascii(record)) return std::nullopt;
  if (!well_formed(record.substr(record.find(';') + 1))) return std::nullopt;
  return record;
}

}  // namespace danesmtp
