// SPDX-License-Identifier: GPL-2.0-or-later
// Labels of PEM: RFC 7468; the binary forms are tried one after the other.
#include "file_kind.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs12.h>
#include <gnutls/pkcs7.h>

#include <memory>

#include "core/bytes.h"
#include "core/format.h"
#include "x509/gnutls_handles.h"

namespace danesmtp::tool {
namespace {

// A GnuTLS object that lives for the length of one question.
template <class Handle>
struct Kind {
  int (*init)(Handle*);
  void (*deinit)(Handle);
  bool (*reads)(Handle, const gnutls_datum_t*);
};

template <class Handle>
bool is(const Kind<Handle>& kind, std::string_view content) {
  Handle handle{};
  if (content.empty() || kind.init(&handle) < 0) return false;
  const gnutls_datum_t datum = as_datum(as_bytes(content));
  const bool reads = kind.reads(handle, &datum);
  kind.deinit(handle);
  return reads;
}

constexpr Kind<gnutls_x509_crt_t> kCertificate = {
    gnutls_x509_crt_init, gnutls_x509_crt_deinit,
    [](gnutls_x509_crt_t handle, const gnutls_datum_t* datum) {
      return gnutls_x509_crt_import(handle, datum, GNUTLS_X509_FMT_DER) >= 0;
    }};
constexpr Kind<gnutls_pkcs7_t> kPkcs7 = {
    gnutls_pkcs7_init, gnutls_pkcs7_deinit, [](gnutls_pkcs7_t handle, const gnutls_datum_t* datum) {
      return gnutls_pkcs7_import(handle, datum, GNUTLS_X509_FMT_DER) >= 0;
    }};
constexpr Kind<gnutls_pkcs12_t> kPkcs12 = {gnutls_pkcs12_init, gnutls_pkcs12_deinit,
                                           [](gnutls_pkcs12_t handle, const gnutls_datum_t* datum) {
                                             return gnutls_pkcs12_import(
                                                        handle, datum, GNUTLS_X509_FMT_DER, 0) >= 0;
                                           }};
constexpr Kind<gnutls_privkey_t> kPrivateKey = {
    gnutls_privkey_init, gnutls_privkey_deinit,
    [](gnutls_privkey_t handle, const gnutls_datum_t* datum) {
      const int rc = gnutls_privkey_import_x509_raw(handle, datum, GNUTLS_X509_FMT_DER, nullptr, 0);
      return rc >= 0 || rc == GNUTLS_E_DECRYPTION_FAILED;
    }};
constexpr Kind<gnutls_pubkey_t> kPublicKey = {
    gnutls_pubkey_init, gnutls_pubkey_deinit,
    [](gnutls_pubkey_t handle, const gnutls_datum_t* datum) {
      return gnutls_pubkey_import(handle, datum, GNUTLS_X509_FMT_DER) >= 0;
    }};

struct Remedy {
  const char* what;
  const char* certificates;  // the command; {} is the file
  const char* key;
};

constexpr Remedy kOfDerCertificate = {"a certificate in DER",
                                      "openssl x509 -inform DER -in {} -out chain.pem",
                                      "openssl x509 -inform DER -in {} -out chain.pem"};
constexpr Remedy kOfDerPkcs7 = {"a PKCS#7 bundle in DER",
                                "openssl pkcs7 -inform DER -print_certs -in {} -out chain.pem",
                                "openssl pkcs7 -inform DER -print_certs -in {} -out chain.pem"};
constexpr Remedy kOfPkcs12 = {"a PKCS#12 store", "openssl pkcs12 -nokeys -in {} -out chain.pem",
                              "openssl pkcs12 -nokeys -in {} -out chain.pem"};
constexpr Remedy kOfDerPrivateKey = {"a private key in DER",
                                     "openssl pkey -inform DER -in {} -pubout -out key.pem",
                                     "openssl pkey -inform DER -in {} -pubout -out key.pem"};
constexpr Remedy kOfDerPublicKey = {"a public key in DER",
                                    "openssl pkey -pubin -inform DER -in {} -pubout -out key.pem",
                                    "openssl pkey -pubin -inform DER -in {} -pubout -out key.pem"};

struct Label {
  const char* text;
  Remedy remedy;
};

constexpr const char* kPkcs7Command = "openssl pkcs7 -print_certs -in {} -out chain.pem";
constexpr const char* kX509Command = "openssl x509 -in {} -out chain.pem";
constexpr const char* kKeyCommand = "danesmtp tlsa --key {}";
constexpr const char* kRequestCommand = "openssl req -noout -pubkey -in {} -out key.pem";

// In this order: a file may have several.
constexpr Label kLabels[] = {
    {"CERTIFICATE", {"a certificate", "danesmtp tlsa {}", "danesmtp tlsa {}"}},
    {"TRUSTED CERTIFICATE", {"a certificate of OpenSSL's own form", kX509Command, kX509Command}},
    {"X509 CERTIFICATE", {"a certificate with an old label", kX509Command, kX509Command}},
    {"PKCS7", {"a PKCS#7 bundle", kPkcs7Command, kPkcs7Command}},
    {"CMS", {"a PKCS#7 bundle", kPkcs7Command, kPkcs7Command}},
    {"CERTIFICATE REQUEST", {"a certificate request", kRequestCommand, kRequestCommand}},
    {"NEW CERTIFICATE REQUEST", {"a certificate request", kRequestCommand, kRequestCommand}},
    {"PUBLIC KEY", {"a public key", kKeyCommand, ""}},
    {"PRIVATE KEY", {"a private key", kKeyCommand, ""}},
    {"RSA PRIVATE KEY", {"a private key", kKeyCommand, ""}},
    {"EC PRIVATE KEY", {"a private key", kKeyCommand, ""}},
    {"ENCRYPTED PRIVATE KEY", {"an encrypted private key", kKeyCommand, ""}},
    {"OPENSSH PRIVATE KEY",
     {"an OpenSSH key", "ssh-keygen -e -m PKCS8 -f {} > key.pem",
      "ssh-keygen -e -m PKCS8 -f {} > key.pem"}},
};

const Remedy* remedy_of(std::string_view content) {
  for (const auto& label : kLabels)
    if (content.find(format("-----BEGIN {}-----", label.text)) != std::string_view::npos)
      return &label.remedy;
  if (is(kCertificate, content)) return &kOfDerCertificate;
  if (is(kPkcs7, content)) return &kOfDerPkcs7;
  if (is(kPkcs12, content)) return &kOfPkcs12;
  if (is(kPublicKey, content)) return &kOfDerPublicKey;
  return is(kPrivateKey, content) ? &kOfDerPrivateKey : nullptr;
}

}  // namespace

std::string other_kind(std::string_view content, const std::string& path, Wanted wanted) {
  const auto* remedy = remedy_of(content);
  if (!remedy) return {};
  std::string command = wanted == Wanted::Certificates ? remedy->certificates : remedy->key;
  if (command.empty()) return {};
  return format("it is {}: {}", remedy->what, command.replace(command.find("{}"), 2, path));
}

}  // namespace danesmtp::tool
