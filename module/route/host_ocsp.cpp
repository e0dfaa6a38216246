// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/host_ocsp.h"

#include <algorithm>

namespace danesmtp {
namespace {

PeerPolicy peer_policy(const HostPolicy& policy) {
  if (std::holds_alternative<NoDane>(policy)) return PeerPolicy::NoDane;
  const auto* authenticate = std::get_if<Authenticate>(&policy);
  if (authenticate == nullptr) return PeerPolicy::EncryptOnly;
  auto has = [&](TlsaUsage usage) {
    const auto& records = authenticate->records;
    return std::any_of(records.begin(), records.end(),
                       [&](const TlsaRecord& record) { return record.usage == usage; });
  };
  if (!has(TlsaUsage::DaneTa)) return PeerPolicy::UsageEe;
  return has(TlsaUsage::DaneEe) ? PeerPolicy::BothUsages : PeerPolicy::UsageTa;
}

// What came for this certificate in the handshake; empty: nothing.
ByteView staple_for(const TlsInfo& info, const Bytes& certificate) {
  for (std::size_t i = 0; i < std::min(info.chain.size(), info.ocsp_staples.size()); ++i)
    if (info.chain[i] == certificate) return info.ocsp_staples[i];
  return {};
}

// D-127: by the next certificate of the path.
OcspVerdict verdict_at(const StapledPeer& peer, std::size_t depth) {
  return verify_ocsp(
      {staple_for(peer.info, peer.path[depth]), peer.path[depth], peer.path[depth + 1], peer.now});
}

OcspFinding leaf_finding(const StapledPeer& peer) {
  OcspFinding finding;
  if (peer.path.size() > 1) {
    finding.verdict = verdict_at(peer, 0);
    finding.must_staple = is_must_staple(peer.path[0]);
  } else if (!peer.info.ocsp_staples.empty() && !peer.info.ocsp_staples[0].empty()) {
    finding.verdict = {OcspAnswer::Invalid, "there is no issuer to check it by", {}, {}, {}};
  }
  return finding;
}

}  // namespace

Result<OcspWish> ocsp_wish(Configuration& configuration, HostIndex host) {
  auto required = configuration.host_in(kHostsRequireOcsp, host);
  if (!required) return tl::unexpected(required.error());
  if (*required) return OcspWish::Required;
  auto requested = configuration.host_in(kHostsRequestOcsp, host);
  if (!requested) return tl::unexpected(requested.error());
  return *requested ? OcspWish::Requested : OcspWish::None;
}

StatusRequest status_request(OcspWish wish, const HostPolicy& policy) {
  return asks_for_staple(wish, peer_policy(policy)) ? StatusRequest::Ask : StatusRequest::None;
}

AuthenticatedBy authority_of(const DaneMatch& match) {
  return match.record.usage == TlsaUsage::DaneEe ? AuthenticatedBy::DaneEe
                                                 : AuthenticatedBy::DaneTa;
}

OcspRuling rule_on_staples(const StapledPeer& peer) {
  OcspRuling ruling = rule_on_leaf(peer.wish, peer.authority, leaf_finding(peer));
  if (peer.wish == OcspWish::None) return ruling;
  // RFC 8446 4.4.2.1, D-126: what came for the certificates between the leaf and the anchor.
  for (std::size_t i = 1; i + 1 < peer.path.size() && ruling.refusal.empty(); ++i)
    ruling.refusal = refusal_by_issuer(verdict_at(peer, i));
  return ruling;
}

}  // namespace danesmtp
