// SPDX-License-Identifier: GPL-2.0-or-later
#include "ocsp_proof.h"

#include "core/format.h"
#include "pem_input.h"
#include "time_input.h"
#include "tls/ocsp_response.h"
#include "x509/certificate.h"
#include "x509/x509_der.h"

namespace danesmtp::tool {
namespace {

constexpr int kNearlyOver = 10;  // a tenth of its life is left

// The BasicOCSPResponse inside a response; empty when there is none.
Bytes basic_response(const Bytes& response) {
  const auto parsed = read_ocsp_response(response);
  if (!parsed) return {};
  GnutlsOctets type, basic;
  const int rc = gnutls_ocsp_resp_get_response(parsed.get(), &type.datum, &basic.datum);
  return rc < 0 ? Bytes() : to_bytes(basic.datum);
}

// RFC 6960 4.2.1: [0] EXPLICIT SEQUENCE OF Certificate is the last, unsigned part. Empty when the
// response cannot be taken apart.
Bytes with_signer(const Bytes& response, const Bytes& signer) {
  const Bytes kBasicType{0x06, 9, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
  const Bytes kSuccessful{0x0a, 1, 0};
  const Bytes basic = basic_response(response);
  auto contents = sequence_contents(basic);
  if (!contents) return {};
  const Bytes certificates = der_element(0xa0, {der_element(0x30, {signer})});
  const Bytes whole = der_element(0x30, {*contents, certificates});
  const Bytes body = der_element(0x30, {kBasicType, der_element(0x04, {whole})});
  return der_element(0x30, {kSuccessful, der_element(0xa0, {body})});
}

OcspProof judged(Bytes response, const OcspSubject& subject, WallTime now) {
  OcspProof proof{std::move(response), {}};
  proof.verdict = verify_ocsp({proof.response, subject.certificate, subject.issuer, now});
  return proof;
}

// A response that brings a signer of its own is left as it is: with a second list of certificates
// it does not parse.
OcspProof completed(const Bytes& answer, const OcspSubject& subject, WallTime now) {
  OcspProof proof = judged(answer, subject, now);
  if (proof.verdict.answer != OcspAnswer::Invalid) return proof;
  for (const auto& other : subject.others) {
    OcspProof longer = judged(with_signer(answer, other), subject, now);
    if (longer.verdict.answer == OcspAnswer::Good || longer.verdict.answer == OcspAnswer::Revoked)
      return longer;
  }
  return proof;
}

}  // namespace

Result<OcspProof> proof_to_show(const Bytes& answer, const OcspSubject& subject, WallTime now) {
  OcspProof proof = completed(answer, subject, now);
  const auto& verdict = proof.verdict;
  if (verdict.answer != OcspAnswer::Good) return fail(ErrorKind::TlsVerify, verdict.reason);
  if (verdict.signer_until < verdict.next_update)
    return fail(ErrorKind::TlsVerify,
                format("its signer's certificate ends {}, before the proof does, {}",
                       to_rfc3339(verdict.signer_until), to_rfc3339(verdict.next_update)));
  if (verdict.next_update - now <= proof.life() / kNearlyOver)
    return fail(ErrorKind::TlsVerify,
                format("it is nearly over, {}", to_rfc3339(verdict.next_update)));
  return proof;
}

Result<OcspProof> shown_proof(const std::string& path, const OcspSubject& subject, WallTime now) {
  auto content = read_file(path);
  if (!content) return tl::unexpected(content.error());
  const auto octets = as_bytes(*content);
  return judged({octets.begin(), octets.end()}, subject, now);
}

}  // namespace danesmtp::tool
