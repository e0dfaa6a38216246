// SPDX-License-Identifier: GPL-2.0-or-later
#include "unit/tls/lab_ocsp.h"

#include <gnutls/crypto.h>

#include <ctime>

#include "x509/certificate.h"
#include "x509/x509_der.h"

#include "unit/check_support.h"

namespace danesmtp::test {
namespace {

const Bytes kNull{0x05, 0x00};
const Bytes kSha1{0x06, 5, 0x2b, 0x0e, 0x03, 0x02, 0x1a};
const Bytes kSha256{0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
const Bytes kEcdsaSha1{0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01};
const Bytes kEcdsaSha256{0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
const Bytes kBasicResponse{0x06, 9, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};

// Not ck_assert(): that needs a suite, and a fuzz target has none.
void must(int rc, const char* what) {
  if (rc < 0) ck_abort_msg("%s: %s", what, gnutls_strerror(rc));
}

Bytes hashed(OcspHash hash, ByteView bytes) {
  const auto digest = hash == OcspHash::Sha1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256;
  Bytes out(gnutls_hash_get_len(digest));
  gnutls_hash_fast(digest, bytes.data(), bytes.size(), out.data());
  return out;
}

Bytes time_element(WallTime when) {
  std::time_t seconds = when.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &parts);
  return der_element(0x18, {as_bytes(text)});
}

Bytes serial_of(const LabCertificate& certificate) {
  Bytes serial(64);
  std::size_t size = serial.size();
  must(gnutls_x509_crt_get_serial(certificate.handle.get(), serial.data(), &size), "serial number");
  serial.resize(size);
  return serial;
}

Bytes certificate_id(const SingleResponse& single) {
  auto fields = assert_ok(certificate_fields(single.certificate->der));
  auto issuer = assert_ok(certificate_fields(single.issuer->der));
  auto key = assert_ok(public_key_octets(issuer.public_key_info));
  ByteView name = single.issuer_name.empty() ? fields.issuer : ByteView(single.issuer_name);
  Bytes serial = single.serial.empty() ? serial_of(*single.certificate) : single.serial;
  const Bytes& algorithm = single.hash == OcspHash::Sha1 ? kSha1 : kSha256;
  return der_element(
      0x30, {der_element(0x30, {algorithm, kNull}), der_element(0x04, {hashed(single.hash, name)}),
             der_element(0x04, {hashed(single.hash, key)}), der_element(0x02, {serial})});
}

Bytes status_element(const SingleResponse& single) {
  if (single.status == SingleStatus::Good) return {0x80, 0};
  if (single.status == SingleStatus::Unknown) return {0x82, 0};
  return der_element(0xa1, {time_element(single.this_update)});
}

Bytes single_element(const SingleResponse& single) {
  Bytes next;
  if (single.next_update) next = der_element(0xa0, {time_element(*single.next_update)});
  return der_element(0x30, {certificate_id(single), status_element(single),
                            time_element(single.this_update), next});
}

// "1.2.3.4" with arcs below 128.
Bytes oid_element(const std::string& text) {
  std::vector<int> arcs;
  for (std::size_t at = 0; at < text.size(); at = std::min(text.find('.', at), text.size() - 1) + 1)
    arcs.push_back(std::atoi(text.c_str() + at));
  Bytes octets{static_cast<std::uint8_t>(arcs.at(0) * 40 + arcs.at(1))};
  for (std::size_t i = 2; i < arcs.size(); ++i)
    octets.push_back(static_cast<std::uint8_t>(arcs[i]));
  return der_element(0x06, {octets});
}

Bytes extensions(const ResponsePlan& plan) {
  if (plan.extension.empty()) return {};
  const Bytes critical = plan.critical ? Bytes{0x01, 1, 0xff} : Bytes();
  Bytes one = der_element(
      0x30, {oid_element(plan.extension), critical, der_element(0x04, {ByteView(kNull)})});
  return der_element(0xa1, {der_element(0x30, {one})});
}

Bytes response_data(const ResponsePlan& plan) {
  Bytes singles;
  for (const auto& single : plan.singles) {
    Bytes one = single_element(single);
    singles.insert(singles.end(), one.begin(), one.end());
  }
  auto signer = assert_ok(certificate_fields(plan.signer->der));
  return der_element(0x30, {der_element(0xa1, {signer.subject}), time_element(kNow),
                            der_element(0x30, {singles}), extensions(plan)});
}

Bytes signature(const ResponsePlan& plan, const Bytes& data) {
  auto octets = as_datum(data);
  gnutls_datum_t made{};
  must(gnutls_privkey_sign_data(plan.signer->key.get(), plan.hash, 0, &octets, &made), "sign");
  std::unique_ptr<unsigned char, GnutlsFree> owner(made.data);
  const Bytes unused_bits{0};
  return der_element(0x03, {unused_bits, to_bytes(made)});
}

Bytes certificates(const ResponsePlan& plan) {
  Bytes all;
  for (const auto* one : plan.certificates) all.insert(all.end(), one->der.begin(), one->der.end());
  return all.empty() ? all : der_element(0xa0, {der_element(0x30, {all})});
}

}  // namespace

Bytes make_response(const ResponsePlan& plan) {
  const Bytes status{0x0a, 1, static_cast<std::uint8_t>(plan.status)};
  if (plan.status != 0) return der_element(0x30, {status});
  const Bytes data = response_data(plan);
  const Bytes& algorithm = plan.hash == GNUTLS_DIG_SHA1 ? kEcdsaSha1 : kEcdsaSha256;
  Bytes basic = der_element(
      0x30, {data, der_element(0x30, {algorithm}), signature(plan, data), certificates(plan)});
  Bytes body = der_element(0x30, {kBasicResponse, der_element(0x04, {basic})});
  return der_element(0x30, {status, der_element(0xa0, {body})});
}

ResponsePlan good_response(const LabCertificate& certificate, const LabCertificate& issuer) {
  ResponsePlan plan;
  plan.singles.push_back({&certificate, &issuer});
  plan.signer = &issuer;
  return plan;
}

CertificatePlan delegate_plan() {
  return {.subject = "Lab OCSP", .purpose = "1.3.6.1.5.5.7.3.9"};
}

}  // namespace danesmtp::test
