// SPDX-License-Identifier: GPL-2.0-or-later
// Replies line by line, and what EHLO's offers. A reply that was put together has one code in all
// its lines and is put together again from its own text; its parts are within bounds. RFC 5321 4.2.
#include "fuzz/fuzz_support.h"
#include "smtp/ehlo.h"
#include "smtp/reply.h"

using namespace danesmtp;
using fuzz::must;

namespace {

void check_offers(const SmtpReply& reply) {
  const EhloCapabilities offered = parse_ehlo(reply);
  must(!offered.size_limit || (offered.size && *offered.size_limit > 0));
  for (const auto& limit : {offered.limits.mail_max, offered.limits.rcpt_max})
    must(!limit || *limit > 0);
  for (const auto& mechanism : offered.auth_mechanisms) {
    must(!mechanism.empty());
    must(mechanism.find_first_of(" \t") == std::string::npos);
  }
}

void check(const SmtpReply& reply) {
  must(reply.code >= 200 && reply.code <= 599);
  must(!reply.lines.empty() && reply.lines.size() <= ReplyAssembler::kMaxOctets);
  must(!reply.enhanced || reply.enhanced->status_class == reply.code / 100);
  for (const auto& line : reply.lines) must(line.find('\0') == std::string::npos);

  ReplyAssembler again;
  const std::string text = to_text(reply);
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    auto part = again.add(std::string_view(text).substr(at, end - at));
    must(part.has_value());
    must(part->has_value() == (end == text.size()));
    if (part->has_value()) must(**part == reply);
    at = end + 1;
  }
  check_offers(reply);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets = as_text({data, size});
  ReplyAssembler assembler;
  for (std::size_t at = 0; at <= octets.size();) {
    const std::size_t end = std::min(octets.find('\n', at), octets.size());
    auto reply = assembler.add(octets.substr(at, end - at));
    if (reply && reply->has_value()) check(**reply);
    if (!reply) must(!reply.error().text.empty());
    at = end + 1;
  }
  return 0;
}
