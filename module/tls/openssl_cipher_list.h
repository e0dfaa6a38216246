// SPDX-License-Identifier: GPL-2.0-or-later
// OpenSSL's cipher list (openssl-ciphers(1)) read as OpenSSL reads it, for the suites that this
// GnuTLS has: what is not known names nothing. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "tls/openssl_suites.h"

namespace danesmtp {

struct CipherChoice {
  std::vector<OpensslSuite> suites;  // in the list's order; those of TLS 1.3 only if it names any
  std::vector<OpensslSuite> tls13;   // of all of TLS 1.3, those that it does not forbid
  int security_level = 0;            // of @SECLEVEL; 0: not said
};

CipherChoice read_cipher_list(std::string_view list);

}  // namespace danesmtp
