// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy_visit.h"

#include "core/format.h"
#include "sts_record.h"

namespace danesmtp::tool {
namespace {

using std::chrono::seconds;

constexpr seconds kRecordTime{10};
constexpr seconds kAddressTime{10};

StsFault no_address(const std::string& why) {
  return {StsFaultType::Fetch, why};
}

using Addresses = tl::expected<std::vector<std::string>, StsFault>;

// Of both families; one that cannot be had is no matter if there is the other.
Addresses addresses_of(const DnsName& host, Resolver& resolver) {
  resolver.limit(Deadline::in(kAddressTime));
  std::vector<std::string> all;
  bool failed = false;
  for (const auto family : {AddressFamily::Inet6, AddressFamily::Inet}) {
    const auto answer = resolver.addresses(host, family);
    failed |= !answer;
    if (answer) all.insert(all.end(), answer->records.begin(), answer->records.end());
  }
  if (!all.empty()) return all;
  return tl::unexpected<StsFault>(no_address(failed ? "a look-up of the policy's host failed"
                                                    : "the policy's host has no address"));
}

Finding fetched(const DnsName& domain, const std::string& id, Resolver& resolver,
                const FetchPolicy& fetch) {
  const auto host = policy_host(domain);
  if (!host) return no_address("there is no room for the name of a policy's host");
  const auto addresses = addresses_of(*host, resolver);
  if (!addresses) return addresses.error();
  auto text = fetch(*host, *addresses);
  if (!text) return text.error();
  auto policy = parse_policy(*text);
  if (!policy) return StsFault{StsFaultType::Invalid, policy.error().text};
  return Published{id, *std::move(text), *std::move(policy)};
}

struct Words {
  std::string operator()(const NoRecord&) const { return "no record of this version"; }
  std::string operator()(const Unchanged&) const { return "the id is the same"; }
  std::string operator()(const Published& found) const {
    return format("policy {}: {}, mx: {}, max_age: {}", found.id, mode_text(found.policy.mode),
                  join(found.policy.patterns, ", "), found.policy.max_age.count());
  }
  std::string operator()(const StsFault& fault) const {
    return format("{}: {}", fault_text(fault.type), fault.text);
  }
  std::string operator()(const Error& error) const { return printable(error.text); }
};

}  // namespace

// An answer need not be signed, but one that is bogus is none.
Finding visit_domain(const DnsName& domain, const std::optional<std::string>& known_id,
                     Resolver& resolver, const FetchPolicy& fetch) {
  const auto owner = sts_record_owner(domain);
  if (!owner) return NoRecord{};
  resolver.limit(Deadline::in(kRecordTime));
  const auto answer = resolver.txt(*owner);
  if (!answer) return answer.error();
  const auto id = sts_record_id(answer->records);
  if (!id) return NoRecord{};
  if (id == known_id) return Unchanged{};
  return fetched(domain, *id, resolver, fetch);
}

std::string to_text(const Finding& finding) {
  return std::visit(Words{}, finding);
}

}  // namespace danesmtp::tool
