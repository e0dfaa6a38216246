// SPDX-License-Identifier: GPL-2.0-or-later
#include "sts_record.h"

#include <algorithm>
#include <string_view>

#include "core/format.h"
#include "core/words.h"
#include "sts_syntax.h"

namespace danesmtp::tool {
namespace {

constexpr std::string_view kVersion = "v=STSv1;";
constexpr std::size_t kLongestId = 32;
constexpr std::size_t kLongest = 4096;  // octets of a record

bool is_of_this_version(const std::string& text) {
  return text.starts_with(kVersion);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kLongestId &&
         std::all_of(text.begin(), text.end(), is_alphanumeric);
}

// Visible characters, without "=" and ";".
bool is_extension_value(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '=' && c != ';';
  });
}

struct Field {
  std::string_view name;
  std::string_view value;
};

// Nothing: it is none.
std::optional<Field> field_in(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const Field field{text.substr(0, equals), text.substr(equals + 1)};
  const bool good = field.name == "id"
                        ? is_id(field.value)
                        : is_field_name(field.name) && is_extension_value(field.value);
  return good ? std::optional(field) : std::nullopt;
}

// RFC 8461 3.1: unknown fields are ignored, of two ids the first counts.
std::optional<std::string> id_among(std::string_view fields) {
  std::optional<std::string> id;
  while (!fields.empty()) {
    const auto end = fields.find(';');
    const auto text = trimmed(fields.substr(0, end));
    fields.remove_prefix(end == std::string_view::npos ? fields.size() : end + 1);
    if (text.empty() && fields.empty()) break;  // a ";" at the end
    const auto field = field_in(text);
    if (!field) return std::nullopt;
    if (field->name == "id" && !id) id = std::string(field->value);
  }
  return id;
}

}  // namespace

Result<DnsName> sts_record_owner(const DnsName& domain) {
  return DnsName::from_dns_text(format("_mta-sts.{}", domain.text()));
}

Result<DnsName> policy_host(const DnsName& domain) {
  return DnsName::from_dns_text(format("mta-sts.{}", domain.text()));
}

// D-230
std::optional<std::string> sts_record_id(const std::vector<std::string>& texts) {
  if (std::count_if(texts.begin(), texts.end(), is_of_this_version) != 1) return std::nullopt;
  const auto& record = *std::find_if(texts.begin(), texts.end(), is_of_this_version);
  if (record.size() > kLongest) return std::nullopt;
  return id_among(std::string_view(record).substr(kVersion.size()));
}

}  // namespace danesmtp::tool
