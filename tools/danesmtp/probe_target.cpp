// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe_target.h"

#include <charconv>

#include "core/dns_name.h"
#include "core/format.h"

namespace danesmtp::tool {
namespace {

Result<std::uint16_t> parse_port(const std::string& text, const std::string& whole) {
  std::uint16_t port = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc{} || end != text.data() + text.size() || port == 0)
    return fail(ErrorKind::BadInput,
                format("\"{}\": the port is not a number from 1 to 65535", printable(whole)));
  return port;
}

// "smtp://mx.example:25/": what a URL stands for is not known, so its host is not simply taken.
std::string host_of_url(const std::string& text) {
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return {};
  const std::string rest = text.substr(scheme + 3);
  const std::string authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::string host = authority.substr(authority.rfind('@') + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

Result<Target> parse_target(const std::string& text) {
  Target target;
  target.text = text;
  if (const auto host = host_of_url(text); !host.empty())
    return fail(ErrorKind::BadInput,
                format("\"{}\" is a URL: give its host, {}, or the domain of the mail addresses",
                       printable(text), printable(host)));
  std::string name = text.substr(text.rfind('@') + 1);  // of bob@example.org, example.org
  const auto colon = name.rfind(':');
  if (colon != std::string::npos && name.find(':') == colon) {
    auto port = parse_port(name.substr(colon + 1), text);
    if (!port) return tl::unexpected(port.error());
    target.port = *port;
    target.route = RouteKind::Fixed;
    name.resize(colon);
  }
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
    target.route = RouteKind::Fixed;
    name = name.substr(1, name.size() - 2);
  }
  auto parsed = DnsName::parse(name);
  if (!parsed) return tl::unexpected(parsed.error());
  target.name = parsed->text();
  return target;
}

Result<Target> target_to_probe(const std::string& text, const ProbeOptions& options) {
  auto target = parse_target(text);
  if (!target) return target;
  const bool connects = options.reach == Reach::Connect;
  const bool clear_first = options.tls_start == TlsStart::AfterStartTls;
  if (connects && clear_first && target->port.value_or(options.port) == kSubmissionsPort)
    return fail(ErrorKind::BadInput,
                format("{}: at port 465 a session begins with TLS (RFC 8314 3.3): add "
                       "--submissions",
                       printable(text)));
  return target;
}

}  // namespace danesmtp::tool
