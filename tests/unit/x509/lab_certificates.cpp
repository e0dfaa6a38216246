// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/x509/lab_certificates.h"

#include <string_view>

#include "dane/tlsa_match.h"
#include "x509/x509_der.h"

#include "unit/check_support.h"

namespace danesmtp::test {
namespace {

void must(int rc, const char* what) {
  if (rc < 0) ck_abort_msg("%s: %s", what, gnutls_strerror(rc));
}

struct KeyAlgorithm {
  gnutls_pk_algorithm_t algorithm;
  unsigned bits;
};

constexpr unsigned curve_bits(gnutls_ecc_curve_t curve) {
  return 1U << 31U | unsigned{curve};
}

KeyAlgorithm algorithm_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::P256:
      return {GNUTLS_PK_ECDSA, curve_bits(GNUTLS_ECC_CURVE_SECP256R1)};
    case KeyKind::P521:
      return {GNUTLS_PK_ECDSA, curve_bits(GNUTLS_ECC_CURVE_SECP521R1)};
    case KeyKind::Rsa1024:
      return {GNUTLS_PK_RSA, 1024};
    case KeyKind::Rsa768:
      return {GNUTLS_PK_RSA, 768};
    case KeyKind::RsaPss:
      return {GNUTLS_PK_RSA_PSS, 2048};
    case KeyKind::Ed25519:
      return {GNUTLS_PK_EDDSA_ED25519, curve_bits(GNUTLS_ECC_CURVE_ED25519)};
    case KeyKind::Ed448:
      return {GNUTLS_PK_EDDSA_ED448, curve_bits(GNUTLS_ECC_CURVE_ED448)};
  }
  ck_abort_msg("no such kind of key");
}

struct PubkeyDeinit {
  void operator()(gnutls_pubkey_st* key) const { gnutls_pubkey_deinit(key); }
};

void set_key(gnutls_x509_crt_t certificate, gnutls_privkey_t key) {
  gnutls_pubkey_t raw = nullptr;
  must(gnutls_pubkey_init(&raw), "pubkey");
  std::unique_ptr<gnutls_pubkey_st, PubkeyDeinit> pubkey(raw);
  must(gnutls_pubkey_import_privkey(raw, key, 0, 0), "public key of a key");
  must(gnutls_x509_crt_set_pubkey(certificate, raw), "set the key");
}

// subjectAltName as octets (RFC 5280 4.2.1.6): GnuTLS's setter ends a name at its first NUL.
Bytes alternative_names(const CertificatePlan& plan) {
  Bytes names;
  auto add = [&](std::uint8_t tag, const std::string& name) {
    Bytes element = der_element(tag, {as_bytes(name)});
    if (!name.empty()) names.insert(names.end(), element.begin(), element.end());
  };
  for (const auto& name : plan.dns_names) add(0x82, name);
  add(0x81, plan.mail_name);
  add(0x86, plan.uri);
  add(0x87, plan.ip_address);
  return names.empty() ? Bytes() : der_element(0x30, {names});
}

void set_extension(gnutls_x509_crt_t certificate, const std::string& oid, const Bytes& value,
                   bool critical) {
  if (oid.empty() || value.empty()) return;
  must(gnutls_x509_crt_set_extension_by_oid(certificate, oid.c_str(), value.data(), value.size(),
                                            critical ? 1 : 0),
       "extension");
}

struct ConstraintsDeinit {
  void operator()(gnutls_name_constraints_st* c) const { gnutls_x509_name_constraints_deinit(c); }
};

void set_constraints(gnutls_x509_crt_t certificate, const CertificatePlan& plan) {
  if (plan.permitted_dns.empty() && plan.excluded_dns.empty()) return;
  gnutls_x509_name_constraints_t raw = nullptr;
  must(gnutls_x509_name_constraints_init(&raw), "name constraints");
  std::unique_ptr<gnutls_name_constraints_st, ConstraintsDeinit> constraints(raw);
  auto permitted = as_datum(as_bytes(plan.permitted_dns));
  auto excluded = as_datum(as_bytes(plan.excluded_dns));
  if (permitted.size != 0)
    must(gnutls_x509_name_constraints_add_permitted(raw, GNUTLS_SAN_DNSNAME, &permitted), "permit");
  if (excluded.size != 0)
    must(gnutls_x509_name_constraints_add_excluded(raw, GNUTLS_SAN_DNSNAME, &excluded), "exclude");
  must(gnutls_x509_crt_set_name_constraints(certificate, raw, 1), "set the constraints");
}

void set_key_ids(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer) {
  unsigned char id[64];
  std::size_t size = sizeof id;
  must(gnutls_x509_crt_get_key_id(certificate, 0, id, &size), "key id");
  must(gnutls_x509_crt_set_subject_key_id(certificate, id, size), "subject key id");
  size = sizeof id;
  if (gnutls_x509_crt_get_subject_key_id(issuer, id, &size, nullptr) == 0)
    must(gnutls_x509_crt_set_authority_key_id(certificate, id, size), "authority key id");
}

