// SPDX-License-Identifier: GPL-2.0-or-later
#include "dane/reference_names.h"

#include <algorithm>

namespace danesmtp {
namespace {

void add(std::vector<DnsName>& names, const DnsName& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

std::vector<DnsName> reference_names(const DnsName& base_domain, const ReachedHost& reached) {
  std::vector<DnsName> names{base_domain};
  switch (reached.role) {
    case HostRole::SecureMx:  // RFC 7672 3.2.2, D-083: the domain as asked for, then as expanded
      add(names, reached.next_hop);
      add(names, reached.expanded_next_hop);
      break;
    case HostRole::NonMx:  // RFC 7672 3.2.2: the original name when the base is the expanded one
      add(names, reached.host);
      break;
    case HostRole::InsecureMx:  // an attacker chose the MX: the domain proves nothing
      break;
  }
  return names;
}

}  // namespace danesmtp
