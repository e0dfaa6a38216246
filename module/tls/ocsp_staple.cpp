// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. GnuTLS reads the response and checks signatures. Not used of it:
// gnutls_ocsp_resp_check_crt(), which does not look at the issuer's key, and
// gnutls_ocsp_resp_verify*(), which know no time but the process's. So the certificate id, the
// delegate and the dates are judged here, and the signature is checked over the octets that stand
// in the response.
#include "tls/ocsp_staple.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/ocsp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "core/format.h"
#include "x509/certificate.h"
#include "x509/gnutls_handles.h"
#include "x509/key_limits.h"
#include "x509/verified_path.h"
#include "x509/x509_der.h"

namespace danesmtp {
namespace {

constexpr unsigned kMaxExtensions = 16;
constexpr unsigned kMaxSignerCertificates = 8;
constexpr const char* kNonce = "1.3.6.1.5.5.7.48.1.2";

struct ResponseDeinit {
  void operator()(gnutls_ocsp_resp_t response) const { gnutls_ocsp_resp_deinit(response); }
};
using Response = std::unique_ptr<gnutls_ocsp_resp_int, ResponseDeinit>;

struct FeaturesDeinit {
  void operator()(gnutls_x509_tlsfeatures_t features) const {
    gnutls_x509_tlsfeatures_deinit(features);
  }
};
using Features = std::unique_ptr<gnutls_x509_tlsfeatures_st, FeaturesDeinit>;

// The certificates that came inside a response.
struct SignerCertificates {
  gnutls_x509_crt_t* list = nullptr;
  std::size_t count = 0;
  SignerCertificates() = default;
  SignerCertificates(const SignerCertificates&) = delete;
  SignerCertificates& operator=(const SignerCertificates&) = delete;
  ~SignerCertificates() {
    for (std::size_t i = 0; i < count; ++i) gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
  }
};

OcspVerdict verdict_of(OcspAnswer answer, std::string reason) {
  OcspVerdict verdict;
  verdict.answer = answer;
  verdict.reason = std::move(reason);
  return verdict;
}

OcspVerdict invalid(std::string reason) {
  return verdict_of(OcspAnswer::Invalid, std::move(reason));
}

WallTime wall_time(time_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

const char* responder_status(int status) {
  switch (status) {
    case GNUTLS_OCSP_RESP_MALFORMEDREQUEST:
      return "malformed request";
    case GNUTLS_OCSP_RESP_INTERNALERROR:
      return "internal error";
    case GNUTLS_OCSP_RESP_TRYLATER:
      return "try later";
    case GNUTLS_OCSP_RESP_SIGREQUIRED:
      return "signature required";
    case GNUTLS_OCSP_RESP_UNAUTHORIZED:
      return "unauthorized";
    default:
      return nullptr;
  }
}

// RFC 6960 4.2.2.2: the purpose must be named; "any purpose" and none at all do not name it.
bool may_sign_ocsp(gnutls_x509_crt_t certificate) {
  for (unsigned i = 0; i < kMaxExtensions; ++i) {
    std::array<char, 128> oid{};
    std::size_t size = oid.size();
    int rc = gnutls_x509_crt_get_key_purpose_oid(certificate, i, oid.data(), &size, nullptr);
    if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER) continue;
    if (rc < 0) return false;
    if (std::string(oid.data()) == GNUTLS_KP_OCSP_SIGNING) return true;
  }
  return false;
}

// RFC 5280 4.2.1.3
bool key_may_sign(gnutls_x509_crt_t certificate) {
  unsigned usage = 0;
  int rc = gnutls_x509_crt_get_key_usage(certificate, &usage, nullptr);
  if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return true;
  return rc == 0 && (usage & (GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_NON_REPUDIATION)) != 0;
}

// RFC 6960 4.2.2.2: why the owner of this certificate may not speak for the issuer; empty: it may.
std::string why_no_delegate(gnutls_x509_crt_t signer, const Certificate& issuer, WallTime now) {
  const std::array path{signer};
  const auto fault = verify_path({path, issuer.handle.get(), nullptr, now}).fault;
  if (fault == PathFault::NotTrusted) return "its signer was not certified by the issuer";
  if (!may_sign_ocsp(signer)) return "its signer's certificate is not for OCSP signing";
  if (!key_may_sign(signer)) return "its signer's key is not for signatures";
  if (fault == PathFault::OutOfDate)
    return "its signer's certificate has expired or is not valid yet";
  return {};
}

class ResponseCheck {
 public:
  ResponseCheck(const OcspQuestion& question, const Certificate& certificate,
                const Certificate& issuer)
      : question_(question), certificate_(certificate), issuer_(issuer) {}

  OcspVerdict run();

 private:
  std::string why_unread();
  std::string why_critical() const;
  OcspVerdict find();
  std::optional<OcspVerdict> single(unsigned index, bool& more);
  bool is_ours(gnutls_digest_algorithm_t hash, ByteView name, ByteView key, ByteView serial) const;
  OcspVerdict dated(time_t from, time_t until, unsigned status) const;
  std::string why_not_signed(WallTime& signer_until) const;
  bool signed_by(gnutls_x509_crt_t signer) const;

