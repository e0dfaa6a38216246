// SPDX-License-Identifier: GPL-2.0-or-later
#include "dane/tlsa_policy.h"

#include "core/format.h"

namespace danesmtp {
namespace {

SkipHost required(const std::string& why) {
  return {{ErrorKind::TlsVerify, format("DANE is required (hosts_require_dane), but {}", why)},
          SkipReason::DaneRequired};
}

struct Decide {
  DaneWish wish;

  HostPolicy operator()(const NoTlsa& none) const {
    if (wish == DaneWish::Require) return required(none.why);  // D-110: delay, never bounce at once
    // RFC 7672 2.2, D-022: opportunistic TLS.
    return NoDane(none);
  }
  HostPolicy operator()(const TlsaUnusable& unusable) const {
    if (wish == DaneWish::Require)
      return required(format("no TLSA record of {} is usable", unusable.base_domain.text()));
    // RFC 7672 2.2, D-021: secure records, all unusable => TLS is mandatory, no authentication.
    return EncryptOnly{unusable.base_domain, unusable.reasons, unusable.published};
  }
  HostPolicy operator()(const TlsaUsable& usable) const {
    // RFC 7672 2.2, D-020: authenticate, or do not send.
    return Authenticate{usable.base_domain, usable.records, usable.published};
  }
  HostPolicy operator()(const TlsaLookupFailed& failed) const { return SkipHost{failed.error}; }
};

}  // namespace

HostPolicy host_policy(DaneWish wish, MxTrust mx, const TlsaDecision& decision) {
  if (wish == DaneWish::Require && mx == MxTrust::Insecure)  // D-034
    return required("the MX record that names this host is not signed");
  return std::visit(Decide{wish}, decision);
}

const DnsName* tlsa_base_domain(const HostPolicy& policy) {
  if (const auto* dane = std::get_if<Authenticate>(&policy)) return &dane->base_domain;
  if (const auto* encrypt = std::get_if<EncryptOnly>(&policy)) return &encrypt->base_domain;
  return nullptr;
}

}  // namespace danesmtp
