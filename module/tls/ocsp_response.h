// SPDX-License-Identifier: GPL-2.0-or-later
// An OCSP response as GnuTLS reads it, with an owner. RFC 6960 4.2.1.
#pragma once

#include <gnutls/ocsp.h>

#include <memory>
#include <utility>

#include "core/bytes.h"
#include "x509/gnutls_handles.h"

namespace danesmtp {

struct OcspResponseDeinit {
  void operator()(gnutls_ocsp_resp_t response) const { gnutls_ocsp_resp_deinit(response); }
};
using OcspResponse = std::unique_ptr<gnutls_ocsp_resp_int, OcspResponseDeinit>;

// Null for what is no response.
inline OcspResponse read_ocsp_response(ByteView der) {
  gnutls_ocsp_resp_t raw = nullptr;
  if (gnutls_ocsp_resp_init(&raw) < 0) return nullptr;
  OcspResponse response(raw);
  const auto datum = as_datum(der);
  return gnutls_ocsp_resp_import(raw, &datum) < 0 ? nullptr : std::move(response);
}

}  // namespace danesmtp
