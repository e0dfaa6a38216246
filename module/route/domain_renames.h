// SPDX-License-Identifier: GPL-2.0-or-later
// Exim's router asked the DNS for one domain, and the answer, which nobody has validated, named
// another one. What the validated DNS says of that: nobody but the domain's owner, and nothing but
// this machine's configuration, leads mail to another domain (D-041). It must not know of hosts,
// nor of policies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/dns_name.h"
#include "core/result.h"
#include "dane/proof.h"
#include "dns/resolver.h"
#include "server/address_batch.h"

namespace danesmtp {

// Renames that are borne out, or that nobody can judge.
struct CheckedRenames {
  std::optional<ProvedUnsigned> unsigned_rename;  // anybody can have chosen the domain
  std::optional<DnsName> alias;  // the first domain from which aliases alone lead to the last one
};

// `renames`: the last one first. `suffixes`: as in AddressBatch. An error says which rename is not
// true, or what failed: then no host of the domain can be used.
[[nodiscard]] Result<CheckedRenames> check_renames(Resolver& resolver,
                                                   const std::vector<DomainRename>& renames,
                                                   const std::string& suffixes);

// Is `whole` the name with one of the suffixes that this machine is configured with?
bool completes(const DnsName& name, const DnsName& whole, const std::string& suffixes);

}  // namespace danesmtp
