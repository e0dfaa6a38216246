// SPDX-License-Identifier: GPL-2.0-or-later
#include "zone_line.h"

#include "core/format.h"

namespace danesmtp::tool {

std::string zone_line(const DnsName& owner, const TlsaRecord& record) {
  return format("{}. IN TLSA {}", owner.text(), to_text(record));
}

std::string generic_zone_line(const DnsName& owner, const TlsaRecord& record) {
  return format("{}. IN TYPE52 \\# {} {:02x}{:02x}{:02x}{}", owner.text(), 3 + record.data.size(),
                static_cast<int>(record.usage), static_cast<int>(record.selector),
                static_cast<int>(record.matching), to_hex(record.data));
}

std::string shown(const TlsaRecord& record) {
  constexpr std::size_t kMost = 40;
  const std::string text = to_text(record);
  return text.size() > kMost ? text.substr(0, kMost) + "..." : text;
}

}  // namespace danesmtp::tool
