// SPDX-License-Identifier: GPL-2.0-or-later
// What people want to know of a certificate: names, dates, and the record that would speak of it.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "dane/dane_verify.h"
#include "x509/certificate.h"

namespace danesmtp::tool {

struct CertificateFacts {
  std::string subject;             // RFC 4514
  std::string issuer;              // RFC 4514
  std::vector<std::string> names;  // dNSName entries of the subjectAltName
  WallTime not_before;
  WallTime not_after;
  std::string key_sha256;  // of the SubjectPublicKeyInfo, as in a record 3 1 1 or 2 1 1
};

// The dNSName entries of the subjectAltName, printable.
std::vector<std::string> dns_names(const Certificate& certificate);

// BadInput: the octets are not a certificate.
[[nodiscard]] Result<CertificateFacts> certificate_facts(const Bytes& der);

// Whether the certificate's key is an RSA key, of either kind; false for what is no certificate.
bool has_rsa_key(const Bytes& der);

// Whole days until the certificate ends; negative: it has ended.
int days_left(const CertificateFacts& facts, WallTime now);

// "ends in 4 days", "ended 4 days ago", to follow the certificate.
std::string end_text(int days_left);

}  // namespace danesmtp::tool
