// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/session_key.h"

#include <gnutls/gnutls.h>

#include <optional>

#include "core/format.h"
#include "route/attempt_verdict.h"
#include "route/connection_mark.h"
#include "tls/ocsp_staple.h"
#include "x509/gnutls_handles.h"
#include "x509/sha256.h"

namespace danesmtp {
namespace {

// Hexadecimal; empty for no path. Nothing: it cannot be read. It may be a private key: nothing of
// it stays in memory.
std::optional<std::string> contents_digest(const std::string& path) {
  if (path.empty()) return std::string();
  GnutlsOctets contents;
  if (gnutls_load_file(path.c_str(), &contents.datum) < 0) return std::nullopt;
  const auto digest = sha256(contents.view());
  gnutls_memset(contents.datum.data, 0, contents.datum.size);
  return to_hex(digest);
}

std::string pkix_text(const std::optional<PkixRules>& rules) {
  if (!rules) return "none";
  const auto& [required, name, certificates, revocations] = *rules;
  std::string text = required ? "required" : "tried";
  for (const auto* part : {&name, &certificates, &revocations})
    text += format(" {}:{}", part->size(), *part);
  return text;
}

}  // namespace

Bytes session_key(const AttemptContext& attempt, const HostTls& tls,
                  const SessionSettings& settings) {
  if (!tls.may_resume) return {};
  const auto digest = policy_digest(attempt.server, attempt.batch, attempt.request, tls, settings);
  const auto certificate = contents_digest(settings.tls.certificate_file);
  const auto key = contents_digest(settings.tls.key_file);
  if (!digest || !certificate || !key) return {};
  // Another GnuTLS may write sessions in another form.
  const auto text = format("session 1\n{}\n{}\n{}\n{}\n{}\n", *digest, *certificate, *key,
                           pkix_text(tls.peer.pkix), gnutls_check_version(nullptr));
  return sha256(as_bytes(text));
}

bool may_be_resumed(const HostPlan& plan, const TlsSettings& settings, PeerTrust trust,
                    const TlsInfo& info) {
  if (settings.status_request == StatusRequest::Ask && !info.chain.empty() &&
      is_must_staple(info.chain.front()))
    return false;
  return trust != PeerTrust::None || std::holds_alternative<EncryptOnly>(plan.policy);
}

}  // namespace danesmtp
