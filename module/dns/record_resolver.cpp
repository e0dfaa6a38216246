// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 1035 3.3.9 (MX), 3.3.14 (TXT), 3.4.1 (A), RFC 3596 2.2 (AAAA).
#include "dns/record_resolver.h"

#include <arpa/inet.h>

#include "core/format.h"
#include "dns/cached_source.h"
#include "dns/resolver_identity.h"
#include "dns/stub_source.h"
#include "dns/unbound_source.h"

namespace danesmtp {
namespace {

constexpr std::size_t kMaxRdata = 65536;
constexpr std::size_t kMaxMx = 300;

tl::unexpected<Error> broken(const DnsName& name, RrType type, std::string_view what) {
  return fail(ErrorKind::DnsFailure, format("{}: {}", question_text({name.text(), type}), what));
}

Result<MxRecord> parse_mx(const Bytes& rdata) {
  if (rdata.size() < 3) return fail(ErrorKind::DnsFailure, "malformed record");
  auto exchange = rdata_name_text(ByteView(rdata).subspan(2));
  if (!exchange) return tl::unexpected(exchange.error());
  return MxRecord{static_cast<std::uint16_t>(number_in(ByteView(rdata).first(2))),
                  std::move(*exchange)};
}

Result<std::string> parse_address(const Bytes& rdata, AddressFamily family) {
  bool inet = family == AddressFamily::Inet;
  char text[INET6_ADDRSTRLEN];
  if (rdata.size() != (inet ? sizeof(in_addr) : sizeof(in6_addr)) ||
      !inet_ntop(inet ? AF_INET : AF_INET6, rdata.data(), text, sizeof(text)))
    return fail(ErrorKind::DnsFailure, "malformed record");
  return std::string(text);
}

// Each character-string has its length before it.
Result<std::string> parse_txt(const Bytes& rdata) {
  std::string text;
  for (std::size_t at = 0; at < rdata.size();) {
    const std::size_t length = rdata[at++];
    if (length > rdata.size() - at) return fail(ErrorKind::DnsFailure, "malformed record");
    text += as_text(ByteView(rdata).subspan(at, length));
    at += length;
  }
  return text;
}

// The same answer with each rdata read by `parse`.
template <class T, class Parse>
Result<Answer<T>> read_records(const Answer<Bytes>& raw, const DnsName& name, RrType type,
                               Parse parse) {
  Answer<T> answer{raw.security, {}, raw.canonical, raw.ttl, raw.nxdomain};
  for (const auto& rdata : raw.records) {
    Result<T> record = parse(rdata);
    if (!record) return broken(name, type, record.error().text);
    answer.records.push_back(std::move(*record));
  }
  return answer;
}

}  // namespace

Deadline RecordResolver::end_of_question() const {
  const auto deadline = Deadline::in(question_time_);
  return limit_ ? earlier(deadline, *limit_) : deadline;
}

void RecordResolver::expect_addresses(const DnsName& host, const Next& next) {
  const auto deadline = end_of_question();
  if (deadline.passed()) return;
  for (const auto type : {RrType::A, RrType::Aaaa}) source_->expect(host, type, next, deadline);
}

Result<Answer<Bytes>> RecordResolver::ask(const DnsName& name, RrType type) {
  const auto deadline = end_of_question();
  // D-013: what there is no time to ask is not known.
  if (deadline.passed()) return broken(name, type, "the time for look-ups is used up");
  auto answer = source_->ask(name, type, deadline);
  if (!answer) return answer;
  std::size_t octets = 0;
  for (const auto& rdata : answer->records) octets += rdata.size();
  // D-013: an error, never a shorter answer.
  if (octets > kMaxRdata) return broken(name, type, "the answer is too large");
  return answer;
}

Result<Answer<MxRecord>> RecordResolver::mx(const DnsName& domain) {
  auto raw = ask(domain, RrType::Mx);
  if (!raw) return tl::unexpected(raw.error());
  if (raw->records.size() > kMaxMx) return broken(domain, RrType::Mx, "too many MX records");
  return read_records<MxRecord>(*raw, domain, RrType::Mx, parse_mx);
}

Result<Answer<std::string>> RecordResolver::addresses(const DnsName& host, AddressFamily family) {
  RrType type = family == AddressFamily::Inet ? RrType::A : RrType::Aaaa;
  auto raw = ask(host, type);
  if (!raw) return tl::unexpected(raw.error());
  return read_records<std::string>(
      *raw, host, type, [family](const Bytes& rdata) { return parse_address(rdata, family); });
}

Result<Answer<Bytes>> RecordResolver::tlsa(const DnsName& owner) {
  return ask(owner, RrType::Tlsa);
}

Result<Answer<DnsName>> RecordResolver::cname(const DnsName& name) {
  auto raw = ask(name, RrType::Cname);
  if (!raw) return tl::unexpected(raw.error());
  return read_records<DnsName>(*raw, name, RrType::Cname,
                               [](const Bytes& rdata) { return DnsName::from_wire(rdata); });
}

Result<Answer<std::string>> RecordResolver::txt(const DnsName& name) {
  auto raw = ask(name, RrType::Txt);
  if (!raw) return tl::unexpected(raw.error());
  return read_records<std::string>(*raw, name, RrType::Txt, parse_txt);
}

namespace {

std::unique_ptr<RecordSource> make_source(const ResolverSettings& settings,
                                          ResolverSurroundings around) {
  // RFC 7672 2.1.3, D-004: the AD bit counts on the administrator's word only.
  if (settings.dnssec == DnssecMode::BelieveResolver)
    return std::make_unique<StubSource>(settings, std::move(around));
  return std::make_unique<UnboundSource>(settings, std::move(around));
}

}  // namespace

std::unique_ptr<Resolver> make_resolver(const ResolverSettings& settings,
                                        ResolverSurroundings around) {
  Store* store = around.store;
  const auto silence = around.keep_silence;
  auto identity = store ? resolver_identity(settings, around.files) : Bytes();
  auto source = make_source(settings, std::move(around));
  if (store)
    source =
        std::make_unique<CachedSource>(*store, std::move(identity), std::move(source), silence);
  return std::make_unique<RecordResolver>(std::move(source), settings.question_time);
}

}  // namespace danesmtp
