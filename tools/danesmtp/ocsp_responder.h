// SPDX-License-Identifier: GPL-2.0-or-later
// Asking an OCSP responder over HTTP: RFC 6960 4.1 and appendix A, RFC 5019 (SHA-1 ids, no nonce).
// It moves octets and believes nothing; tools/danesmtp/ocsp_proof judges the answer. libcurl takes
// the proxy from the environment.
#pragma once

#include <chrono>
#include <string>

#include "core/bytes.h"
#include "core/result.h"

namespace danesmtp::tool {

enum class HttpMethod { Get, Post };

struct ResponderQuestion {
  std::string url;
  ByteView request;  // DER
  HttpMethod method = HttpMethod::Get;
  std::chrono::milliseconds time_limit{15000};  // for all of it, redirections too
};

// The request for one certificate. BadInput when one of the two is no certificate.
[[nodiscard]] Result<Bytes> ocsp_request(ByteView certificate, ByteView issuer);

// RFC 6960 A.1: GET is for requests of fewer than 255 octets in base64.
HttpMethod first_method(ByteView request);

// The body of a 200, at most kMaxOcspResponse octets; up to three redirections, to http and https
// alone. Timeout, or Io with libcurl's reason or the HTTP status.
[[nodiscard]] Result<Bytes> ask_responder(const ResponderQuestion& question);

}  // namespace danesmtp::tool
