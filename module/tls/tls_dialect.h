// SPDX-License-Identifier: GPL-2.0-or-later
// The TLS library that the mail server around us is built with: options are written in its
// language, and logs are read by those who know its words. Ours is GnuTLS in any case.
#pragma once

#include <string>

namespace danesmtp {

enum class TlsLibrary { Gnutls, Openssl };

struct TlsDialect {
  TlsLibrary library = TlsLibrary::Gnutls;
  std::string openssl_options{};  // Exim's main option, expanded: "+no_tlsv1_3"; OpenSSL only
  bool logs_group = true;         // the key exchange group ends the cipher's text
};

}  // namespace danesmtp
