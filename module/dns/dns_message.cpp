// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 1035 4.1 (format), 4.1.4 (compression), RFC 6891 6.1 (OPT), RFC 2181 10.1 (CNAME).
#include "dns/dns_message.h"

#include <algorithm>
#include <optional>

#include "core/format.h"
#include "dns/signature_times.h"

namespace danesmtp {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kMaxNameWire = 255;  // RFC 1035 2.3.4
constexpr int kMaxCnames = 16;             // D-013
constexpr std::uint32_t kMaxTtl = 0x7fffffff;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint16_t kTypeRrsig = 46;
constexpr std::uint16_t kUdpSize = 1232;  // fits an unfragmented IPv6 packet

constexpr std::uint8_t kFlagQr = 0x80, kFlagTc = 0x02, kFlagRd = 0x01;  // octet 2
constexpr std::uint8_t kOpcodeMask = 0x78;                              // octet 2
constexpr std::uint8_t kFlagAd = 0x20, kRcodeMask = 0x0f;               // octet 3

tl::unexpected<Error> malformed(const char* what) {
  return fail(ErrorKind::DnsFailure, format("malformed reply ({})", what));
}

std::uint16_t get16(ByteView from, std::size_t at) {
  return static_cast<std::uint16_t>(number_in(from.subspan(at, 2)));
}

std::uint32_t get32(ByteView from, std::size_t at) {
  return static_cast<std::uint32_t>(number_in(from.subspan(at, 4)));
}

std::uint8_t lower(std::uint8_t c) {
  return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c - 'A' + 'a') : c;
}

// "a.b" as labels; the text is that of a DnsName, or empty for the root.
Bytes name_wire(std::string_view text) {
  Bytes wire{0};
  std::size_t start = 0;  // where the label's length is
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '.') {
      start = wire.size();
      wire.push_back(0);
      continue;
    }
    unsigned octet = static_cast<std::uint8_t>(text[at]);
    if (octet == '\\' && at + 3 < text.size()) {  // always "\DDD"
      octet = 0;
      for (int digit = 0; digit < 3; ++digit)
        octet = octet * 10 + static_cast<unsigned>(text[++at] - '0');
    }
    wire.push_back(lower(static_cast<std::uint8_t>(octet)));
    ++wire[start];
  }
  if (!text.empty()) wire.push_back(0);
  return wire;
}

struct WireName {
  Bytes wire;            // uncompressed, in lower case
  std::size_t next = 0;  // behind the name in the message, which never begins at 0
};

// Where the pointer at `at` leads: before `limit`, the place where the name or the last jump began,
// so there are no loops.
std::optional<std::size_t> jump(ByteView message, std::size_t at, std::size_t limit) {
  if (at + 2 > message.size()) return std::nullopt;
  std::size_t target = get16(message, at) & 0x3fffU;
  if (target >= limit) return std::nullopt;
  return target;
}

std::optional<WireName> read_name(ByteView message, std::size_t at) {
  WireName name;
  std::size_t limit = at;
  while (at < message.size()) {
    std::size_t length = message[at];
    if ((length & 0xc0) == 0xc0) {
      auto target = jump(message, at, limit);
      if (!target) return std::nullopt;
      if (name.next == 0) name.next = at + 2;
      at = limit = *target;
      continue;
    }
    if (length > 63 || at + 1 + length > message.size()) return std::nullopt;
    if (name.wire.size() + 1 + length > kMaxNameWire) return std::nullopt;
    for (auto octet : message.subspan(at, 1 + length)) name.wire.push_back(lower(octet));
    at += 1 + length;
    if (length > 0) continue;
    if (name.next == 0) name.next = at;
    return name;
  }
  return std::nullopt;
}

std::string name_text(ByteView wire) {
  std::string text;
  for (std::size_t at = 0; at < wire.size() && wire[at] != 0; at += 1U + wire[at]) {
    if (!text.empty()) text += '.';
    for (auto octet : wire.subspan(at + 1, wire[at])) {
      char c = static_cast<char>(lower(octet));
      bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      text += plain ? std::string(1, c) : format("\\{:03}", octet);
    }
  }
  return text;
}

struct Record {
  Bytes owner;
  std::uint16_t type = 0;
  std::uint16_t rr_class = 0;
  std::uint32_t ttl = 0;
  Bytes rdata;  // names uncompressed for CNAME and MX

  bool is(RrType wanted) const {
    return type == static_cast<std::uint16_t>(wanted) && rr_class == kClassIn;
  }
};

