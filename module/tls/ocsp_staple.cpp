// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. GnuTLS reads the response and checks signatures. Not used of it:
// gnutls_ocsp_resp_check_crt(), which does not look at the issuer's key, and
// gnutls_ocsp_resp_verify*(), which know no time but the process's. So the certificate id
// and the dates are judged here, and who signed in tls/ocsp_signer.
#include "tls/ocsp_staple.h"

#include <gnutls/crypto.h>
#include <gnutls/ocsp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "core/format.h"
#include "tls/ocsp_response.h"
#include "tls/ocsp_signer.h"
#include "x509/certificate.h"
#include "x509/gnutls_handles.h"
#include "x509/x509_der.h"

namespace danesmtp {
namespace {

constexpr unsigned kMaxExtensions = 16;
constexpr const char* kNonce = "1.3.6.1.5.5.7.48.1.2";

struct FeaturesDeinit {
  void operator()(gnutls_x509_tlsfeatures_t features) const {
    gnutls_x509_tlsfeatures_deinit(features);
  }
};
using Features = std::unique_ptr<gnutls_x509_tlsfeatures_st, FeaturesDeinit>;

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

  const OcspQuestion& question_;
  const Certificate& certificate_;
  const Certificate& issuer_;
  OcspResponse response_;
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
  auto signer = find_ocsp_signer(response_.get(), issuer_, question_.now);
  if (!signer) return invalid(signer.error().text);
  OcspVerdict verdict = find();
  verdict.signer_until = signer->until;
  return verdict;
}

std::string ResponseCheck::why_unread() {
  if (sequence_contents(question_.response)) response_ = read_ocsp_response(question_.response);
  return response_ ? "" : "it is malformed";
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
