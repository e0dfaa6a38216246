// SPDX-License-Identifier: GPL-2.0-or-later
// Is the peer of one connection who it must be? By its host's TLSA records (RFC 7672 3), by what
// MTA-STS asks of its host (RFC 8461 4.2), by PKIX as Exim's options have it, or by one of the
// first two and PKIX where that policy is audited only; OCSP has its say in each. The rules are the
// host's, the verdict is the connection's. What becomes of the mail to a peer that is refused it
// must not know.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dane/dane_verify.h"
#include "route/attempt_context.h"
#include "tls/gnutls_session.h"
#include "tls/ocsp_policy.h"
#include "tlsrpt/tls_attempt.h"

namespace danesmtp {

struct DaneRules {
  UsableTlsa records;
  std::vector<DnsName> names;             // for usage 2 (RFC 7672 3.2.2)
  PeerTrust earns = PeerTrust::Verified;  // whoever is authenticated by them
  bool enforced = true;                   // else the log is told, and PKIX decides (D-111)
};

// tls_verify_hosts must succeed; tls_try_verify_hosts only decides what the log says.
struct PkixRules {
  bool required = false;
  std::string name;  // that the certificate must bear; empty: any
  std::string certificates;
  std::string revocations;
};

// Beside no records: a host has either.
struct StsRules {
  std::string host;                // A-labels, in lower case
  bool named = true;               // by the policy
  bool enforced = true;            // else the log is told, and PKIX decides
  std::string anchors = "system";  // as in PkixQuestion
};

// For a message that requires TLS (RFC 8689 4.2.1), of a host that nothing else authenticates.
struct WebpkiRules {
  std::string host;                // A-labels, in lower case
  std::string anchors = "system";  // as in PkixQuestion
};

// Nothing of all: any peer will do.
struct PeerRules {
  OcspWish ocsp = OcspWish::None;
  std::optional<DaneRules> dane{};
  std::optional<PkixRules> pkix{};
  std::optional<StsRules> sts{};
  std::optional<WebpkiRules> webpki{};  // comes first

  bool empty() const { return ocsp == OcspWish::None && !dane && !pkix && !sts && !webpki; }
};

// A host that the policy does not name; as reports have it.
TlsFailure unnamed_by_policy();
inline constexpr const char* kNoGoodProof = "no good OCSP proof for the certificate";

struct PeerVerdict {
  PeerTrust trust = PeerTrust::None;
  OcspResult ocsp = OcspResult::NotRequested;
  std::optional<DaneVerdict> dane{};  // where there are records to judge by
  std::optional<TlsFailure> sts{};    // where the peer does not satisfy MTA-STS
};

class PeerJudge {
 public:
  PeerJudge(const AttemptContext& attempt, const PeerRules& rules)
      : attempt_(attempt), rules_(rules) {}

  // Right after the handshake, once. An error refuses the peer.
  [[nodiscard]] Result<void> judge(const TlsInfo& info);

  const PeerRules& rules() const { return rules_; }
  const PeerVerdict& verdict() const { return verdict_; }

 private:
  [[nodiscard]] Result<void> by_records(const DaneRules& dane, const TlsInfo& info);
  [[nodiscard]] Result<void> by_sts(const StsRules& sts, const TlsInfo& info);
  [[nodiscard]] Result<void> by_webpki(const StsRules& sts, const TlsInfo& info);
  [[nodiscard]] Result<void> by_requirement(const WebpkiRules& webpki, const TlsInfo& info);
  [[nodiscard]] Result<void> without_records(const TlsInfo& info);
  [[nodiscard]] Result<void> by_pkix(const PkixRules& pkix, const TlsInfo& info);
  [[nodiscard]] Result<void> by_staples(AuthenticatedBy authority, const TlsInfo& info,
                                        const std::vector<Bytes>& path);

  AttemptContext attempt_;
  const PeerRules& rules_;
  PeerVerdict verdict_;
};

}  // namespace danesmtp
