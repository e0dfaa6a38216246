// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/domain_renames.h"

#include <sstream>
#include <variant>

#include "outcome/delivery_log.h"

namespace danesmtp {
namespace {

constexpr int kMostAliases = 16;  // D-013

struct SameName {};    // U-labels, letters of another case
struct Completion {};  // the name does not exist, and this machine's suffixes make the other of it
struct Alias {
  DnsName from;
};
using Rename = std::variant<SameName, Completion, Alias, ProvedUnsigned>;

// Do the signed aliases of `name` lead over the other? Exim takes the last one but one for the
// name.
Result<bool> alias_of(Resolver& resolver, DnsName name, const DnsName& other) {
  for (int links = 0; links < kMostAliases && name != other; ++links) {
    auto link = resolver.cname(name);
    if (!link) return tl::unexpected(link.error());
    if (!link->secure() || link->records.size() != 1) return false;
    name = link->records.front();
  }
  return name == other;
}

// The router's answer named another domain than the one it was asked for. It did so rightly where
// that one does not exist and was completed, and where its aliases lead to the other. Of a domain
// that nobody signs it is not known: then nothing vouches for the hosts.
Result<Rename> check_rename(Resolver& resolver, const DomainRename& rename,
                            const std::string& suffixes) {
  const auto from = DnsName::of_any_kind(rename.from), to = DnsName::of_any_kind(rename.to);
  if (!from) return tl::unexpected(from.error());
  if (!to) return tl::unexpected(to.error());
  if (*from == *to) return SameName{};
  const auto answer = resolver.mx(*from);
  if (!answer)
    return tl::unexpected(retold(answer.error(), lookup_text("MX", rename.from, answer.error())));
  if (const auto proof = ProvedUnsigned::by(*answer)) return *proof;
  if (answer->nxdomain && answer->canonical == *from && completes(*from, *to, suffixes))
    return Completion{};
  const auto alias = alias_of(resolver, *from, *to);
  if (alias && *alias) return Alias{*from};
  return fail(ErrorKind::DnsBogus, unproved_rename_text(rename.from, rename.to));
}

}  // namespace

bool completes(const DnsName& name, const DnsName& whole, const std::string& suffixes) {
  std::istringstream all(suffixes);
  for (std::string suffix; all >> suffix;)
    if (DnsName::of_any_kind(name.text() + "." + suffix) == whole) return true;
  return false;
}

Result<CheckedRenames> check_renames(Resolver& resolver, const std::vector<DomainRename>& renames,
                                     const std::string& suffixes) {
  CheckedRenames found;
  bool aliases_alone = true;  // so far; of what is no alias the validated DNS makes no other name
  for (const auto& one : renames) {
    const auto checked = check_rename(resolver, one, suffixes);
    if (!checked) return tl::unexpected(checked.error());
    if (const auto* proof = std::get_if<ProvedUnsigned>(&*checked)) found.unsigned_rename = *proof;
    const auto* alias = std::get_if<Alias>(&*checked);
    aliases_alone = aliases_alone && (alias || std::holds_alternative<SameName>(*checked));
    if (alias && aliases_alone) found.alias = alias->from;
  }
  return found;
}

}  // namespace danesmtp
