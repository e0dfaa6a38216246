// SPDX-License-Identifier: GPL-2.0-or-later
// Files and PEM text (RFC 7468) as the tool's user gives them.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "dane/dane_verify.h"

namespace danesmtp::tool {

// The whole file; Io with its name otherwise.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

// The certificates of a PEM text in their order; what lies between them is ignored. Empty for blank
// text; BadInput for other text without a certificate and for a block that does not decode. Whether
// the octets are a certificate is not looked at.
[[nodiscard]] Result<PeerChain> pem_certificates(std::string_view text);

// A file that must hold at least one certificate.
[[nodiscard]] Result<PeerChain> read_certificates(const std::string& path);

// The SubjectPublicKeyInfo of a file with a public or an unencrypted private key in PEM. BadInput
// for a private RSA-PSS key with parameters: libraries write them in different ways (RFC 4055 3.1),
// and the record is one of octets.
[[nodiscard]] Result<Bytes> read_public_key(const std::string& path);

enum class KeyMatch { Same, Other };

// Whether the private key of the file is that of the certificate (DER): whether a server could use
// the two. BadInput, naming the file, when either cannot be used; `from` is the certificate's.
[[nodiscard]] Result<KeyMatch> match_private_key(ByteView certificate, const std::string& from,
                                                 const std::string& private_key);

}  // namespace danesmtp::tool
