// SPDX-License-Identifier: GPL-2.0-or-later
// A fully qualified domain name as A-labels in lower case, without the trailing dot. It is only
// ever made by parse(), so holding one means that it can be put into a DNS query, an SNI extension
// or a comparison as it is. Names are never completed with a search suffix (D-057).
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"

namespace danesmtp {

class DnsName {
 public:
  // Text as in a configuration or a recipient's domain; U-labels are converted (RFC 5891), one
  // trailing dot is dropped. BadInput: empty, a label over 63 octets, a name over 253, an IP
  // address, or an octet outside letters, digits, '-' and '_'.
  [[nodiscard]] static Result<DnsName> parse(std::string_view text);

  // An uncompressed name in wire form (RFC 1035 3.1) at the start of `wire`. The root gives
  // BadInput, as does a label with octets that parse() refuses.
  [[nodiscard]] static Result<DnsName> from_wire(ByteView wire);

  // "_port._tcp.name", the owner of the TLSA records (RFC 6698 3).
  [[nodiscard]] Result<DnsName> tlsa_owner(std::uint16_t port) const;

  const std::string& text() const { return text_; }

  friend auto operator<=>(const DnsName&, const DnsName&) = default;

 private:
  explicit DnsName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// True for the text form of an IPv4 or IPv6 address, with or without brackets.
bool is_ip_address(std::string_view text);

}  // namespace danesmtp
