// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe_arguments.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/format.h"
#include "server/options.h"

namespace danesmtp::tool {
namespace {

constexpr std::uint16_t kSmtp = 25;

std::string own_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  return name;
}

// A host name, or an address literal in brackets, which is left to the server to judge.
bool is_helo_name(const std::string& text) {
  constexpr const char* kLiteral =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-";
  const bool literal = text.size() > 2 && text.front() == '[' && text.back() == ']';
  if (!literal) return DnsName::parse(text).has_value();
  return text.find_first_not_of(kLiteral, 1) == text.size() - 1;
}

// The options of the transport wear other names here.
std::string in_our_words(std::string text) {
  for (auto [option, argument] :
       {std::pair<std::string, std::string>{kDaneResolver.name, "--resolver"},
        {kDaneTrustAnchorFile.name, "--trust-anchor"}}) {
    const auto at = text.find(option);
    if (at != std::string::npos) text.replace(at, option.size(), argument);
  }
  return text;
}

Result<std::optional<danesmtp_socketmap>> sts_daemon(const ProbeArguments& arguments) {
  if (arguments.mta_sts.empty()) return std::nullopt;
  danesmtp_socketmap daemon{};
  const char* why = danesmtp_read_socketmap(arguments.mta_sts.c_str(), &daemon);
  if (!why) return daemon;
  return fail(ErrorKind::BadInput,
              format("--mta-sts: \"{}\": {}", printable(arguments.mta_sts), why));
}

}  // namespace

void add_resolver_arguments(CLI::App& app, ResolverArguments& arguments) {
  app.add_option("--resolver", arguments.resolver,
                 "Whom to ask: auto (the default: resolv.conf, or the root where those servers do "
                 "not carry DNSSEC), system (resolv.conf), recursive (from the root), "
                 "forward:ADDR[@PORT][,...], or the path of an unbound.conf; answers are validated "
                 "here, whoever gives them")
      ->type_name("HOW");
  app.add_option("--trust-anchor", arguments.trust_anchor,
                 "The root's DS or DNSKEY records, instead of the system's")
      ->type_name("FILE");
  app.add_option("--timeout", arguments.timeout,
                 "The longest wait for each answer and each step of a session")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

void add_probe_arguments(CLI::App& app, ProbeArguments& arguments) {
  add_resolver_arguments(app, arguments.resolver);
  app.add_option("--port", arguments.port, "The port of the servers (25; 465 with --submissions)")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535));
  app.add_flag("--submissions", arguments.submissions,
               "TLS from the first octet (RFC 8314), not STARTTLS");
  auto* inet = app.add_flag("-4", arguments.inet, "Connect to IPv4 addresses only");
  app.add_flag("-6", arguments.inet6, "Connect to IPv6 addresses only")->excludes(inet);
  app.add_flag("--dns-only", arguments.dns_only, "Look records up, connect to nobody");
  app.add_flag("--require-dane", arguments.require_dane,
               "As with hosts_require_dane = *: without usable TLSA records mail waits");
  app.add_option("--mta-sts", arguments.mta_sts,
                 "A daemon with policies of MTA-STS, as dane_mta_sts; if it fails, mail waits")
      ->type_name("SOCKETMAP");
  app.add_option("--helo", arguments.helo, "The name to say in EHLO, instead of this machine's")
      ->type_name("NAME");
}

Result<ResolverSettings> resolver_settings(const ResolverArguments& arguments) {
  std::error_code code;
  auto anchor = arguments.trust_anchor;
  if (!anchor.empty()) anchor = std::filesystem::absolute(anchor, code).string();
  auto settings = parse_resolver_options({arguments.resolver, "", anchor});
  if (!settings) return fail(ErrorKind::BadInput, in_our_words(settings.error().text));
  // What a file lacks would else be said once a domain.
  auto files = read_resolver_files(*settings);
  if (!files) return fail(ErrorKind::BadInput, in_our_words(files.error().text));
  settings->question_time = std::min<std::chrono::milliseconds>(
      settings->question_time, std::chrono::seconds(arguments.timeout));
  return settings;
}

Result<ProbeOptions> probe_options(const ProbeArguments& arguments) {
  ProbeOptions options;
  if (arguments.submissions) options.tls_start = TlsStart::FromFirstOctet;
  options.port = arguments.submissions ? kSubmissionsPort : kSmtp;
  if (arguments.port != 0) options.port = static_cast<std::uint16_t>(arguments.port);
  if (arguments.inet) options.families = Families::Inet;
  if (arguments.inet6) options.families = Families::Inet6;
  if (arguments.dns_only) options.reach = Reach::DnsOnly;
  if (arguments.require_dane) options.demand = DaneDemand::Required;
  options.timeout = std::chrono::seconds(arguments.resolver.timeout);
  if (!arguments.helo.empty() && !is_helo_name(arguments.helo))
    return fail(ErrorKind::BadInput,
                format("--helo: \"{}\" is no name to say in EHLO (RFC 5321 4.1.1.1): give this "
                       "machine's host name, or its address as [192.0.2.1]",
                       printable(arguments.helo)));
  auto daemon = sts_daemon(arguments);
  if (!daemon) return tl::unexpected(daemon.error());
  options.sts_daemon = *daemon;
  options.helo_name = arguments.helo.empty() ? own_name() : arguments.helo;
  return options;
}

}  // namespace danesmtp::tool
