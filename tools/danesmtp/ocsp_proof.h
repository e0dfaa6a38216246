// SPDX-License-Identifier: GPL-2.0-or-later
// Which OCSP response a server may show. Stricter than what a client accepts: the proof must be
// Good, must not outlive its signer's certificate, and must have some life before it. A server that
// loads anything else may refuse to speak TLS at all.
#pragma once

#include "ocsp_target.h"
#include "tls/ocsp_staple.h"

namespace danesmtp::tool {

struct OcspProof {
  Bytes response;
  OcspVerdict verdict;

  std::chrono::seconds life() const { return verdict.next_update - verdict.this_update; }
  // When it can be shown no longer.
  WallTime end() const { return std::min(verdict.next_update, verdict.signer_until); }
};

// An answer of a responder, with the signer's certificate put in where it is needed and left out,
// and the chain has it (RFC 6960 4.2.1). TlsVerify with the reason why it may not be shown.
[[nodiscard]] Result<OcspProof> proof_to_show(const Bytes& answer, const OcspSubject& subject,
                                              WallTime now);

// The file that a server shows now, whatever its faults: the verdict tells. Io when there is none.
[[nodiscard]] Result<OcspProof> shown_proof(const std::string& path, const OcspSubject& subject,
                                            WallTime now);

}  // namespace danesmtp::tool