Bytes tls_features(const CertificatePlan& plan) {
  Bytes features;
  for (std::uint8_t feature : plan.tls_features) {
    const Bytes integer{2, 1, feature};
    features.insert(features.end(), integer.begin(), integer.end());
  }
  return features.empty() ? Bytes() : der_element(0x30, {features});
}

void set_extensions(gnutls_x509_crt_t certificate, const CertificatePlan& plan) {
  set_extension(certificate, "2.5.29.17", alternative_names(plan), false);
  if (plan.basic_constraints)
    must(gnutls_x509_crt_set_basic_constraints(certificate, plan.ca ? 1 : 0, plan.path_length),
         "CA");
  if (plan.key_usage != 0)
    must(gnutls_x509_crt_set_key_usage(certificate, plan.key_usage), "usage");
  if (!plan.purpose.empty())
    must(gnutls_x509_crt_set_key_purpose_oid(certificate, plan.purpose.c_str(), 0), "purpose");
  set_constraints(certificate, plan);
  set_extension(certificate, "1.3.6.1.5.5.7.1.24", tls_features(plan), false);
  set_extension(certificate, plan.critical_extension, {5, 0}, true);
}

// EdDSA comes with its own hash.
gnutls_digest_algorithm_t hash_for(gnutls_privkey_t key, gnutls_digest_algorithm_t wanted) {
  int algorithm = gnutls_privkey_get_pk_algorithm(key, nullptr);
  if (algorithm == GNUTLS_PK_EDDSA_ED25519) return GNUTLS_DIG_SHA512;
  return algorithm == GNUTLS_PK_EDDSA_ED448 ? GNUTLS_DIG_SHAKE_256 : wanted;
}

}  // namespace

LabKey make_key(KeyKind kind) {
  gnutls_privkey_t raw = nullptr;
  must(gnutls_privkey_init(&raw), "private key");
  LabKey key(raw, PrivkeyDeinit());
  auto [algorithm, bits] = algorithm_of(kind);
  must(gnutls_privkey_generate(raw, algorithm, bits, 0), "generate a key");
  return key;
}

LabCertificate issue(const CertificatePlan& plan, const LabCertificate* issuer) {
  static unsigned char serial = 0;
  gnutls_x509_crt_t raw = nullptr;
  must(gnutls_x509_crt_init(&raw), "certificate");
  LabCertificate made{{}, plan.key ? plan.key : make_key(plan.kind), GnutlsCertificate(raw)};
  gnutls_x509_crt_t signer = issuer != nullptr ? issuer->handle.get() : raw;
  must(gnutls_x509_crt_set_version(raw, static_cast<unsigned>(plan.version)), "version");
  const unsigned char number[] = {1, ++serial};
  must(gnutls_x509_crt_set_serial(raw, number, sizeof number), "serial");
  must(gnutls_x509_crt_set_activation_time(raw, plan.from.time_since_epoch().count()), "from");
  must(gnutls_x509_crt_set_expiration_time(raw, plan.until.time_since_epoch().count()), "until");
  must(gnutls_x509_crt_set_dn_by_oid(raw, GNUTLS_OID_X520_COMMON_NAME, 0, plan.subject.data(),
                                     static_cast<unsigned>(plan.subject.size())),
       "subject");
  if (!plan.second_subject.empty())
    must(gnutls_x509_crt_set_dn_by_oid(raw, GNUTLS_OID_X520_COMMON_NAME, 0,
                                       plan.second_subject.data(),
                                       static_cast<unsigned>(plan.second_subject.size())),
         "second subject");
  set_key(raw, made.key.get());
  if (plan.version == 3) {
    set_extensions(raw, plan);
    if (plan.key_ids) set_key_ids(raw, signer);
  }
  gnutls_privkey_t key = issuer != nullptr ? issuer->key.get() : made.key.get();
  must(gnutls_x509_crt_privkey_sign(raw, signer, key, hash_for(key, plan.hash), 0), "sign");
  gnutls_datum_t der{};
  must(gnutls_x509_crt_export2(raw, GNUTLS_X509_FMT_DER, &der), "export");
  std::unique_ptr<unsigned char, GnutlsFree> owner(der.data);
  made.der = to_bytes(der);
  return made;
}

Lab::Lab(const LabPlans& plans)
    : root(issue(plans.root, nullptr)),
      upper(issue(plans.upper, &root)),
      issuer(issue(plans.issuer, &upper)),
      leaf(issue(plans.leaf, &issuer)) {}

TlsaRecord record_for(const std::string& form, const Bytes& certificate) {
  auto record = assert_ok(parse_tlsa_text(form + " 00"));
  record.data = assert_ok(association_data({record.selector, record.matching}, certificate));
  return record;
}

DnsName dns_name(const std::string& text) {
  return assert_ok(DnsName::parse(text));
}

}  // namespace danesmtp::test
