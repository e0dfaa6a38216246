// SPDX-License-Identifier: GPL-2.0-or-later
// OpenSSL's language for ciphers, protocol versions and groups (openssl-ciphers(1), Exim's
// openssl_options and tls_eccurve) as a GnuTLS priority string. Pure. What cannot be expressed
// gives the default: mail never waits for a word that the other library has not. Nothing in any of
// them makes a session weaker than GnuTLS's default of TLS 1.2 and 1.3 with certificates (RFC
// 7672 2.2).
//
// OpenSSL lists suites, GnuTLS their parts: suites made of the same parts as those listed are
// allowed too. To TLS 1.3, which OpenSSL's list says nothing of, it applies as far as it leaves it
// a suite; TLS_... names choose among its own.
#pragma once

#include <string>
#include <string_view>

namespace danesmtp {

struct OpensslWishes {
  std::string_view ciphers;  // a cipher list; or a GnuTLS priority string, which is left as it is
  std::string_view
      options;  // "+no_tlsv1_3 -no_sslv3": only those that forbid a version say anything
  std::string_view groups;  // "X25519:prime256v1", "auto"
};

struct TranslatedWishes {
  std::string priority;  // empty: GnuTLS's default
  std::string remark;    // what could not be expressed, for the operator; empty: nothing
};

TranslatedWishes priority_from_openssl(const OpensslWishes& wishes);

}  // namespace danesmtp
