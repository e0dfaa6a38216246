// SPDX-License-Identifier: GPL-2.0-or-later
#include "server_chain.h"

#include <algorithm>

#include "core/format.h"
#include "x509/certificate.h"

namespace danesmtp::tool {
namespace {

struct Names {
  Bytes subject;
  Bytes issuer;

  bool issued(const Names& other) const {
    return subject == other.issuer && subject != other.subject;
  }
};

Result<Names> names_of(const Bytes& der) {
  auto fields = certificate_fields(der);
  if (!fields) return tl::unexpected(fields.error());
  return Names{{fields->subject.begin(), fields->subject.end()},
               {fields->issuer.begin(), fields->issuer.end()}};
}

// Each certificate once; tells of the others.
void take_distinct(ServerChain& chain, const std::string& path) {
  std::vector<std::size_t> places;  // in the file, from 1
  for (std::size_t i = 0; i < chain.presented.size(); ++i) {
    const auto& distinct = chain.distinct;
    const auto same = std::find(distinct.begin(), distinct.end(), chain.presented[i]);
    if (same == distinct.end()) {
      chain.distinct.push_back(chain.presented[i]);
      places.push_back(i + 1);
      continue;
    }
    chain.remarks.push_back(format("{}: certificate {} is the same as certificate {}: remove it",
                                   path, i + 1,
                                   places[static_cast<std::size_t>(same - distinct.begin())]));
  }
}

void look_at_order(ServerChain& chain, const std::vector<Names>& names, const std::string& path) {
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i].issued(names[i - 1])) continue;
    chain.remarks.push_back(
        format("{}: not in order: each certificate is to be followed by its issuer "
               "(RFC 8446 4.4.2)",
               path));
    break;
  }
  for (std::size_t i = 1; i < names.size() && !chain.issuer; ++i)
    if (names[i].issued(names.front())) chain.issuer = i;
}

}  // namespace

Result<ServerChain> server_chain(PeerChain presented, const std::string& path) {
  ServerChain chain;
  chain.presented = std::move(presented);
  take_distinct(chain, path);
  std::vector<Names> names;
  for (const auto& der : chain.distinct) {
    auto found = names_of(der);
    if (!found) return fail(ErrorKind::BadInput, path + ": " + found.error().text);
    names.push_back(std::move(*found));
  }
  const bool first_is_an_issuer = std::any_of(
      names.begin(), names.end(), [&](const Names& one) { return names.front().issued(one); });
  if (first_is_an_issuer)
    return fail(ErrorKind::BadInput,
                format("{}: the first certificate is the issuer of another one: put the server's "
                       "own first, then the issuer of each (RFC 8446 4.4.2)",
                       path));
  look_at_order(chain, names, path);
  return chain;
}

}  // namespace danesmtp::tool
