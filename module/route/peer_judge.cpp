// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/peer_judge.h"

#include "core/format.h"
#include "outcome/delivery_log.h"
#include "route/host_ocsp.h"
#include "route/webpki_judge.h"
#include "tls/pkix_verify.h"

namespace danesmtp {
namespace {

std::string match_text(const DaneMatch& match) {
  if (match.depth == 0)
    return format("DANE: {} is the server's own certificate or key (RFC 7672 3.1.1)",
                  to_text(match.record));
  return format("DANE: {} is an issuer, at depth {}, of a certificate for {} (RFC 7672 3.1.2)",
                to_text(match.record), match.depth, match.name);
}

}  // namespace

// RFC 8460 has no type of its own for it.
TlsFailure unnamed_by_policy() {
  return {FailureType::ValidationFailure, "the policy does not name the host"};
}

Result<void> PeerJudge::judge(const TlsInfo& info) {
  if (rules_.webpki) return by_requirement(*rules_.webpki, info);
  if (rules_.sts) return by_sts(*rules_.sts, info);
  if (!rules_.dane) return without_records(info);
  auto judged = by_records(*rules_.dane, info);
  if (judged || rules_.dane->enforced) return judged;
  attempt_.server.note(audit_text(attempt_.host(), attempt_.domain(), judged.error().text));
  return without_records(info);
}

// No revocation list has a say here (D-095); OCSP has one where the certificate was judged.
Result<void> PeerJudge::by_records(const DaneRules& dane, const TlsInfo& info) {
  auto& server = attempt_.server;
  const auto limit = std::chrono::seconds(server.option_number(kCommandTimeout));
  verdict_.dane = verify_dane(
      {info.chain, dane.records.records(), dane.names, wall_time(), Deadline::in(limit)});
  // D-161
  for (const auto& detail : verdict_.dane->details) server.debug("DANE: " + detail);
  if (!verdict_.dane->authenticated())
    return fail(ErrorKind::TlsVerify,
                dane_refusal_text(verdict_.dane->reason, verdict_.dane->presented));
  const DaneMatch& match = *verdict_.dane->match;
  server.debug(match_text(match));
  auto stapled = by_staples(authority_of(match), info, match.path);
  if (stapled) verdict_.trust = dane.earns;
  return stapled;
}

// D-183, D-184
Result<void> PeerJudge::by_sts(const StsRules& sts, const TlsInfo& info) {
  const auto judged = by_webpki(sts, info);
  if (judged && !sts.enforced && rules_.pkix && rules_.pkix->required)
    return by_pkix(*rules_.pkix, info);
  if (judged) return {};
  if (sts.enforced)
    return tl::unexpected(retold(judged.error(), sts_refusal_text(judged.error().text)));
  attempt_.server.note(sts_audit_text(attempt_.host(), attempt_.domain(), judged.error().text));
  return without_records(info);
}

Result<void> PeerJudge::by_webpki(const StsRules& sts, const TlsInfo& info) {
  auto found = judge_webpki({info.chain, sts.host, sts.anchors, wall_time()});
  if (!sts.named && !found.failure) found = {{}, unnamed_by_policy(), unnamed_by_policy().text};
  verdict_.sts = found.failure;
  if (found.failure) return fail(ErrorKind::TlsVerify, found.why);
  auto stapled = by_staples(AuthenticatedBy::Pkix, info, {info.chain.front(), found.issuer});
  if (stapled && sts.enforced) verdict_.trust = PeerTrust::Sts;
  if (stapled && !sts.enforced) verdict_.trust = PeerTrust::Verified;
  if (!stapled) verdict_.sts = TlsFailure{FailureType::ValidationFailure, kNoGoodProof};
  return stapled;
}

// D-191. What a policy in mode testing would say is the same, and reported.
Result<void> PeerJudge::by_requirement(const WebpkiRules& webpki, const TlsInfo& info) {
  const auto found = judge_webpki({info.chain, webpki.host, webpki.anchors, wall_time()});
  if (rules_.sts) verdict_.sts = found.failure;
  if (found.failure) return fail(ErrorKind::TlsVerify, required_tls_refusal_text(found.why));
  auto stapled = by_staples(AuthenticatedBy::Pkix, info, {info.chain.front(), found.issuer});
  if (stapled) verdict_.trust = PeerTrust::Verified;
  return stapled;
}

Result<void> PeerJudge::without_records(const TlsInfo& info) {
  if (rules_.pkix) return by_pkix(*rules_.pkix, info);
  if (rules_.ocsp == OcspWish::None) return {};
  return by_staples(AuthenticatedBy::Nobody, info, {});
}

// As in Exim's own driver, a revoked certificate is one that does not verify.
Result<void> PeerJudge::by_pkix(const PkixRules& pkix, const TlsInfo& info) {
  auto& server = attempt_.server;
  const auto issuer = verify_pkix({info.chain, pkix.certificates, pkix.revocations, pkix.name});
  if (!issuer) {
    if (pkix.required) return tl::unexpected(issuer.error());
    server.debug("TLS: not verified, and need not be: " + issuer.error().text);
    return by_staples(AuthenticatedBy::Nobody, info, {});
  }
  auto stapled = by_staples(AuthenticatedBy::Pkix, info, {info.chain.front(), *issuer});
  if (stapled) verdict_.trust = PeerTrust::Verified;
  if (stapled || pkix.required || rules_.ocsp == OcspWish::Required) return stapled;
  server.debug("TLS: not verified, and need not be: " + stapled.error().text);
  return {};
}

// The ruling on the proofs becomes a part of the verdict, and the error of a peer that it refuses.
Result<void> PeerJudge::by_staples(AuthenticatedBy authority, const TlsInfo& info,
                                   const std::vector<Bytes>& path) {
  const auto ruling = rule_on_staples({rules_.ocsp, authority, info, path, wall_time()});
  verdict_.ocsp = ruling.result;
  if (!ruling.remark.empty()) attempt_.server.debug(ruling.remark);
  if (!ruling.refusal.empty()) return fail(ErrorKind::TlsVerify, ruling.refusal);
  return {};
}

}  // namespace danesmtp
