// SPDX-License-Identifier: GPL-2.0-or-later
// DNS messages in wire form (RFC 1035 4, RFC 6891): the query that a stub resolver sends, what the
// reply to it says, and names inside rdata. Pure; every length and pointer of a reply is checked,
// and a reply that is not well formed is an error (DnsFailure), never an empty answer (D-002).
// Whether a reply is to be believed is not known here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/dns_name.h"
#include "core/result.h"
#include "dns/resolver.h"

namespace danesmtp {

enum class RrType : std::uint16_t {
  A = 1,
  Cname = 5,
  Mx = 15,
  Txt = 16,
  Aaaa = 28,
  Dnskey = 48,
  Tlsa = 52
};

// "MX", "TLSA", ...
const char* type_text(RrType type);

// "SERVFAIL", "REFUSED", ... or "rcode n".
std::string rcode_text(int rcode);

// A question; the empty name is the root.
struct DnsQuestion {
  std::string name;
  RrType type = RrType::A;
};

// "MX of example.com", for an error's text.
std::string question_text(const DnsQuestion& question);

// Whether a query has an OPT record (RFC 6891 6.1.1), as each has that is to be believed.
enum class Edns { Sent, Left };

// A query with RD, AD (RFC 6840 5.7) and EDNS with DO, since older resolvers say AD only to DO.
Bytes make_query(std::uint16_t id, const DnsQuestion& question, Edns edns = Edns::Sent);

// True when the octets are a reply to this very query (id, QR, opcode, question); others are to be
// passed over, they may be forged or late.
bool is_reply_to(ByteView message, std::uint16_t id, const DnsQuestion& question);

// What a reply says. `records` has the rdata of the asked type at the end of the CNAME chain, with
// the names in it uncompressed; `canonical` is the chain's end as text.
struct DnsReply {
  int rcode = 0;
  bool truncated = false;   // nothing else is filled in then
  bool authentic = false;   // the AD bit
  bool signatures = false;  // there are RRSIG records (RFC 4034 3) in the answer
  bool edns = false;        // there is an OPT record (RFC 6891 6.1.1)
  std::string canonical;
  std::vector<Bytes> records;
  std::uint32_t ttl = 0;  // the lowest of the chain and the records; 0 without records
};

// `message` must be is_reply_to(). DnsFailure: not well formed, or a CNAME chain over 16 links
// (D-013).
[[nodiscard]] Result<DnsReply> read_reply(ByteView message, const DnsQuestion& question);

// For how many seconds from `now` (since 1970) an answer may be kept by the RRSIG records in its
// answer and authority sections: the least original TTL and time to the end (RFC 4035 5.3.3). 0:
// one has ended, there is none, or the message is not well formed.
std::uint32_t kept_by_signatures(ByteView message, std::uint32_t now);

// An uncompressed name at the end of rdata, which must end with it, as text in lower case without
// the trailing dot; octets that a host name cannot have become \DDD. The root is "".
[[nodiscard]] Result<std::string> rdata_name_text(ByteView wire);

}  // namespace danesmtp
