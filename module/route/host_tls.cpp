// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/host_tls.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

#include "core/bytes.h"
#include "core/format.h"
#include "outcome/delivery_log.h"
#include "route/attempt_verdict.h"
#include "route/host_ocsp.h"
#include "smtp/command.h"
#include "tls/openssl_ciphers.h"

namespace danesmtp {
namespace {

// NOLINTBEGIN(cppcoreguidelines-slicing): a flag's default is of no interest here
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
// NOLINTEND(cppcoreguidelines-slicing)

// dane_require_tls_ciphers replaces tls_require_ciphers under DANE, unless it expands to nothing.
Result<std::string> ciphers_option(Configuration& configuration, bool dane) {
  if (dane) {
    auto ciphers = configuration.option_expanded(kDaneRequireTlsCiphers);
    if (!ciphers || !ciphers->empty()) return ciphers;
  }
  return configuration.option_expanded(kTlsRequireCiphers);
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

struct Priority {
  std::string text;
  std::string remark;  // what of the options could not be expressed; empty: nothing
};

// In an Exim with OpenSSL the options are in its language.
Result<Priority> priority(Configuration& configuration, const TlsDialect& dialect, bool dane) {
  auto ciphers = ciphers_option(configuration, dane);
  if (!ciphers) return tl::unexpected(ciphers.error());
  if (dialect.library == TlsLibrary::Gnutls) return Priority{*ciphers, {}};
  auto groups = configuration.option_expanded(kTlsEccurve);
  if (!groups) return tl::unexpected(groups.error());
  auto [text, remark] = priority_from_openssl({*ciphers, dialect.openssl_options, *groups});
  return Priority{std::move(text), std::move(remark)};
}

// What the options say of every TLS connection, DANE or not.
Result<TlsSettings> common_settings(Configuration& configuration) {
  TlsSettings settings;
  struct Text {
    TextOption option;
    std::string* into;
  };
  std::string alpn;
  for (auto [option, into] : {Text{kTlsCertificate, &settings.certificate_file},
                              Text{kTlsPrivatekey, &settings.key_file}, Text{kTlsAlpn, &alpn}}) {
    auto value = configuration.option_expanded(option);
    if (!value) return tl::unexpected(value.error());
    *into = *value;
  }
  settings.alpn = split_list(alpn);
  settings.min_dh_bits =
      static_cast<unsigned>(std::max(0, configuration.option_number(kTlsDhMinBits)));
  return settings;
}

// Nothing: any certificate will do.
Result<std::optional<PkixRules>> pkix_rules(Configuration& configuration, const BatchHost& host,
                                            HostIndex index) {
  auto must = configuration.host_in(kTlsVerifyHosts, index);
  if (!must) return tl::unexpected(must.error());
  auto may = configuration.host_in(kTlsTryVerifyHosts, index);
  if (!may) return tl::unexpected(may.error());
  if (!*must && !*may) return std::nullopt;
  auto named = configuration.host_in(kTlsVerifyCertHostnames, index);
  if (!named) return tl::unexpected(named.error());
  auto certificates = configuration.option_expanded(kTlsVerifyCertificates);
  if (!certificates) return tl::unexpected(certificates.error());
  auto revocations = configuration.option_expanded(kTlsCrl);
  if (!revocations) return tl::unexpected(revocations.error());
  return PkixRules{*must, *named ? host.asked_name : std::string(), *certificates, *revocations};
}

DaneRules dane_rules(const HostPlan& plan, const Authenticate& policy) {
  return {policy.records, plan.names, trust_by_records(plan),
          plan.enforcement == Enforcement::Full};
}

// RFC 7671 5.1, D-081: a key that a record of usage 3 names may have a certificate with any key
// usage; and where nobody is authenticated, a handshake that fails protects no one.
KeyUsage key_usage_under(const HostPlan& plan) {
  if (is_held_to_sts(plan) || plan.webpki_required) return KeyUsage::Enforced;
  const HostPolicy& policy = plan.policy;
  if (std::holds_alternative<EncryptOnly>(policy)) return KeyUsage::Ignored;
  const auto* authenticate = std::get_if<Authenticate>(&policy);
  if (!authenticate) return KeyUsage::Enforced;
  const auto& records = authenticate->records;
  return std::any_of(records.begin(), records.end(),
                     [](const TlsaRecord& record) { return record.usage == TlsaUsage::DaneEe; })
             ? KeyUsage::Ignored
             : KeyUsage::Enforced;
}

Result<HostTls> without_dane(Configuration& configuration, const BatchHost& host,
                             const AttemptRequest& request) {
  HostTls tls;
  auto avoid = configuration.host_in(kHostsAvoidTls, request.host);
  if (!avoid) return tl::unexpected(avoid.error());
  auto require = configuration.host_in(kHostsRequireTls, request.host);
  if (!require) return tl::unexpected(require.error());
  if (*avoid || request.tls == TlsChoice::Suppressed) return tls;
  auto settings = common_settings(configuration);
  if (!settings) return tl::unexpected(settings.error());
  auto sni = configuration.option_expanded(kTlsSni);
  if (!sni) return tl::unexpected(sni.error());
  auto wish = ocsp_wish(configuration, request.host);
  if (!wish) return tl::unexpected(wish.error());
  auto pkix = pkix_rules(configuration, host, request.host);
  if (!pkix) return tl::unexpected(pkix.error());
  tls.use = *require ? TlsUse::Required : TlsUse::IfOffered;
  tls.settings = *settings;
  tls.settings.sni = *sni;
  tls.settings.status_request = status_request(*wish, request.plan.policy);
  tls.peer = {*wish, std::nullopt, *pkix};
  return tls;
}

// RFC 7672 8.1, D-100: the base domain; none where it is no host name (RFC 6066 3).
std::string sni_of(const DnsName& base_domain) {
  return base_domain.is_host_name() ? base_domain.text() : std::string();
}

// D-111: as if there were no DANE, but the server is judged all the same, and the log is told.
Result<HostTls> audited(MailServer& server, const AddressBatch& batch,
                        const AttemptRequest& request, const DnsName& base_domain) {
  auto tls = without_dane(server, batch.host(request.host), request);
  if (!tls || tls->use == TlsUse::Never) return tls;
  tls->settings.sni = sni_of(base_domain);
  if (const auto* policy = std::get_if<Authenticate>(&request.plan.policy))
    tls->peer.dane = dane_rules(request.plan, *policy);
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
  if (*avoid) return fail(ErrorKind::TlsVerify, forbidden_tls_text());
  auto settings = common_settings(server);
  if (!settings) return tl::unexpected(settings.error());
  HostTls tls;
  tls.use = TlsUse::Required;
  tls.settings = *settings;
  tls.settings.sni = sni_of(base_domain);
  tls.settings.status_request = status_request(wish, request.plan.policy);
  explain(server, base_domain);
  return tls;
}

// A name that is none of these cannot be in a policy, nor in a certificate.
std::string webpki_name(const BatchHost& host) {
  const auto name = DnsName::parse(host.asked_name);
  return name ? name->text() : std::string();
}

// TLS by which the certificates of the web can tell who the host is.
Result<HostTls> with_webpki(MailServer& server, const AddressBatch& batch,
                            const AttemptRequest& request, const std::string& forbidden) {
  auto avoid = server.host_in(kHostsAvoidTls, request.host);
  if (!avoid) return tl::unexpected(avoid.error());
  if (*avoid) return fail(ErrorKind::TlsVerify, forbidden);
  auto settings = common_settings(server);
  if (!settings) return tl::unexpected(settings.error());
  auto wish = ocsp_wish(server, request.host);
  if (!wish) return tl::unexpected(wish.error());
  HostTls tls;
  tls.use = TlsUse::Required;
  tls.settings = *settings;
  tls.settings.sni = webpki_name(batch.host(request.host));
  tls.settings.status_request = *wish == OcspWish::None ? StatusRequest::None : StatusRequest::Ask;
  tls.peer.ocsp = *wish;
  return tls;
}

// RFC 8461 5, 7.1, D-183, D-185: TLS is mandatory; no option may take it away. A host without
// usable TLSA records is held to this as well, which is more.
Result<HostTls> with_sts(MailServer& server, const AddressBatch& batch,
                         const AttemptRequest& request) {
  auto tls = with_webpki(server, batch, request, sts_forbidden_tls_text());
  if (!tls) return tls;
  tls->peer.sts = StsRules{tls->settings.sni, request.plan.sts->names_host};
  if (server.debugging())
    server.debug(
        format("MTA-STS: TLS is mandatory, the SNI is {} (RFC 8461 5 and 7.1)", tls->settings.sni));
  return tls;
}

// RFC 8689 4.2.1, D-191: of a host that is the domain's for sure, and that nothing else
// authenticates. A host without usable TLSA records is held to this as well.
Result<HostTls> with_requirement(MailServer& server, const AddressBatch& batch,
                                 const AttemptRequest& request) {
  auto tls = with_webpki(server, batch, request, required_tls_forbidden_text());
  if (!tls) return tls;
  tls->peer.webpki = WebpkiRules{tls->settings.sni};
  if (server.debugging())
    server.debug(
        format("REQUIRETLS: TLS is mandatory, the SNI is {} (RFC 8689 4.2.1)", tls->settings.sni));
  return tls;
}

// D-184: as if there were no such policy, but the server is judged all the same.
void add_sts_audit(HostTls& tls, const AddressBatch& batch, const AttemptRequest& request) {
  const auto& plan = request.plan;
  if (!plan.sts || is_held_to_sts(plan) || tls.use == TlsUse::Never) return;
  const auto name = webpki_name(batch.host(request.host));
  tls.peer.sts = StsRules{name, plan.sts->names_host, false};
  if (!has_dane_policy(plan)) tls.settings.sni = name;
}

// D-103. Not under audit, where the log has to have the verdict of a full handshake, nor where a
// proof must come with each handshake: with a resumed session none comes (RFC 8446 4.4.2.1).
bool may_resume(Configuration& configuration, const AttemptRequest& request, OcspWish wish) {
  const auto& plan = request.plan;
  if ((has_dane_policy(plan) || plan.sts) && !is_held(plan)) return false;
  if (wish == OcspWish::Required) return false;
  if (is_held(plan) && configuration.option_text(kDaneTlsResumption) != "no") return true;
  return configuration.host_in(kTlsResumptionHosts, request.host).value_or(false);
}

// As Exim reads the option: expanded, in any case of letters.
Result<TlsStart> tls_start(Configuration& configuration) {
  auto protocol = configuration.option_expanded(kProtocol);
  if (!protocol) return tl::unexpected(protocol.error());
  const auto is = [&](const char* name) { return strcasecmp(protocol->c_str(), name) == 0; };
  if (is("smtps") || is("submissions")) return TlsStart::FromFirstOctet;
  if (protocol->empty() || is("smtp")) return TlsStart::AfterStartTls;
  return fail(ErrorKind::BadInput,
              format("option protocol: \"{}\" is none that this host can be spoken to in",
                     printable(*protocol)));
}

// dane_require_tls_ciphers has no say under audit, where all is as if there were no DANE.
Result<void> set_priority(HostTls& tls, MailServer& server, const AddressBatch& batch,
                          const AttemptRequest& request) {
  if (tls.use == TlsUse::Never) return {};
  auto chosen = priority(server, batch.tls, is_held_to_dane(request.plan));
  if (!chosen) return tl::unexpected(chosen.error());
  tls.settings.priority = chosen->text;
  if (!chosen->remark.empty())
    server.note(ciphers_not_expressed_text(batch.host(request.host), chosen->remark));
  return {};
}

Result<HostTls> tls_by_policy(MailServer& server, const AddressBatch& batch,
                              const AttemptRequest& request) {
  const auto& policy = request.plan.policy;
  const auto* base_domain = tlsa_base_domain(policy);
  if (const auto* skip = std::get_if<SkipHost>(&policy)) return tl::unexpected(skip->error);
  if (is_held_to_sts(request.plan)) return with_sts(server, batch, request);
  if (request.plan.webpki_required) return with_requirement(server, batch, request);
  if (base_domain && request.plan.enforcement == Enforcement::Audit)
    return audited(server, batch, request, *base_domain);
  if (const auto* authenticate = std::get_if<Authenticate>(&policy)) {
    auto wish = ocsp_wish(server, request.host);
    if (!wish) return tl::unexpected(wish.error());
    auto tls = with_dane(server, request, authenticate->base_domain, *wish);
    if (tls) tls->peer = {*wish, dane_rules(request.plan, *authenticate)};
    return tls;
  }
  if (const auto* encrypt = std::get_if<EncryptOnly>(&policy)) {
    // Nobody is authenticated, so there is nothing that a proof could be about.
    auto tls = with_dane(server, request, encrypt->base_domain, OcspWish::None);
    if (tls) tls->settings.peer_certificate = PeerCertificate::Optional;
    return tls;
  }
  return without_dane(server, batch.host(request.host), request);
}

}  // namespace

std::span<const OptionWithoutSay> options_without_say() {
  return kWithoutSay;
}

Result<HostTls> tls_for_host(MailServer& server, const AddressBatch& batch,
                             const AttemptRequest& request) {
  auto start = tls_start(server);
  if (!start) return tl::unexpected(start.error());
  auto tls = tls_by_policy(server, batch, request);
  if (!tls) return tls;
  add_sts_audit(*tls, batch, request);
  auto set = set_priority(*tls, server, batch, request);
  if (!set) return tl::unexpected(set.error());
  tls->settings.key_usage = key_usage_under(request.plan);
  // RFC 8314 3, D-067: the policy is the same.
  tls->start = *start;
  tls->may_resume = may_resume(server, request, tls->peer.ocsp);
  return tls;
}

Result<SessionSettings> session_settings(MailServer& server, const HostTls& tls) {
  auto helo = server.option_expanded(kHeloData);
  if (!helo) return tl::unexpected(helo.error());
  if (auto command = hello_command("EHLO", *helo); !command)
    return fail(ErrorKind::BadInput, "option helo_data: " + command.error().text);
  SessionSettings settings;
  settings.helo_name = *helo;
  settings.tls_use = tls.use;
  settings.tls_start = tls.start;
  settings.tls = tls.settings;
  settings.timeouts.command = std::chrono::seconds(server.option_number(kCommandTimeout));
  settings.timeouts.data_block = std::chrono::seconds(server.option_number(kDataTimeout));
  settings.timeouts.final_reply = std::chrono::seconds(server.option_number(kFinalTimeout));
  return settings;
}

}  // namespace danesmtp
