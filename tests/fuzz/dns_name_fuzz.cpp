// SPDX-License-Identifier: GPL-2.0-or-later
// Names: from text, from wire form, and inside a whole DNS reply with its compression pointers. A
// name that was read is read again as itself. RFC 1035 3.1, 4.1.4; RFC 5891.
#include "core/dns_name.h"
#include "dns/dns_message.h"
#include "fuzz/fuzz_support.h"

using namespace danesmtp;
using fuzz::must;

namespace {

constexpr std::size_t kLongest = 253;
constexpr std::size_t kLongestEscaped = 4 * kLongest;  // each octet as \DDD

void check(const DnsName& name) {
  must(!name.text().empty());
  must(name.text().size() <= (name.is_host_name() ? kLongest : kLongestEscaped));
  must(DnsName::parse(name.text()).has_value() == name.is_host_name() ||
       is_ip_address(name.text()));
  must(DnsName::from_dns_text(name.text()) == name);
  must(DnsName::from_dns_text(name.text() + ".") == name);
  if (const auto owner = name.tlsa_owner(25))
    must(DnsName::from_dns_text(owner->text()) == owner &&
         owner->text().ends_with("." + name.text()));
}

void check_host_name(const DnsName& name) {
  must(name.is_host_name());
  must(DnsName::parse(name.text()) == name);
  must(DnsName::parse(name.text() + ".") == name);
  check(name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView octets(data, size);
  if (auto name = DnsName::parse(as_text(octets))) check_host_name(*name);
  if (auto name = DnsName::from_dns_text(as_text(octets))) check(*name);
  if (auto name = DnsName::from_wire(octets)) check(*name);
  static_cast<void>(rdata_name_text(octets));

  const DnsQuestion question{"mx.ee.lab", RrType::Cname};
  if (octets.size() >= 2 &&
      is_reply_to(octets, static_cast<std::uint16_t>(data[0] << 8 | data[1]), question)) {
    const auto reply = read_reply(octets, question);
    if (reply && !reply->truncated)
      for (const auto& rdata : reply->records) static_cast<void>(rdata_name_text(rdata));
  }
  return 0;
}
