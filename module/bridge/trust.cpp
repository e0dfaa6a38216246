// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/trust.h"

namespace danesmtp {

std::uint32_t trust_flags(PeerTrust trust) {
  std::uint32_t flags = 0;
  if (trust != PeerTrust::None) flags |= DANESMTP_CERT_VERIFIED;
  if (trust == PeerTrust::Dane) flags |= DANESMTP_DANE_VERIFIED;
  return flags;
}

danesmtp_ocsp bridge_ocsp(OcspResult result) {
  switch (result) {
    case OcspResult::NotRequested:
      return DANESMTP_OCSP_NOT_REQUESTED;
    case OcspResult::NoResponse:
      return DANESMTP_OCSP_NO_RESPONSE;
    case OcspResult::NotVerified:
      return DANESMTP_OCSP_NOT_VERIFIED;
    case OcspResult::Failed:
      return DANESMTP_OCSP_FAILED;
    case OcspResult::Verified:
      return DANESMTP_OCSP_VERIFIED;
  }
  return DANESMTP_OCSP_NOT_REQUESTED;
}

}  // namespace danesmtp
