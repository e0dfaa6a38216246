// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/dns_name.h"

#include <arpa/inet.h>

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/format.h"

namespace danesmtp {
namespace {

constexpr std::size_t kMaxLabel = 63;  // RFC 1035 2.3.4
constexpr std::size_t kMaxName = 253;  // 255 octets in wire form

Error bad(std::string_view name, std::string_view why) {
  return {ErrorKind::BadInput, format("\"{}\" is not a domain name: {}", printable(name), why)};
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

struct Idn2Free {
  void operator()(char* p) const { idn2_free(p); }
};

Result<std::string> to_a_labels(std::string_view text) {
  std::string source(text);
  char* converted = nullptr;
  int rc = idn2_to_ascii_8z(source.c_str(), &converted, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  std::unique_ptr<char, Idn2Free> holder(converted);
  if (rc != IDN2_OK) return tl::unexpected(bad(text, idn2_strerror(rc)));
  return std::string(converted);
}

std::string octet_text(std::uint8_t octet) {
  const char c = lower(static_cast<char>(octet));
  return is_name_character(c) ? std::string(1, c) : format("\\{:03}", octet);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The octet at `at`, which moves behind it (RFC 1035 5.1).
std::optional<std::uint8_t> unescaped(std::string_view text, std::size_t& at) {
  const auto octet = [](char c) { return static_cast<std::uint8_t>(c); };
  if (text[at] != '\\') return octet(text[at++]);
  if (++at == text.size()) return std::nullopt;
  if (!is_digit(text[at])) return octet(text[at++]);
  if (at + 3 > text.size() || !is_digit(text[at + 1]) || !is_digit(text[at + 2]))
    return std::nullopt;
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  at += 3;
  return value > 255 ? std::nullopt : std::optional(static_cast<std::uint8_t>(value));
}

// Why `text` is no name, or nullptr.
const char* fault(std::string_view text) {
  if (text.empty()) return "it is empty";
  if (text.size() > kMaxName) return "it is too long";
  std::size_t label = 0;
  for (char c : text) {
    if (c == '.') {
      if (label == 0) return "it has an empty label";
      label = 0;
    } else if (!is_name_character(c)) {
      return "it has a character that host names do not have";
    } else if (++label > kMaxLabel) {
      return "a label is too long";
    }
  }
  return label == 0 ? "it has an empty label" : nullptr;
}

}  // namespace

// RFC 7672 3.2.3, D-090: A-labels in lower case, without the dot at the end; no NUL (D-091).
Result<DnsName> DnsName::parse(std::string_view text) {
  std::string name(text);
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (name.find('\0') != std::string::npos) return tl::unexpected(bad(text, "it has a NUL octet"));
  if (std::any_of(name.begin(), name.end(), [](char c) { return (c & 0x80) != 0; })) {
    auto converted = to_a_labels(name);
    if (!converted) return tl::unexpected(converted.error());
    name = *converted;
  }
  // Only now: a superscript or full-width digit is a digit after the conversion.
  if (is_ip_address(name)) return tl::unexpected(bad(text, "it is an IP address"));
  std::transform(name.begin(), name.end(), name.begin(), lower);
  if (const char* why = fault(name)) return tl::unexpected(bad(text, why));
  return DnsName(std::move(name));
}

// RFC 2181 11: any octets are a label; written so that equal names have equal text.
Result<DnsName> DnsName::from_wire(ByteView wire) {
  std::string name;
  std::size_t at = 0;
  while (at < wire.size() && wire[at] != 0) {
    const std::size_t length = wire[at];
    if (length > kMaxLabel || at + 1 + length >= wire.size())
      return fail(ErrorKind::BadInput, "a damaged domain name");
    if (!name.empty()) name += '.';
    for (auto octet : wire.subspan(at + 1, length)) name += octet_text(octet);
    at += 1 + length;
  }
  if (at >= wire.size() || at > kMaxName + 1)
    return fail(ErrorKind::BadInput, "a damaged domain name");
  if (name.empty()) return fail(ErrorKind::BadInput, "the name of the root");
  return DnsName(std::move(name));
}

Result<DnsName> DnsName::from_dns_text(std::string_view text) {
  Bytes wire(1);
  std::size_t start = 0;  // where the label's length is
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      if (wire.size() - start == 1) return tl::unexpected(bad(text, "it has an empty label"));
      start = wire.size();
      wire.push_back(0);
      ++at;
      continue;
    }
    const auto octet = unescaped(text, at);
    if (!octet) return tl::unexpected(bad(text, "it has a broken escape"));
    if (wire.size() - start > kMaxLabel) return tl::unexpected(bad(text, "a label is too long"));
    wire.push_back(*octet);
    ++wire[start];
  }
  if (wire.size() - start > 1) wire.push_back(0);  // no dot at the end
  if (wire.size() > kMaxName + 2) return tl::unexpected(bad(text, "it is too long"));
  auto name = from_wire(wire);
  if (!name) return tl::unexpected(bad(text, name.error().text));
  return name;
}

Result<DnsName> DnsName::of_any_kind(std::string_view text) {
  auto name = parse(text);
  if (name || is_ip_address(text)) return name;
  auto octets = from_dns_text(text);
  return octets ? octets : name;
}

// RFC 6698 3, D-061
Result<DnsName> DnsName::tlsa_owner(std::uint16_t port) const {
  return from_dns_text(format("_{}._tcp.{}", port, text_));
}

bool is_ip_address(std::string_view text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
    constexpr std::string_view tag = "IPv6:";  // RFC 5321 4.1.3
    if (text.substr(0, tag.size()) == tag) text.remove_prefix(tag.size());
  }
  std::string address(text);
  in6_addr buffer{};
  return inet_pton(AF_INET, address.c_str(), &buffer) == 1 ||
         inet_pton(AF_INET6, address.c_str(), &buffer) == 1;
}

}  // namespace danesmtp
