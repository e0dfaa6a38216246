// SPDX-License-Identifier: GPL-2.0-or-later
// A fully qualified domain name as A-labels in lower case, without the trailing dot. Holding one
// means that it can be put into a DNS query or a comparison as it is; into an SNI extension and
// against a certificate only if it is a host name. Names are never completed with a search suffix
// (D-057).
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

  // An uncompressed name in wire form (RFC 1035 3.1) at the start of `wire`, whatever octets its
  // labels have: the DNS takes any (RFC 2181 11). The root gives BadInput.
  [[nodiscard]] static Result<DnsName> from_wire(ByteView wire);

  // Text as DNS libraries print names (RFC 1035 5.1): "\." and "\DDD" stand for an octet. Nothing
  // is converted. BadInput: the root, an empty label, a label or a name that is too long.
  [[nodiscard]] static Result<DnsName> from_dns_text(std::string_view text);

  // Text from Exim: parse(), or where that refuses it from_dns_text(); never an IP address.
  [[nodiscard]] static Result<DnsName> of_any_kind(std::string_view text);

  // "_port._tcp.name", the owner of the TLSA records (RFC 6698 3). BadInput: there is no room.
  [[nodiscard]] Result<DnsName> tlsa_owner(std::uint16_t port) const;

  // Octets outside letters, digits, '-' and '_' are written "\DDD", which no host name has.
  const std::string& text() const { return text_; }
  bool is_host_name() const { return text_.find('\\') == std::string::npos; }

  // NOLINTNEXTLINE(modernize-use-nullptr): the compiler's own comparison with 0
  friend auto operator<=>(const DnsName&, const DnsName&) = default;

 private:
  explicit DnsName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// True for the text form of an IPv4 or IPv6 address, with or without brackets.
bool is_ip_address(std::string_view text);

}  // namespace danesmtp