  const OcspQuestion& question_;
  const Certificate& certificate_;
  const Certificate& issuer_;
  Response response_;
};

OcspVerdict ResponseCheck::run() {
  // D-128
  if (question_.response.size() > kMaxOcspResponse)
    return invalid(
        format("it has {} octets, more than {}", question_.response.size(), kMaxOcspResponse));
  std::string unread = why_unread();
  if (!unread.empty()) return invalid(unread);
  // RFC 6960 4.2.1, D-123: an error is no answer.
  int status = gnutls_ocsp_resp_get_status(response_.get());
  if (const char* text = responder_status(status))
    return verdict_of(OcspAnswer::Absent, format("the responder said \"{}\"", text));
  if (status != GNUTLS_OCSP_RESP_SUCCESSFUL) return invalid("it is malformed");
  std::string critical = why_critical();
  if (!critical.empty()) return invalid(critical);
  WallTime signer_until;
  std::string unsigned_because = why_not_signed(signer_until);
  if (!unsigned_because.empty()) return invalid(unsigned_because);
  OcspVerdict verdict = find();
  verdict.signer_until = signer_until;
  return verdict;
}

std::string ResponseCheck::why_unread() {
  gnutls_ocsp_resp_t raw = nullptr;
  if (gnutls_ocsp_resp_init(&raw) < 0) return "it cannot be read";
  response_.reset(raw);
  if (!sequence_contents(question_.response)) return "it is malformed";
  auto datum = as_datum(question_.response);
  return gnutls_ocsp_resp_import(raw, &datum) < 0 ? "it is malformed" : "";
}

// RFC 6960 4.4: what is critical and not understood spoils the response.
std::string ResponseCheck::why_critical() const {
  for (unsigned i = 0; i < kMaxExtensions; ++i) {
    GnutlsOctets oid, value;
    unsigned critical = 0;
    int rc =
        gnutls_ocsp_resp_get_extension(response_.get(), i, &oid.datum, &critical, &value.datum);
    if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return {};
    if (rc < 0) return "it is malformed";
    std::string text(as_text(oid.view()));
    text.erase(std::min(text.find('\0'), text.size()));
    if (critical != 0 && text != kNonce) return format("it has the critical extension {}", text);
  }
  return "it has too many extensions";
}

// Of several answers about the certificate the worst one that is of this time counts.
OcspVerdict ResponseCheck::find() {
  constexpr std::array kWorstFirst{OcspAnswer::Revoked, OcspAnswer::Unknown, OcspAnswer::Good,
                                   OcspAnswer::Invalid};
  std::vector<OcspVerdict> found;
  bool more = true;
  for (unsigned i = 0; more; ++i) {
    auto one = single(i, more);
    // D-128
    if (more && i == kMaxSingleResponses)
      return invalid(format("it speaks of more than {} certificates", kMaxSingleResponses));
    if (one) found.push_back(*one);
  }
  for (auto answer : kWorstFirst)
    for (const auto& verdict : found)
      if (verdict.answer == answer) return verdict;
  // RFC 6960 3.2 (1)
  return invalid("it speaks of another certificate");
}

std::optional<OcspVerdict> ResponseCheck::single(unsigned index, bool& more) {
  GnutlsOctets name, key, serial;
  auto hash = GNUTLS_DIG_UNKNOWN;
  unsigned status = GNUTLS_OCSP_CERT_UNKNOWN;
  time_t from = -1, until = -1;
  int rc = gnutls_ocsp_resp_get_single(response_.get(), index, &hash, &name.datum, &key.datum,
                                       &serial.datum, &status, &from, &until, nullptr, nullptr);
  more = rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
  if (!more) return std::nullopt;
  if (rc < 0) return invalid("it is malformed");
  if (!is_ours(hash, name.view(), key.view(), serial.view())) return std::nullopt;
  return dated(from, until, status);
}

bool same_hash(gnutls_digest_algorithm_t hash, ByteView of, ByteView expected) {
  std::array<unsigned char, 64> made{};
  const unsigned size = gnutls_hash_get_len(hash);
  if (size == 0 || size > made.size() || expected.size() != size) return false;
  if (gnutls_hash_fast(hash, of.data(), of.size(), made.data()) < 0) return false;
  return same_bytes(ByteView(made).first(size), expected);
}

// RFC 6960 4.1.1: both hashes and the serial number. SHA-1 does no harm here: it names a
// certificate among those of one issuer, whose signature is checked.
bool ResponseCheck::is_ours(gnutls_digest_algorithm_t hash, ByteView name, ByteView key,
                            ByteView serial) const {
  if (hash != GNUTLS_DIG_SHA1 && hash != GNUTLS_DIG_SHA256 && hash != GNUTLS_DIG_SHA384 &&
      hash != GNUTLS_DIG_SHA512)
    return false;
  std::array<unsigned char, 64> ours{};
  std::size_t size = ours.size();
  if (gnutls_x509_crt_get_serial(certificate_.handle.get(), ours.data(), &size) < 0) return false;
  auto issuer_key = public_key_octets(issuer_.fields.public_key_info);
  return issuer_key && same_bytes(ByteView(ours).first(size), serial) &&
         same_hash(hash, certificate_.fields.issuer, name) && same_hash(hash, *issuer_key, key);
}

// RFC 6960 3.2 (5) and (6), D-122. A response without an end is good for an answer given on the
// spot; stapled, it could be shown for ever.
OcspVerdict ResponseCheck::dated(time_t from, time_t until, unsigned status) const {
  if (from == -1) return invalid("it does not say since when it holds");
  if (until == -1) return invalid("it does not say until when it holds");
  if (until < from) return invalid("it ends before it begins");
  OcspVerdict verdict;
  verdict.this_update = wall_time(from);
  verdict.next_update = wall_time(until);
  // D-128
  if (verdict.this_update > question_.now + kOcspClockSkew) return invalid("it is not valid yet");
  if (verdict.next_update < question_.now - kOcspClockSkew) return invalid("it has expired");
  if (status == GNUTLS_OCSP_CERT_GOOD) {
    verdict.answer = OcspAnswer::Good;
  } else if (status == GNUTLS_OCSP_CERT_REVOKED) {
    verdict.answer = OcspAnswer::Revoked;
    verdict.reason = "the certificate is revoked";
  } else {
    verdict.answer = OcspAnswer::Unknown;
    verdict.reason = "the responder does not know the certificate";
  }
  return verdict;
}

// RFC 6960 3.2 (2) to (4) and 4.2.2.2: by the issuer, or by a delegate that the issuer itself has
// certified for it. The responder's own name for itself is not needed: the keys decide. A delegate
// is not asked for its own revocation (D-122).
std::string ResponseCheck::why_not_signed(WallTime& signer_until) const {
  if (signed_by(issuer_.handle.get())) {
    signer_until = wall_time(gnutls_x509_crt_get_expiration_time(issuer_.handle.get()));
    return {};
  }
  SignerCertificates signers;
  int rc = gnutls_ocsp_resp_get_certs(response_.get(), &signers.list, &signers.count);
  if (rc < 0) return "its signer's certificate cannot be read";
  if (signers.count > kMaxSignerCertificates) return "it brings too many certificates";
  for (std::size_t i = 0; i < signers.count; ++i) {
    if (!signed_by(signers.list[i])) continue;
    signer_until = wall_time(gnutls_x509_crt_get_expiration_time(signers.list[i]));
    return why_no_delegate(signers.list[i], issuer_, question_.now);
  }
  return "it is not signed by the issuer or a delegate of it";
}

bool ResponseCheck::signed_by(gnutls_x509_crt_t signer) const {
  if (!why_key_unusable(signer).empty()) return false;
  GnutlsOctets oid, basic, signature;
  if (gnutls_ocsp_resp_get_response(response_.get(), &oid.datum, &basic.datum) < 0) return false;
  if (gnutls_ocsp_resp_get_signature(response_.get(), &signature.datum) < 0) return false;
  auto data = signed_octets(basic.view());
  if (!data) return false;
  int code = gnutls_ocsp_resp_get_signature_algorithm(response_.get());
  if (code <= 0) return false;
  auto algorithm = static_cast<gnutls_sign_algorithm_t>(code);
  // D-096: no SHA-1 or MD5 here either.
  if (gnutls_sign_is_secure2(algorithm, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0) return false;
  gnutls_pubkey_t raw = nullptr;
  if (gnutls_pubkey_init(&raw) < 0) return false;
  GnutlsPubkey key(raw);
  if (gnutls_pubkey_import_x509(raw, signer, 0) < 0) return false;
  auto octets = as_datum(*data);
  return gnutls_pubkey_verify_data2(raw, algorithm, 0, &octets, &signature.datum) >= 0;
}

Bytes copy_of(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

OcspVerdict verify_ocsp(const OcspQuestion& question) {
  if (question.response.empty()) return {};
  auto certificate = import_certificate(copy_of(question.certificate));
  auto issuer = import_certificate(copy_of(question.issuer));
  if (!certificate) return invalid("the certificate it is for cannot be read");
  if (!issuer) return invalid("there is no issuer to check it by");
  return ResponseCheck(question, *certificate, *issuer).run();
}

bool is_must_staple(ByteView certificate) {
  auto imported = import_certificate(copy_of(certificate));
  gnutls_x509_tlsfeatures_t raw = nullptr;
  if (!imported || gnutls_x509_tlsfeatures_init(&raw) < 0) return false;
  Features features(raw);
  if (gnutls_x509_crt_get_tlsfeatures(imported->handle.get(), raw, 0, nullptr) < 0) return false;
  constexpr unsigned kStatusRequest = 5, kStatusRequestV2 = 17;
  unsigned feature = 0;
  for (unsigned i = 0; gnutls_x509_tlsfeatures_get(raw, i, &feature) >= 0; ++i)
    if (feature == kStatusRequest || feature == kStatusRequestV2) return true;
  return false;
}

}  // namespace danesmtp
