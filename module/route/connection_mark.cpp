// SPDX-License-Identifier: GPL-2.0-or-later
// The facts that a digest is made of, in a fixed order, each on a line of its own; see the header.
#include "route/connection_mark.h"

#include <gnutls/crypto.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/bytes.h"
#include "core/format.h"

namespace danesmtp {
namespace {

constexpr std::size_t kDigestOctets = 32;

// What a later message may ask of the server, each by its letter.
struct Extension {
  char letter;
  bool EhloCapabilities::*offered;
};

constexpr Extension kExtensions[] = {
    {'P', &EhloCapabilities::pipelining}, {'S', &EhloCapabilities::size},
    {'C', &EhloCapabilities::chunking},   {'U', &EhloCapabilities::smtputf8},
    {'D', &EhloCapabilities::dsn},        {'R', &EhloCapabilities::prdr},
};

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string record_line(const TlsaRecord& record) {
  return format("{} {} {} {}", static_cast<int>(record.usage), static_cast<int>(record.selector),
                static_cast<int>(record.matching), to_hex(record.data));
}

std::string policy_lines(const HostPlan& plan) {
  std::vector<std::string> records, names;
  std::string kind = "encrypt";
  if (const auto* authenticate = std::get_if<Authenticate>(&plan.policy)) {
    kind = "authenticate";
    for (const auto& record : authenticate->records) records.push_back(record_line(record));
  }
  for (const auto& name : plan.names) names.push_back(name.text());
  return format("{} mx={} secure={} enforcement={}\n{}\n{}", kind, static_cast<int>(plan.mx),
                plan.secure, static_cast<int>(plan.enforcement), join(sorted(records), "\n"),
                join(sorted(names), "\n"));
}

std::string tls_lines(const HostTls& tls) {
  const auto& s = tls.settings;
  return format("start={} sni={} certificate={} {} {}\n{}\n{}\nalpn={} dh={}",
                static_cast<int>(tls.start), s.sni, static_cast<int>(s.peer_certificate),
                static_cast<int>(s.status_request), s.priority, s.certificate_file, s.key_file,
                join(s.alpn, ","), s.min_dh_bits);
}

// Lists that say more of the connection than the settings do.
Result<std::string> list_lines(MailServer& server, std::size_t host) {
  std::string text;
  for (const char* option : {"hosts_require_auth", "hosts_try_auth", "hosts_require_ocsp",
                             "hosts_avoid_esmtp", "hosts_require_dane"}) {
    auto named = server.host_in(option, host);
    if (!named) return tl::unexpected(named.error());
    text += format("{}={}\n", option, *named);
  }
  return text;
}

std::string sha256(const std::string& text) {
  std::array<std::uint8_t, kDigestOctets> digest{};
  if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text.data(), text.size(), digest.data()) < 0) return {};
  return to_hex(digest);
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

std::vector<std::string_view> fields_of(std::string_view mark) {
  std::vector<std::string_view> fields;
  for (;;) {
    const auto end = mark.find('+');
    fields.push_back(mark.substr(0, end));
    if (end == std::string_view::npos) return fields;
    mark.remove_prefix(end + 1);
  }
}

}  // namespace

Result<std::string> policy_digest(MailServer& server, const AddressBatch& batch,
                                  const AttemptRequest& request, const HostTls& tls,
                                  const SessionSettings& settings) {
  auto lists = list_lines(server, request.host);
  if (!lists) return tl::unexpected(lists.error());
  auto interface = server.option_expanded("interface");
  if (!interface) return tl::unexpected(interface.error());
  const auto& host = batch.hosts[request.host];
  auto digest =
      sha256(format("1\n{}\n{} {} {}\n{}\n{}\nhelo={}\ninterface={}\n{}", batch.transport_name,
                    host.name, host.address, request.port, policy_lines(request.plan),
                    tls_lines(tls), settings.helo_name, *interface, *lists));
  if (digest.empty()) return fail(ErrorKind::Internal, "no SHA-256");
  return digest;
}

std::string connection_mark(std::string_view digest, const EhloCapabilities& offered) {
  std::string letters;
  for (const auto& extension : kExtensions)
    if (offered.*extension.offered) letters += extension.letter;
  return format("{}{}+{}+{}+{}", kMarkPrefix, digest, letters, offered.limits.mail_max.value_or(0),
                offered.limits.rcpt_max.value_or(0));
}

std::optional<EhloCapabilities> offered_under(std::string_view digest, std::string_view mark) {
  if (digest.empty() || mark.substr(0, kMarkPrefix.size()) != kMarkPrefix) return std::nullopt;
  const auto fields = fields_of(mark.substr(kMarkPrefix.size()));
  if (fields.size() != 4 || fields[0] != digest) return std::nullopt;
  EhloCapabilities offered;
  for (const auto& extension : kExtensions)
    offered.*extension.offered = fields[1].find(extension.letter) != std::string_view::npos;
  offered.limits.mail_max = number(fields[2]);
  offered.limits.rcpt_max = number(fields[3]);
  return offered;
}

}  // namespace danesmtp