// rdata of CNAME and MX: a fixed part and a name that must fill the rest.
std::optional<Bytes> expand_rdata(ByteView message, std::size_t at, std::size_t end,
                                  std::size_t fixed) {
  if (at + fixed > end) return std::nullopt;
  auto name = read_name(message.first(end), at + fixed);
  if (!name || name->next != end) return std::nullopt;
  auto first = message.subspan(at, fixed);
  Bytes rdata(first.begin(), first.end());
  rdata.insert(rdata.end(), name->wire.begin(), name->wire.end());
  return rdata;
}

// One record at `at`, which moves behind it.
std::optional<Record> read_record(ByteView message, std::size_t& at) {
  auto owner = read_name(message, at);
  if (!owner || owner->next + 10 > message.size()) return std::nullopt;
  std::size_t head = owner->next;
  Record record;
  record.owner = std::move(owner->wire);
  record.type = get16(message, head);
  record.rr_class = get16(message, head + 2);
  record.ttl = get32(message, head + 4);
  std::size_t start = head + 10;
  std::size_t end = start + get16(message, head + 8);
  if (end > message.size()) return std::nullopt;
  if (record.is(RrType::Mx) || record.is(RrType::Cname)) {
    auto rdata = expand_rdata(message, start, end, record.is(RrType::Mx) ? 2 : 0);
    if (!rdata) return std::nullopt;
    record.rdata = std::move(*rdata);
  } else {
    record.rdata.assign(message.begin() + static_cast<long>(start),
                        message.begin() + static_cast<long>(end));
  }
  at = end;
  return record;
}

const Record* find_cname(const std::vector<Record>& records, const Bytes& owner) {
  auto found = std::find_if(records.begin(), records.end(), [&](const Record& record) {
    return record.is(RrType::Cname) && record.owner == owner;
  });
  return found == records.end() ? nullptr : &*found;
}

// RFC 2181 8: a time with the top bit set is zero.
std::uint32_t lower_ttl(std::uint32_t ttl, const Record& record) {
  return std::min(ttl, record.ttl > kMaxTtl ? 0 : record.ttl);
}

// Walks the chain from the question's name and takes the records at its end (D-008, D-063).
Result<void> follow(const std::vector<Record>& records, const DnsQuestion& question,
                    DnsReply& reply) {
  Bytes name = name_wire(question.name);
  std::uint32_t ttl = kMaxTtl;
  int links = 0;
  if (question.type != RrType::Cname) {
    while (const Record* link = find_cname(records, name)) {
      if (++links > kMaxCnames) return fail(ErrorKind::DnsFailure, "the CNAME chain is too long");
      ttl = lower_ttl(ttl, *link);
      name = link->rdata;
    }
  }
  reply.canonical = name_text(name);
  for (const auto& record : records) {
    if (!record.is(question.type) || record.owner != name) continue;
    ttl = lower_ttl(ttl, record);
    reply.records.push_back(record.rdata);
  }
  reply.ttl = reply.records.empty() ? 0 : ttl;
  return {};
}

// RFC 4034 3.1: the original TTL and the end are at octets 4 and 8 of an RRSIG record's rdata.
std::uint32_t kept_by_signature(ByteView rdata, std::uint32_t now) {
  if (rdata.size() < 12) return 0;
  const std::uint32_t left = get32(rdata, 8) - now;  // RFC 1982: the top bit set is a time before
  return left > kMaxTtl ? 0 : std::min(left, get32(rdata, 4));
}

}  // namespace

const char* type_text(RrType type) {
  switch (type) {
    case RrType::A:
      return "A";
    case RrType::Cname:
      return "CNAME";
    case RrType::Mx:
      return "MX";
    case RrType::Txt:
      return "TXT";
    case RrType::Aaaa:
      return "AAAA";
    case RrType::Dnskey:
      return "DNSKEY";
    case RrType::Tlsa:
      return "TLSA";
  }
  return "?";
}

std::string rcode_text(int rcode) {
  static constexpr const char* names[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                          "NXDOMAIN", "NOTIMP",  "REFUSED"};  // RFC 1035 4.1.1
  if (rcode >= 0 && rcode < 6) return names[rcode];
  return format("rcode {}", rcode);
}

std::string question_text(const DnsQuestion& question) {
  return format("{} of {}", type_text(question.type), question.name.empty() ? "." : question.name);
}

