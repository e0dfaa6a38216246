// SPDX-License-Identifier: GPL-2.0-or-later
// A certification authority in the test process: certificates made to order, good or with the fault
// that a test is about. Its dates lie around kNow, which no machine's clock is near: a test that
// passes because of the wall clock cannot.
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "dane/dane_verify.h"
#include "x509/gnutls_handles.h"

namespace danesmtp::test {

inline constexpr WallTime kNow{std::chrono::seconds{2400000000}};  // January 2046
inline constexpr std::chrono::seconds kDay{86400};

enum class KeyKind { P256, P521, Rsa1024, Rsa768, RsaPss, Ed25519, Ed448 };

struct PrivkeyDeinit {
  void operator()(gnutls_privkey_st* key) const { gnutls_privkey_deinit(key); }
};
using LabKey = std::shared_ptr<gnutls_privkey_st>;  // shared: several certificates may bear one key

LabKey make_key(KeyKind kind);

// What a certificate says. `key` is made when it is not given.
struct CertificatePlan {
  std::string subject{};                 // common name
  std::string second_subject{};          // a further common name
  std::vector<std::string> dns_names{};  // may hold any octets
  std::string mail_name{};               // rfc822Name
  std::string uri{};
  std::string ip_address{};  // four octets
  KeyKind kind = KeyKind::P256;
  LabKey key{};
  bool ca = false;
  bool basic_constraints = true;
  int path_length = -1;         // -1: not limited
  unsigned key_usage = 0;       // GNUTLS_KEY_*; 0: no extension
  std::string purpose{};        // extended key usage OID; empty: no extension
  std::string permitted_dns{};  // name constraint; empty: none
  std::string excluded_dns{};
  std::vector<std::uint8_t> tls_features{};  // RFC 7633; none: no extension
  std::string critical_extension{};          // an OID that nobody knows, made critical; empty: none
  bool key_ids = true;                       // subject and authority key identifiers
  int version = 3;
  gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;
  WallTime from = kNow - 10 * kDay;
  WallTime until = kNow + 10 * kDay;
};

struct LabCertificate {
  Bytes der;
  LabKey key;
  GnutlsCertificate handle;
};

// Signed by `issuer`, by its own key when that is null. Aborts the test when GnuTLS will not.
LabCertificate issue(const CertificatePlan& plan, const LabCertificate* issuer);

// root -> upper -> issuer -> leaf, the leaf being for mx.lab.
struct LabPlans {
  CertificatePlan root{.subject = "Lab root", .ca = true};
  CertificatePlan upper{.subject = "Lab upper CA", .ca = true};
  CertificatePlan issuer{.subject = "Lab issuing CA", .ca = true};
  CertificatePlan leaf{.subject = "leaf", .dns_names = {"mx.lab"}};
};

struct Lab {
  explicit Lab(const LabPlans& plans = {});
  LabCertificate root, upper, issuer, leaf;

  // leaf, issuer, upper, root: what a server with a complete chain presents.
  PeerChain chain() const { return {leaf.der, issuer.der, upper.der, root.der}; }
};

// The record of this form that the certificate's owner would publish.
TlsaRecord record_for(const std::string& form, const Bytes& certificate);

DnsName dns_name(const std::string& text);

}  // namespace danesmtp::test
