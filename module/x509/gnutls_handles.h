// SPDX-License-Identifier: GPL-2.0-or-later
// GnuTLS objects with an owner. Struct deleters: the handles are as small as the pointers they
// hold.
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <memory>

#include "core/bytes.h"

namespace danesmtp {

struct GnutlsSessionDeinit {
  void operator()(gnutls_session_t session) const { gnutls_deinit(session); }
};
using GnutlsSessionHandle = std::unique_ptr<gnutls_session_int, GnutlsSessionDeinit>;

struct GnutlsCertificateCredentialsFree {
  void operator()(gnutls_certificate_credentials_t credentials) const {
    gnutls_certificate_free_credentials(credentials);
  }
};
using GnutlsCertificateCredentials =
    std::unique_ptr<gnutls_certificate_credentials_st, GnutlsCertificateCredentialsFree>;

struct GnutlsAnonymousCredentialsFree {
  void operator()(gnutls_anon_client_credentials_t credentials) const {
    gnutls_anon_free_client_credentials(credentials);
  }
};
using GnutlsAnonymousCredentials =
    std::unique_ptr<gnutls_anon_client_credentials_st, GnutlsAnonymousCredentialsFree>;

struct GnutlsCertificateDeinit {
  void operator()(gnutls_x509_crt_t certificate) const { gnutls_x509_crt_deinit(certificate); }
};
using GnutlsCertificate = std::unique_ptr<gnutls_x509_crt_int, GnutlsCertificateDeinit>;

struct GnutlsPubkeyDeinit {
  void operator()(gnutls_pubkey_t key) const { gnutls_pubkey_deinit(key); }
};
using GnutlsPubkey = std::unique_ptr<gnutls_pubkey_st, GnutlsPubkeyDeinit>;

// Memory that GnuTLS allocated for the caller.
struct GnutlsFree {
  void operator()(void* memory) const { gnutls_free(memory); }
};
using GnutlsText = std::unique_ptr<char, GnutlsFree>;

// Octets that GnuTLS allocates for the caller, into `datum`.
struct GnutlsOctets {
  gnutls_datum_t datum{nullptr, 0};
  GnutlsOctets() = default;
  GnutlsOctets(const GnutlsOctets&) = delete;
  GnutlsOctets& operator=(const GnutlsOctets&) = delete;
  ~GnutlsOctets() { gnutls_free(datum.data); }
  ByteView view() const { return {datum.data, datum.size}; }
};

// The same octets as GnuTLS wants them; GnuTLS does not write through it.
inline gnutls_datum_t as_datum(ByteView bytes) {
  return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned int>(bytes.size())};
}

// A copy that outlives the session.
inline Bytes to_bytes(const gnutls_datum_t& datum) {
  return datum.size == 0 ? Bytes() : Bytes(datum.data, datum.data + datum.size);
}

}  // namespace danesmtp
