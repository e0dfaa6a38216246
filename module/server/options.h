// SPDX-License-Identifier: GPL-2.0-or-later
// The transport's options that the core reads, each with its kind and Exim's own default (ours for
// those named dane_..., but for dane_require_tls_ciphers). Nothing else can be asked of a
// Configuration; `port` is asked for by service_port(), and no other option is read here at all.
// tests/docs/core_options.py compares the list with the manual, test_module.py the defaults with
// those of the running Exim.
#pragma once

namespace danesmtp {

struct Option {
  constexpr explicit Option(const char* option_name, const char* text)
      : name(option_name), default_text(text) {}
  const char* name;
  const char* default_text;  // before it is expanded; empty: unset, or no text
};

struct TextOption : Option {
  using Option::Option;
};

struct HostListOption : Option {
  using Option::Option;
};

struct DomainListOption : Option {
  using Option::Option;
};

struct NumberOption : Option {
  constexpr explicit NumberOption(const char* option_name, int value)
      : Option(option_name, ""), default_value(value) {}
  int default_value;  // a time is in seconds
};

struct FlagOption : Option {
  constexpr explicit FlagOption(const char* option_name, bool value)
      : Option(option_name, ""), default_value(value) {}
  bool default_value;
};

constexpr NumberOption kCommandTimeout("command_timeout", 300);
constexpr NumberOption kConnectionMaxMessages("connection_max_messages", 500);
constexpr NumberOption kDataTimeout("data_timeout", 300);
constexpr NumberOption kFinalTimeout("final_timeout", 600);
constexpr NumberOption kHostsMaxTry("hosts_max_try", 5);
constexpr NumberOption kHostsMaxTryHardlimit("hosts_max_try_hardlimit", 50);
constexpr NumberOption kTlsDhMinBits("tls_dh_min_bits", 1024);

constexpr FlagOption kDelayAfterCutoff("delay_after_cutoff", true);
constexpr FlagOption kTlsTempfailTryclear("tls_tempfail_tryclear", true);

constexpr TextOption kAuthenticatedSender("authenticated_sender", "");
constexpr TextOption kDaneCache("dane_cache", "$spool_directory/db/danesmtp");
constexpr TextOption kDaneDnssec("dane_dnssec", "validate");
constexpr TextOption kDaneInsecureMx("dane_insecure_mx", "dane");
constexpr TextOption kDaneMtaSts("dane_mta_sts", "");
constexpr TextOption kDaneMtaStsFail("dane_mta_sts_fail", "ignore");
constexpr TextOption kDaneRequireTlsCiphers("dane_require_tls_ciphers", "");
constexpr TextOption kDaneResolver("dane_resolver", "auto");
constexpr TextOption kDaneTlsResumption("dane_tls_resumption", "yes");
constexpr TextOption kDaneTlsrptSocket("dane_tlsrpt_socket", "");
constexpr TextOption kDaneTrustAnchorFile("dane_trust_anchor_file", "");
constexpr TextOption kHeloData("helo_data", "$primary_hostname");
constexpr TextOption kInterface("interface", "");
constexpr TextOption kMaxRcpt("max_rcpt", "100");
constexpr TextOption kProtocol("protocol", "");
constexpr TextOption kTlsAlpn("tls_alpn", "");
constexpr TextOption kTlsCertificate("tls_certificate", "");
constexpr TextOption kTlsCrl("tls_crl", "");
constexpr TextOption kTlsEccurve("tls_eccurve", "");
constexpr TextOption kTlsPrivatekey("tls_privatekey", "");
constexpr TextOption kTlsRequireCiphers("tls_require_ciphers", "");
constexpr TextOption kTlsSni("tls_sni", "");
constexpr TextOption kTlsVerifyCertificates("tls_verify_certificates", "system");
constexpr TextOption kUtf8Downconvert("utf8_downconvert", "-1");

constexpr HostListOption kHostsAvoidEsmtp("hosts_avoid_esmtp", "");
constexpr HostListOption kHostsAvoidPipelining("hosts_avoid_pipelining", "");
constexpr HostListOption kHostsAvoidTls("hosts_avoid_tls", "");
constexpr HostListOption kHostsNopassTls("hosts_nopass_tls", "");
constexpr HostListOption kHostsNoproxyTls("hosts_noproxy_tls", "");
constexpr HostListOption kHostsRequestOcsp("hosts_request_ocsp", "*");
constexpr HostListOption kHostsRequireAuth("hosts_require_auth", "");
constexpr HostListOption kHostsRequireDane("hosts_require_dane", "");
constexpr HostListOption kHostsRequireOcsp("hosts_require_ocsp", "");
constexpr HostListOption kHostsRequireTls("hosts_require_tls", "");
constexpr HostListOption kHostsTryAuth("hosts_try_auth", "");
constexpr HostListOption kHostsTryChunking("hosts_try_chunking", "*");
constexpr HostListOption kHostsTryDane("hosts_try_dane", "*");
constexpr HostListOption kHostsTryPrdr("hosts_try_prdr", "*");
constexpr HostListOption kTlsResumptionHosts("tls_resumption_hosts", "");
constexpr HostListOption kTlsTryVerifyHosts("tls_try_verify_hosts", "*");
constexpr HostListOption kTlsVerifyCertHostnames("tls_verify_cert_hostnames", "*");
constexpr HostListOption kTlsVerifyHosts("tls_verify_hosts", "");

constexpr DomainListOption kDaneAuditDomains("dane_audit_domains", "");
constexpr DomainListOption kDaneExceptDomains("dane_except_domains", "");
constexpr DomainListOption kDnssecRequireDomains("dnssec_require_domains", "");

}  // namespace danesmtp
