// SPDX-License-Identifier: GPL-2.0-or-later
// Which certificates `danesmtp ocsp-fetch` keeps proofs for, from the command line or a
// configuration file: one line a certificate, "CHAIN.pem PROOF.der [url=URL] [issuer=FILE]
// [renew-before=TIME]"; what follows a # is a comment.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "dane/dane_verify.h"

namespace danesmtp::tool {

struct OcspTarget {
  std::string certificates;  // PEM file, the server's certificate first, its chain after it
  std::string proof;         // the DER file that the server reads
  std::string url{};         // of the responder; empty: as the certificate says (RFC 5280 4.2.2.1)
  std::string issuer{};      // PEM file; empty: it is in the chain
  std::optional<std::chrono::seconds> renew_before{};  // unset: half of the proof's life
};

// "90s", "15m", "12h", "3d"; a number alone is seconds. BadInput otherwise, and beyond ten years.
[[nodiscard]] Result<std::chrono::seconds> parse_duration(std::string_view text);

// "2d 3h", "12m 5s": the two largest units.
std::string duration_text(std::chrono::seconds duration);

// BadInput names the line; a file without a target is one too.
[[nodiscard]] Result<std::vector<OcspTarget>> parse_ocsp_targets(std::string_view text);

// What the files of a target say of the certificate.
struct OcspSubject {
  Bytes certificate;            // DER
  Bytes issuer;                 // it has signed the certificate
  std::vector<Bytes> others{};  // of the chain, the issuer included
  std::string url;              // empty: the certificate names none, and nobody else does
};

// BadInput or Io, naming the file: no certificate, or no issuer for it.
[[nodiscard]] Result<OcspSubject> read_subject(const OcspTarget& target);

}  // namespace danesmtp::tool
