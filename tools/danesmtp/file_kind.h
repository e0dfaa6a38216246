// SPDX-License-Identifier: GPL-2.0-or-later
// What a file is that was given in place of certificates or a key in PEM, and the one command that
// makes of it what is wanted. It decodes no more than is needed to tell.
#pragma once

#include <string>
#include <string_view>

namespace danesmtp::tool {

enum class Wanted { Certificates, Key };

// "it is a PKCS#7 bundle: openssl pkcs7 ..."; empty: nothing that is known. `path` is for the
// command.
std::string other_kind(std::string_view content, const std::string& path, Wanted wanted);

}  // namespace danesmtp::tool