Bytes make_query(std::uint16_t id, const DnsQuestion& question, Edns edns) {
  const unsigned additional = edns == Edns::Sent ? 1 : 0;
  Bytes query;
  append_number(query, id, 2);
  query.push_back(kFlagRd);
  query.push_back(kFlagAd);  // RFC 6840 5.7: the asker understands AD
  for (unsigned count : {1U, 0U, 0U, additional}) append_number(query, count, 2);
  Bytes name = name_wire(question.name);
  query.insert(query.end(), name.begin(), name.end());
  append_number(query, static_cast<unsigned>(question.type), 2);
  append_number(query, kClassIn, 2);
  if (edns == Edns::Left) return query;
  query.push_back(0);  // OPT: owner, type, size, extended rcode and version, DO, no options
  append_number(query, kTypeOpt, 2);
  append_number(query, kUdpSize, 2);
  append_number(query, 0, 2);
  append_number(query, 0x8000, 2);
  append_number(query, 0, 2);
  return query;
}

bool is_reply_to(ByteView message, std::uint16_t id, const DnsQuestion& question) {
  if (message.size() < kHeader || get16(message, 0) != id) return false;
  if ((message[2] & kFlagQr) == 0 || (message[2] & kOpcodeMask) != 0) return false;
  if (get16(message, 4) != 1) return false;
  auto name = read_name(message, kHeader);
  return name && name->next + 4 <= message.size() && name->wire == name_wire(question.name) &&
         get16(message, name->next) == static_cast<std::uint16_t>(question.type) &&
         get16(message, name->next + 2) == kClassIn;
}

Result<DnsReply> read_reply(ByteView message, const DnsQuestion& question) {
  DnsReply reply;
  if (message.size() < kHeader) return malformed("too short");
  reply.rcode = message[3] & kRcodeMask;
  reply.truncated = (message[2] & kFlagTc) != 0;
  if (reply.truncated) return reply;
  reply.authentic = (message[3] & kFlagAd) != 0;
  // RFC 7672 2.1.1, D-002: not well formed is an error, never an empty answer.
  auto asked = read_name(message, kHeader);
  if (!asked) return malformed("question");
  std::size_t at = asked->next + 4;
  int answers = get16(message, 6);
  int all = answers + get16(message, 8) + get16(message, 10);
  std::vector<Record> records;
  for (int i = 0; i < all; ++i) {
    auto record = read_record(message, at);
    if (!record) return malformed("record");
    if (record->type == kTypeOpt) reply.rcode |= static_cast<int>(record->ttl >> 24) << 4;
    reply.edns = reply.edns || record->type == kTypeOpt;
    if (i < answers && record->type == kTypeRrsig) reply.signatures = true;
    if (i < answers) records.push_back(std::move(*record));
  }
  if (auto followed = follow(records, question, reply); !followed)
    return tl::unexpected(followed.error());
  return reply;
}

std::uint32_t kept_by_signatures(ByteView message, std::uint32_t now) {
  const auto asked = message.size() < kHeader ? std::nullopt : read_name(message, kHeader);
  if (!asked) return 0;
  std::optional<std::uint32_t> least;
  std::size_t at = asked->next + 4;
  for (int left = get16(message, 6) + get16(message, 8); left > 0; --left) {
    const auto record = read_record(message, at);
    if (!record) return 0;
    if (record->type == kTypeRrsig)
      least = std::min(least.value_or(kMaxTtl), kept_by_signature(record->rdata, now));
  }
  return least.value_or(0);
}

std::optional<SignatureTimes> signature_times(ByteView message) {
  const auto asked = message.size() < kHeader ? std::nullopt : read_name(message, kHeader);
  if (!asked) return std::nullopt;
  std::optional<SignatureTimes> times;
  std::size_t at = asked->next + 4;
  for (int left = get16(message, 6); left > 0; --left) {
    const auto record = read_record(message, at);
    if (!record) return std::nullopt;
    if (record->type != kTypeRrsig || record->rdata.size() < 16) continue;
    const auto before = times.value_or(SignatureTimes{});
    times = SignatureTimes{std::max(before.from, get32(record->rdata, 12)),
                           std::min(before.until, get32(record->rdata, 8))};
  }
  return times;
}

Result<std::string> rdata_name_text(ByteView wire) {
  std::size_t at = 0;
  while (at < wire.size() && wire[at] != 0) {
    if (wire[at] > 63) return malformed("name in rdata");
    at += 1U + wire[at];
  }
  if (at + 1 != wire.size()) return malformed("name in rdata");
  return name_text(wire);
}

}  // namespace danesmtp
