// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/webpki_judge.h"

#include <algorithm>

#include "core/format.h"
#include "dane/server_names.h"
#include "tls/pkix_verify.h"
#include "x509/verified_path.h"

namespace danesmtp {
namespace {

WebpkiVerdict refused(FailureType type, const char* what, const std::string& detail) {
  return {{}, TlsFailure{type, what}, format("{}: {}", what, detail)};
}

bool any_out_of_date(const PeerChain& chain, WallTime now) {
  return std::any_of(chain.begin(), chain.end(), [&](const Bytes& der) {
    const auto certificate = read_by_gnutls(der);
    return certificate && !valid_at(certificate->get(), now);
  });
}

}  // namespace

// D-182
WebpkiVerdict judge_webpki(const WebpkiQuestion& question) {
  const auto issuer = verify_pkix({question.chain, question.anchors, "", ""});
  if (!issuer && any_out_of_date(question.chain, question.now))
    return refused(FailureType::CertificateExpired, "the certificate is not valid at this time",
                   issuer.error().text);
  if (!issuer)
    return refused(FailureType::CertificateNotTrusted, "the certificate is not trusted",
                   issuer.error().text);
  const auto leaf = import_certificate(question.chain.front());
  if (!leaf || !has_dns_name(*leaf, question.host))
    return refused(FailureType::CertificateHostMismatch, "the certificate is for another name",
                   format("not for {}", question.host));
  return {*issuer};
}

}  // namespace danesmtp
