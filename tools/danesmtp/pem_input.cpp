// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. Decoding is GnuTLS's part, finding the blocks is ours: GnuTLS's own list import
// refuses a whole chain for one certificate that it cannot parse.
#include "pem_input.h"

#include <gnutls/abstract.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "core/format.h"
#include "file_kind.h"
#include "tls/tls_info.h"
#include "x509/certificate.h"
#include "x509/gnutls_handles.h"

namespace danesmtp::tool {
namespace {

constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

Result<Bytes> decode(const char* label, std::string_view block) {
  gnutls_datum_t text = as_datum(as_bytes(block));
  GnutlsOctets raw;
  int rc = gnutls_pem_base64_decode2(label, &text, &raw.datum);
  if (rc < 0)
    return fail(ErrorKind::BadInput,
                format("a PEM block does not decode: {}", gnutls_strerror(rc)));
  return to_bytes(raw.datum);
}

struct PrivkeyDeinit {
  void operator()(gnutls_privkey_st* key) const { gnutls_privkey_deinit(key); }
};

struct SpkiDeinit {
  void operator()(gnutls_x509_spki_st* spki) const { gnutls_x509_spki_deinit(spki); }
};

Error gnutls_error(int rc) {
  return {ErrorKind::BadInput, gnutls_strerror(rc)};
}

// Of a key without parameters GnuTLS has none to show.
bool has_pss_parameters(gnutls_privkey_t private_key) {
  if (gnutls_privkey_get_pk_algorithm(private_key, nullptr) != GNUTLS_PK_RSA_PSS) return false;
  gnutls_x509_spki_t raw = nullptr;
  if (gnutls_x509_spki_init(&raw) < 0) return true;
  std::unique_ptr<gnutls_x509_spki_st, SpkiDeinit> spki(raw);
  return gnutls_privkey_get_spki(private_key, raw, 0) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

Result<Bytes> public_half(gnutls_privkey_t private_key) {
  if (has_pss_parameters(private_key))
    return fail(ErrorKind::BadInput,
                "an RSA-PSS key with parameters: give the certificate, or the public key (openssl "
                "pkey -pubout)");
  gnutls_pubkey_t raw = nullptr;
  int rc = gnutls_pubkey_init(&raw);
  if (rc < 0) return tl::unexpected(gnutls_error(rc));
  GnutlsPubkey key(raw);
  rc = gnutls_pubkey_import_privkey(raw, private_key, 0, 0);
  if (rc < 0) return tl::unexpected(gnutls_error(rc));
  GnutlsOctets der;
  rc = gnutls_pubkey_export2(raw, GNUTLS_X509_FMT_DER, &der.datum);
  if (rc < 0) return tl::unexpected(gnutls_error(rc));
  return to_bytes(der.datum);
}

using PrivateKey = std::unique_ptr<gnutls_privkey_st, PrivkeyDeinit>;

Result<PrivateKey> import_private_key(std::string_view text) {
  gnutls_privkey_t raw = nullptr;
  int rc = gnutls_privkey_init(&raw);
  if (rc < 0) return tl::unexpected(gnutls_error(rc));
  PrivateKey key(raw);
  gnutls_datum_t datum = as_datum(as_bytes(text));
  rc = gnutls_privkey_import_x509_raw(raw, &datum, GNUTLS_X509_FMT_PEM, nullptr, 0);
  if (rc == GNUTLS_E_DECRYPTION_FAILED)
    return fail(ErrorKind::BadInput, "the key is encrypted: give it without a passphrase");
  if (rc < 0)
    return fail(
        ErrorKind::BadInput,
        format("no private key in PEM ({}): name the server's key file", gnutls_strerror(rc)));
  return key;
}

Result<Bytes> private_key_info(std::string_view text) {
  auto key = import_private_key(text);
  if (!key) return tl::unexpected(key.error());
  return public_half(key->get());
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char block[16384];
  while (file.read(block, sizeof block), file.gcount() > 0)
    text.append(block, static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad())
    return fail(ErrorKind::Io,
                format("{}: {}; name a file that can be read", path, std::strerror(errno)));
  return text;
}

Result<PeerChain> pem_certificates(std::string_view text) {
  PeerChain chain;
  std::string_view rest = text;
  for (auto at = rest.find(kBegin); at != std::string_view::npos; at = rest.find(kBegin)) {
    rest.remove_prefix(at);
    auto end = rest.find(kEnd);
    if (end == std::string_view::npos)
      return fail(ErrorKind::BadInput, "a certificate in PEM has no end");
    auto der = decode("CERTIFICATE", rest.substr(0, end + kEnd.size()));
    if (!der) return tl::unexpected(der.error());
    chain.push_back(std::move(*der));
    rest.remove_prefix(end + kEnd.size());
  }
  if (chain.empty() && text.find_first_not_of(" \t\r\n") != std::string_view::npos)
    return fail(ErrorKind::BadInput, "no certificate in PEM");
  return chain;
}

Result<PeerChain> read_certificates(const std::string& path) {
  auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  auto chain = pem_certificates(*text);
  const bool none = text->find(kBegin) == std::string::npos;
  const std::string kind = none ? other_kind(*text, path, Wanted::Certificates) : "";
  if (!kind.empty())
    return fail(ErrorKind::BadInput, format("{}: no certificate in PEM: {}", path, kind));
  if (!chain)
    return fail(ErrorKind::BadInput,
                format("{}: {}; name the server's chain", path, chain.error().text));
  if (chain->empty())
    return fail(ErrorKind::BadInput, path + ": no certificate in PEM; name the server's chain");
  return chain;
}

Result<Bytes> read_public_key(const std::string& path) {
  auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  bool is_public = text->find("-----BEGIN PUBLIC KEY-----") != std::string::npos;
  auto info = is_public ? decode("PUBLIC KEY", *text) : private_key_info(*text);
  if (info) return info;
  const std::string kind = other_kind(*text, path, Wanted::Key);
  return fail(ErrorKind::BadInput, kind.empty() ? path + ": " + info.error().text
                                                : format("{}: no key in PEM: {}", path, kind));
}

// GnuTLS is given the certificate that we have read, not the file: it finds blocks in its own way.
Result<KeyMatch> match_private_key(ByteView certificate, const std::string& from,
                                   const std::string& private_key) {
  auto key = read_file(private_key);
  if (!key) return tl::unexpected(key.error());
  auto own = import_private_key(*key);
  if (!own) return fail(ErrorKind::BadInput, private_key + ": " + own.error().text);
  // The call below leaves memory behind when it cannot read the certificate.
  if (auto read = read_by_gnutls(certificate); !read)
    return fail(ErrorKind::BadInput,
                from + ": the first certificate cannot be used: " + read.error().text);
  gnutls_certificate_credentials_t raw = nullptr;
  if (int rc = gnutls_certificate_allocate_credentials(&raw); rc < 0)
    return tl::unexpected(gnutls_error(rc));
  GnutlsCertificateCredentials credentials(raw);
  const std::string pem = certificate_pem(certificate);
  const gnutls_datum_t certificate_text = as_datum(as_bytes(pem));
  const gnutls_datum_t key_text = as_datum(as_bytes(*key));
  const int rc =
      gnutls_certificate_set_x509_key_mem(raw, &certificate_text, &key_text, GNUTLS_X509_FMT_PEM);
  if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) return KeyMatch::Other;
  if (rc < 0)
    return fail(ErrorKind::BadInput,
                format("{} and {} cannot be used: {}", from, private_key, gnutls_strerror(rc)));
  return KeyMatch::Same;
}

}  // namespace danesmtp::tool
