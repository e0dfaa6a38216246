// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/host_tls.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

#include "core/bytes.h"
#include "core/format.h"
#include "dane/dane_verify.h"
#include "route/host_ocsp.h"
#include "tls/pkix_verify.h"

namespace danesmtp {
namespace {

constexpr OptionWithoutSay kWithoutSay[] = {
    {kDnssecRequireDomains, "MX and address records are validated in the process"},
    {kHostsRequireTls, "TLS is mandatory"},
    {kTlsCrl, "revocation lists are not consulted"},
    {kTlsSni, "the TLSA base domain is sent"},
    {kTlsTempfailTryclear, "the message is never sent in clear"},
    {kTlsTryVerifyHosts, "the server is authenticated by its records"},
    {kTlsVerifyCertHostnames, "the names are those of RFC 7672 3.2.2"},
    {kTlsVerifyCertificates, "the anchor is what the records say"},
    {kTlsVerifyHosts, "the server is authenticated by its records"},
};

WallTime now() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

// dane_require_tls_ciphers replaces tls_require_ciphers under DANE, unless it expands to nothing.
Result<std::string> priority(MailServer& server, bool dane) {
  if (dane) {
    auto ciphers = server.option_expanded(kDaneRequireTlsCiphers);
    if (!ciphers || !ciphers->empty()) return ciphers;
  }
  return server.option_expanded(kTlsRequireCiphers);
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  std::string item;
  for (char c : text + ":") {
    if (c == ':' && !item.empty()) items.push_back(std::exchange(item, {}));
    if (c != ':' && c != ' ') item += c;
  }
  return items;
}

// What the options say of every TLS connection, DANE or not.
Result<TlsSettings> common_settings(MailServer& server, bool dane) {
  TlsSettings settings;
  struct Text {
    TextOption option;
    std::string* into;
  };
  std::string alpn;
  for (auto [option, into] : {Text{kTlsCertificate, &settings.certificate_file},
                              Text{kTlsPrivatekey, &settings.key_file}, Text{kTlsAlpn, &alpn}}) {
    auto value = server.option_expanded(option);
    if (!value) return tl::unexpected(value.error());
    *into = *value;
  }
  auto ciphers = priority(server, dane);
  if (!ciphers) return tl::unexpected(ciphers.error());
  settings.priority = *ciphers;
  settings.alpn = split_list(alpn);
  settings.min_dh_bits = static_cast<unsigned>(std::max(0, server.option_number(kTlsDhMinBits)));
  return settings;
}

// The refusal with what the operator of the server needs to know first: the record its own
// certificate would match. The rest is in debug output.
std::string refusal_text(const DaneVerdict& verdict) {
  if (verdict.presented.empty()) return "DANE: " + verdict.reason;
  return format("DANE: {} ({})", verdict.reason, verdict.presented);
}

std::string match_text(const DaneMatch& match) {
  if (match.depth == 0)
    return format("DANE: {} is the server's own certificate or key (RFC 7672 3.1.1)",
                  to_text(match.record));
  return format("DANE: {} is an issuer, at depth {}, of a certificate for {} (RFC 7672 3.1.2)",
                to_text(match.record), match.depth, match.name);
}

// The ruling on the proofs becomes a part of the verdict, and the error of a peer that it refuses.
Result<void> take_ruling(MailServer& server, const OcspRuling& ruling, PeerVerdict& verdict) {
  verdict.ocsp = ruling.result;
  if (!ruling.remark.empty()) server.debug(ruling.remark);
  if (!ruling.refusal.empty()) return fail(ErrorKind::TlsVerify, ruling.refusal);
  return {};
}

// No revocation list has a say here (D-095); OCSP has one where the certificate was judged.
JudgePeer dane_judge(MailServer& server, const AttemptRequest& request, const Authenticate& policy,
                     OcspWish wish) {
  return [&server, &request, &policy, wish](const TlsInfo& info,
                                            PeerVerdict& verdict) -> Result<void> {
    const WallTime at = now();
    const auto limit = std::chrono::seconds(server.option_number(kCommandTimeout));
    auto judged =
        verify_dane({info.chain, policy.records, request.plan.names, at, Deadline::in(limit)});
    // D-161
    for (const auto& detail : judged.details) server.debug("DANE: " + detail);
    verdict.dane = judged;
    if (!judged.authenticated()) return fail(ErrorKind::TlsVerify, refusal_text(judged));
    server.debug(match_text(*judged.match));
    auto stapled = take_ruling(
        server, judge_staples({wish, judge_of(*judged.match), info, judged.match->path, at}),
        verdict);
    if (!stapled) return stapled;
    // D-032, D-160: an insecure MX record proves nothing about the recipient's domain.
    verdict.trust = request.plan.mx == MxTrust::Secure ? PeerTrust::Dane : PeerTrust::Verified;
    return {};
  };
}

// A peer that nobody verified.
JudgePeer staple_judge(MailServer& server, OcspWish wish) {
  if (wish == OcspWish::None) return {};
  return [&server, wish](const TlsInfo& info, PeerVerdict& verdict) {
    return take_ruling(server, judge_staples({wish, PeerJudge::Nobody, info, {}, now()}), verdict);
  };
}

// What the verification of a peer that must or may be verified comes to. As in Exim's own driver, a
// revoked certificate is one that does not verify.
struct PkixPeer {
  MailServer& server;
  bool required;  // it must verify
  OcspWish wish;
};

Result<void> conclude_pkix(const PkixPeer& peer, const TlsInfo& info, const Result<Bytes>& issuer,
                           PeerVerdict& verdict) {
  if (!issuer) {
    if (peer.required) return tl::unexpected(issuer.error());
    peer.server.debug("TLS: not verified, and need not be: " + issuer.error().text);
    return take_ruling(peer.server, judge_staples({peer.wish, PeerJudge::Nobody, info, {}, now()}),
                       verdict);
  }
  const std::vector<Bytes> path{info.chain.front(), *issuer};
  auto stapled = take_ruling(
      peer.server, judge_staples({peer.wish, PeerJudge::Pkix, info, path, now()}), verdict);
  if (stapled) verdict.trust = PeerTrust::Verified;
  if (stapled || peer.required || peer.wish == OcspWish::Required) return stapled;
  peer.server.debug("TLS: not verified, and need not be: " + stapled.error().text);
  return {};
}

// tls_verify_hosts must succeed; tls_try_verify_hosts only decides what the log says.
Result<JudgePeer> pkix_judge(MailServer& server, const BatchHost& host, std::size_t index,
                             OcspWish wish) {
  auto must = server.host_in(kTlsVerifyHosts, index);
  if (!must) return tl::unexpected(must.error());
  auto may = server.host_in(kTlsTryVerifyHosts, index);
  if (!may) return tl::unexpected(may.error());
  if (!*must && !*may) return staple_judge(server, wish);
  auto named = server.host_in(kTlsVerifyCertHostnames, index);
  if (!named) return tl::unexpected(named.error());
  auto certificates = server.option_expanded(kTlsVerifyCertificates);
  if (!certificates) return tl::unexpected(certificates.error());
  auto revocations = server.option_expanded(kTlsCrl);
  if (!revocations) return tl::unexpected(revocations.error());
  return JudgePeer(
      [=, peer = PkixPeer{server, *must, wish}, name = *named ? host.asked_name : std::string()](
          const TlsInfo& info, PeerVerdict& verdict) {
        auto issuer = verify_pkix({info.chain, *certificates, *revocations, name});
        return conclude_pkix(peer, info, issuer, verdict);
      });
}

// RFC 7671 5.1, D-081: a key that a record of usage 3 names may have a certificate with any key
// usage; and where nobody is authenticated, a handshake that fails protects no one.
KeyUsage key_usage_under(const HostPolicy& policy) {
  if (std::holds_alternative<EncryptOnly>(policy)) return KeyUsage::Ignored;
  const auto* authenticate = std::get_if<Authenticate>(&policy);
  if (!authenticate) return KeyUsage::Enforced;
  const auto& records = authenticate->records;
  return std::any_of(records.begin(), records.end(),
                     [](const TlsaRecord& record) { return record.usage == TlsaUsage::DaneEe; })
             ? KeyUsage::Ignored
             : KeyUsage::Enforced;
}

Result<HostTls> without_dane(MailServer& server, const BatchHost& host,
                             const AttemptRequest& request) {
  HostTls tls;
  auto avoid = server.host_in(kHostsAvoidTls, request.host);
  if (!avoid) return tl::unexpected(avoid.error());
  auto require = server.host_in(kHostsRequireTls, request.host);
  if (!require) return tl::unexpected(require.error());
  if (*avoid || request.tls == TlsChoice::Suppressed) return tls;
  auto settings = common_settings(server, false);
  if (!settings) return tl::unexpected(settings.error());
  auto sni = server.option_expanded(kTlsSni);
  if (!sni) return tl::unexpected(sni.error());
  auto wish = ocsp_wish(server, request.host);
  if (!wish) return tl::unexpected(wish.error());
  auto judge = pkix_judge(server, host, request.host, *wish);
  if (!judge) return tl::unexpected(judge.error());
  tls.use = *require ? TlsUse::Required : TlsUse::IfOffered;
  tls.settings = *settings;
  tls.settings.sni = *sni;
  tls.settings.status_request = status_request(*wish, request.plan.policy);
  tls.judge = *judge;
  return tls;
}

// RFC 7672 8.1, D-100: the base domain; none where it is no host name (RFC 6066 3).
std::string sni_of(const DnsName& base_domain) {
  return base_domain.is_host_name() ? base_domain.text() : std::string();
}

// D-111: as if there were no DANE, but the server is judged all the same, and the log is told.
Result<HostTls> audited(MailServer& server, const AddressBatch& batch,
                        const AttemptRequest& request, const DnsName& base_domain) {
  const auto& host = batch.hosts[request.host];
  auto tls = without_dane(server, host, request);
  if (!tls || tls->use == TlsUse::Never) return tls;
  tls->settings.sni = sni_of(base_domain);
  const auto* policy = std::get_if<Authenticate>(&request.plan.policy);
  if (!policy) return tls;
  auto wish = ocsp_wish(server, request.host);
  if (!wish) return tl::unexpected(wish.error());
  tls->judge = [&server, &batch, &request, dane = dane_judge(server, request, *policy, *wish),
                otherwise = tls->judge](const TlsInfo& info, PeerVerdict& verdict) -> Result<void> {
    auto judged = dane(info, verdict);
    if (judged) return judged;
    server.note(audit_text(batch, request, judged.error().text));
    return otherwise ? otherwise(info, verdict) : Result<void>();
  };
  return tls;
}

void explain(MailServer& server, const DnsName& base_domain) {
  if (!server.debugging()) return;
  server.debug(
      format("DANE: TLS is mandatory, the SNI is {} (RFC 7672 2.2 and 8.1)", base_domain.text()));
  for (const auto& [option, instead] : kWithoutSay)
    if (!server.option_text(option).empty())
      server.debug(format("DANE: {} has no say here: {}", option.name, instead));
}

// RFC 7672 2.2, D-025: TLS is mandatory from here on; no option may take it away.
Result<HostTls> with_dane(MailServer& server, const AttemptRequest& request,
                          const DnsName& base_domain, OcspWish wish) {
  auto avoid = server.host_in(kHostsAvoidTls, request.host);
  if (!avoid) return tl::unexpected(avoid.error());
  if (*avoid)
    return fail(ErrorKind::TlsVerify,
                "the host has TLSA records, so TLS is mandatory, but hosts_avoid_tls forbids it");
  auto settings = common_settings(server, true);
  if (!settings) return tl::unexpected(settings.error());
  HostTls tls;
  tls.use = TlsUse::Required;
  tls.settings = *settings;
  tls.settings.sni = sni_of(base_domain);
  tls.settings.status_request = status_request(wish, request.plan.policy);
  explain(server, base_domain);
  return tls;
}

// As Exim reads the option: expanded, in any case of letters.
Result<TlsStart> tls_start(MailServer& server) {
  auto protocol = server.option_expanded(kProtocol);
  if (!protocol) return tl::unexpected(protocol.error());
  const auto is = [&](const char* name) { return strcasecmp(protocol->c_str(), name) == 0; };
  if (is("smtps") || is("submissions")) return TlsStart::FromFirstOctet;
  if (protocol->empty() || is("smtp")) return TlsStart::AfterStartTls;
  return fail(ErrorKind::BadInput,
              format("option protocol: \"{}\" is none that this host can be spoken to in",
                     printable(*protocol)));
}

}  // namespace

std::span<const OptionWithoutSay> options_without_say() {
  return kWithoutSay;
}

Result<HostTls> tls_for_host(MailServer& server, const AddressBatch& batch,
                             const AttemptRequest& request) {
  Result<HostTls> tls = fail(ErrorKind::Internal, "no policy");
  auto start = tls_start(server);
  if (!start) return tl::unexpected(start.error());
  const auto* base_domain = tlsa_base_domain(request.plan.policy);
  if (base_domain && request.plan.enforcement == Enforcement::Audit) {
    tls = audited(server, batch, request, *base_domain);
  } else if (const auto* authenticate = std::get_if<Authenticate>(&request.plan.policy)) {
    auto wish = ocsp_wish(server, request.host);
    if (!wish) return tl::unexpected(wish.error());
    tls = with_dane(server, request, authenticate->base_domain, *wish);
    if (tls) tls->judge = dane_judge(server, request, *authenticate, *wish);
  } else if (const auto* encrypt = std::get_if<EncryptOnly>(&request.plan.policy)) {
    // Nobody is authenticated, so there is nothing that a proof could be about.
    tls = with_dane(server, request, encrypt->base_domain, OcspWish::None);
    if (tls) tls->settings.peer_certificate = PeerCertificate::Optional;
  } else if (const auto* skip = std::get_if<SkipHost>(&request.plan.policy)) {
    return tl::unexpected(skip->error);
  } else {
    tls = without_dane(server, batch.hosts[request.host], request);
  }
  if (tls) tls->settings.key_usage = key_usage_under(request.plan.policy);
  // RFC 8314 3, D-067: the policy is the same.
  if (tls) tls->start = *start;
  return tls;
}

std::string audit_text(const AddressBatch& batch, const AttemptRequest& request,
                       const std::string& why) {
  const auto& host = batch.hosts[request.host];
  return format("DANE audit: H={} [{}]: {}: not enforced for {}", host.name, host.address, why,
                batch.recipients[request.recipients.front()].domain);
}

Result<SessionSettings> session_settings(MailServer& server, const HostTls& tls,
                                         PeerVerdict& verdict) {
  auto helo = server.option_expanded(kHeloData);
  if (!helo) return tl::unexpected(helo.error());
  SessionSettings settings;
  settings.helo_name = *helo;
  settings.tls_use = tls.use;
  settings.tls_start = tls.start;
  settings.tls = tls.settings;
  if (tls.judge)
    settings.verify_peer = [judge = tls.judge, &verdict](const TlsInfo& info) {
      return judge(info, verdict);
    };
  settings.timeouts.command = std::chrono::seconds(server.option_number(kCommandTimeout));
  settings.timeouts.data_block = std::chrono::seconds(server.option_number(kDataTimeout));
  settings.timeouts.final_reply = std::chrono::seconds(server.option_number(kFinalTimeout));
  return settings;
}

}  // namespace danesmtp
