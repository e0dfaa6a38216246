// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/answer_record.h"

#include <algorithm>

namespace danesmtp {
namespace {

constexpr std::size_t kLength = 2;     // octets of a length
constexpr std::size_t kMost = 0xffff;  // octets with their length before them

enum class Kind : std::uint8_t { Secure = 1, Insecure = 2, Bogus = 3, Failed = 4 };

void put(Bytes& into, ByteView octets) {
  append_number(into, octets.size(), kLength);
  // Not insert(): GCC 14 sees an overflow in it that is none.
  for (const auto octet : octets) into.push_back(octet);
}

// Octets with their length before them, from the front of `from`.
std::optional<ByteView> get(ByteView& from) {
  if (from.size() < kLength) return std::nullopt;
  const std::size_t size = number_in(from.first(kLength));
  if (from.size() - kLength < size) return std::nullopt;
  const ByteView octets = from.subspan(kLength, size);
  from = from.subspan(kLength + size);
  return octets;
}

std::optional<Result<Answer<Bytes>>> read_error(ErrorKind kind, ByteView rest) {
  const auto text = get(rest);
  if (!text || !rest.empty()) return std::nullopt;
  return Result<Answer<Bytes>>(fail(kind, std::string(as_text(*text))));
}

std::optional<Result<Answer<Bytes>>> read_answer(DnsSecurity security, ByteView rest,
                                                 std::uint32_t ttl) {
  if (rest.empty() || rest.front() > 1) return std::nullopt;
  const bool nxdomain = rest.front() == 1;
  rest = rest.subspan(1);
  const auto text = get(rest);
  auto canonical =
      text ? DnsName::from_dns_text(as_text(*text)) : fail(ErrorKind::DnsFailure, "no name");
  if (!canonical) return std::nullopt;
  Answer<Bytes> answer{security, {}, std::move(*canonical), ttl, nxdomain};
  while (!rest.empty()) {
    const auto rdata = get(rest);
    if (!rdata) return std::nullopt;
    answer.records.emplace_back(rdata->begin(), rdata->end());
  }
  if (nxdomain && !answer.records.empty()) return std::nullopt;
  return answer;
}

Bytes record_of(const Error& error) {
  Bytes record = {
      static_cast<std::uint8_t>(error.kind == ErrorKind::DnsBogus ? Kind::Bogus : Kind::Failed)};
  put(record, as_bytes(error.text).first(std::min(error.text.size(), kMost)));
  return record;
}

}  // namespace

Bytes record_of(const Result<Answer<Bytes>>& said) {
  if (!said) return record_of(said.error());
  Bytes record = {static_cast<std::uint8_t>(said->secure() ? Kind::Secure : Kind::Insecure),
                  static_cast<std::uint8_t>(said->nxdomain ? 1 : 0)};
  put(record, as_bytes(said->canonical.text()));
  for (const auto& rdata : said->records) {
    if (rdata.size() > kMost) return {};
    put(record, rdata);
  }
  return record;
}

std::optional<Result<Answer<Bytes>>> said_by(ByteView record, std::uint32_t ttl) {
  if (record.empty()) return std::nullopt;
  const ByteView rest = record.subspan(1);
  switch (static_cast<Kind>(record.front())) {
    case Kind::Secure:
      return read_answer(DnsSecurity::Secure, rest, ttl);
    case Kind::Insecure:
      return read_answer(DnsSecurity::Insecure, rest, ttl);
    case Kind::Bogus:
      return read_error(ErrorKind::DnsBogus, rest);
    case Kind::Failed:
      return read_error(ErrorKind::DnsFailure, rest);
  }
  return std::nullopt;
}

}  // namespace danesmtp
