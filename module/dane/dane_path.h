// SPDX-License-Identifier: GPL-2.0-or-later
// Usage 2: is there a path from the leaf to a trust anchor that the TLSA records vouch for (RFC
// 7671 5.2, RFC 7672 3.1.2)? The path is found here, depth first, among the certificates presented,
// in whatever order and with whatever else they came. GnuTLS then verifies exactly that path with
// the anchor as its only trust. Names of the leaf are not judged here, and no other CA is ever
// asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dane/dane_verify.h"
#include "x509/certificate.h"

namespace danesmtp {

// A certificate that a record vouches for, presented by the server or published in full.
struct TrustAnchor {
  const TlsaRecord* record;
  const Certificate* certificate;
};

// The records and certificates live as long as the question.
struct PathQuestion {
  const Certificate* leaf;
  std::vector<const Certificate*> others;  // presented after the leaf, none of them equal
  std::vector<TrustAnchor> anchors;
  std::vector<const TlsaRecord*>
      bare_keys;  // `2 1 0`: each may have issued any of the certificates
  WallTime now;
  std::optional<Deadline> deadline{};
};

struct PathVerdict {
  const TlsaRecord* record = nullptr;  // set: a path to its anchor verified
  int depth = 0;                       // certificates above the leaf, the anchor included
  std::vector<Bytes> path;             // DER, the leaf first, the anchor last; with a record
  DaneFailure failure =
      DaneFailure::NotTrusted;  // NotTrusted or Expired, meaningful without a record
  std::string reason;
};

// The first path that verifies wins. At most 64 steps are taken, a step being a certificate added
// to a path or a path verified, and none after the deadline; then the search gives up, and the peer
// is not trusted.
PathVerdict find_path(const PathQuestion& question);

}  // namespace danesmtp
