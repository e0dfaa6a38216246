// SPDX-License-Identifier: GPL-2.0-or-later
// What an Exim with OpenSSL calls a session's cipher and a certificate's subject, in X= and DN= of
// its log and in $tls_out_...
#pragma once

#include <string>

#include "core/bytes.h"
#include "tls/tls_dialect.h"
#include "tls/tls_info.h"

namespace danesmtp {

// The session's names as the mail server around us would write them; the cipher with its group, if
// it has one there. Of GnuTLS's own only the group is put in its place.
TlsInfo named_for(const TlsDialect& dialect, TlsInfo info);

// A certificate's subject as X509_NAME_oneline() writes it: "/C=UK/O=Example/CN=mx.lab". Empty: it
// cannot be read.
std::string openssl_subject(ByteView der);

}  // namespace danesmtp
