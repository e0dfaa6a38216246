// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. A trust list looks for the issuer of the last certificate it is given, so it must
// be given the certificates below the anchor and nothing else: whole chains with certificates above
// the anchor, which are common, would be refused.
#include "x509/verified_path.h"

#include <algorithm>

#include "core/format.h"

namespace danesmtp {
namespace {

// DO_NOT_ALLOW_SAME: GnuTLS takes a certificate that is the anchor without a check. The two of
// time: GnuTLS knows the time of the process only. The profile: below LOW (80 bits, RSA 1024)
// nothing is trusted; it is the level of GnuTLS's own TLS default. SHA-1 and MD5 signatures are
// refused at every level, as no flag here allows them (D-096, decision 0003).
constexpr unsigned kLevel = unsigned{GNUTLS_PROFILE_LOW} << 24;  // GNUTLS_PROFILE_TO_VFLAGS
constexpr unsigned kFlags = GNUTLS_VERIFY_DO_NOT_ALLOW_SAME | GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
                            GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS | kLevel;

struct TrustListDeinit {
  // 0: the certificate in the list stays its owner's.
  void operator()(gnutls_x509_trust_list_t list) const { gnutls_x509_trust_list_deinit(list, 0); }
};
using TrustList = std::unique_ptr<gnutls_x509_trust_list_st, TrustListDeinit>;

TrustList list_of(gnutls_x509_crt_t anchor) {
  gnutls_x509_trust_list_t raw = nullptr;
  if (gnutls_x509_trust_list_init(&raw, 1) < 0) return nullptr;
  TrustList list(raw);
  if (gnutls_x509_trust_list_add_cas(raw, &anchor, 1, 0) != 1) return nullptr;
  return list;
}

std::string one_line(const std::string& text) {
  std::string line = printable(text);
  line.erase(line.find_last_not_of(" .") + 1);
  return line;
}

// GnuTLS would cut the path there, and look at nothing above.
bool holds_anchor(const PathUnderAnchor& question) {
  return std::any_of(question.path.begin(), question.path.end(),
                     [&](gnutls_x509_crt_t certificate) {
                       return gnutls_x509_crt_equals(certificate, question.anchor) != 0;
                     });
}

// What speaks against it, whatever the time is; empty: nothing.
std::string why_not_trusted(const PathUnderAnchor& question) {
  if (holds_anchor(question)) return "the path holds its own anchor";
  TrustList list = list_of(question.anchor);
  if (!list) return "the trust list cannot be made";
  std::vector<gnutls_x509_crt_t> path(question.path.begin(), question.path.end());
  std::string purpose = question.purpose == nullptr ? "" : question.purpose;
  gnutls_typed_vdata_st data{GNUTLS_DT_KEY_PURPOSE_OID,
                             reinterpret_cast<unsigned char*>(purpose.data()), 0};
  unsigned status = GNUTLS_CERT_INVALID;
  int rc = gnutls_x509_trust_list_verify_crt2(list.get(), path.data(),
                                              static_cast<unsigned>(path.size()), &data,
                                              purpose.empty() ? 0 : 1, kFlags, &status, nullptr);
  if (rc < 0) return gnutls_strerror(rc);
  return status == 0 ? std::string() : one_line(verification_text(status));
}

}  // namespace

PathFinding verify_path(const PathUnderAnchor& question) {
  std::string why = why_not_trusted(question);
  if (!why.empty()) return {PathFault::NotTrusted, std::move(why)};
  // RFC 5280 6.1.3 a 2, D-082
  const bool in_time = std::all_of(
      question.path.begin(), question.path.end(),
      [&](gnutls_x509_crt_t certificate) { return valid_at(certificate, question.at); });
  return {in_time ? PathFault::None : PathFault::OutOfDate};
}

bool valid_at(gnutls_x509_crt_t certificate, WallTime at) {
  time_t from = gnutls_x509_crt_get_activation_time(certificate);
  time_t until = gnutls_x509_crt_get_expiration_time(certificate);
  time_t seconds = at.time_since_epoch().count();
  return from != -1 && until != -1 && from <= seconds && seconds <= until;
}

std::string verification_text(unsigned status) {
  GnutlsOctets text;
  int rc = gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text.datum, 0);
  if (rc < 0 || text.datum.data == nullptr) return format("verification status {:#x}", status);
  return reinterpret_cast<const char*>(text.datum.data);
}

}  // namespace danesmtp
