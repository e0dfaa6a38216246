// SPDX-License-Identifier: GPL-2.0-or-later
// An OCSP responder in the test process: responses made to order, good or with the fault that a
// test is about. RFC 6960 4.2. GnuTLS reads responses and cannot make them, so they are put
// together here.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "unit/x509/lab_certificates.h"

namespace danesmtp::test {

enum class SingleStatus { Good, Revoked, Unknown };
enum class OcspHash { Sha1, Sha256 };

// What the response says of one certificate.
struct SingleResponse {
  const LabCertificate* certificate;  // its serial and issuer's name
  const LabCertificate* issuer;       // its key
  SingleStatus status = SingleStatus::Good;
  WallTime this_update = kNow - std::chrono::hours(1);
  std::optional<WallTime> next_update = kNow + std::chrono::hours(1);
  OcspHash hash = OcspHash::Sha1;
  Bytes serial{};       // instead of the certificate's
  Bytes issuer_name{};  // DER; instead of the certificate's
};

struct ResponsePlan {
  int status = 0;  // OCSPResponseStatus; other than 0: nothing more is in it
  std::vector<SingleResponse> singles{};
  const LabCertificate* signer = nullptr;              // a P-256 key
  std::vector<const LabCertificate*> certificates{};   // sent along
  std::string extension{};                             // OID of a response extension; empty: none
  bool critical = false;                               // it is
  gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;  // of the signature; or GNUTLS_DIG_SHA1
};

Bytes make_response(const ResponsePlan& plan);

// A Good response of the issuer about the certificate, changed by the test where it wants.
ResponsePlan good_response(const LabCertificate& certificate, const LabCertificate& issuer);

// What the issuer certifies for signing its responses. RFC 6960 4.2.2.2.
CertificatePlan delegate_plan();

// A lab, and whom a response of its issuer may wrongly be about or signed by.
struct OcspLab {
  Lab lab;
  LabCertificate other_leaf = issue({.subject = "leaf"}, &lab.issuer);
  // Has the issuer's name, and no more of it.
  LabCertificate other_ca = issue({.subject = "Lab issuing CA", .ca = true}, nullptr);
};

inline constexpr std::chrono::seconds kMore{1};  // than a time that is accepted

}  // namespace danesmtp::test
