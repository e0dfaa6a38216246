// SPDX-License-Identifier: GPL-2.0-or-later
// The texts of the resolver's options, resolv.conf(5) and trust anchor files (RFC 1035 5.1 form,
// and the marks that RFC 5011 implementations write as comments).
#include "dns/resolver_config.h"

#include <fcntl.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/bytes.h"
#include "core/format.h"
#include "core/words.h"
#include "dns/resolver_option.h"
#include "net/unique_fd.h"

namespace danesmtp {
namespace {

constexpr std::size_t kMaxServers = 3;  // resolv.conf(5): MAXNS
constexpr std::string_view kSpace = " \t\r\f\v";
constexpr std::size_t kMaxFile = 1048576;  // octets of a resolv.conf or trust anchor file

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

tl::unexpected<Error> bad_option(const danesmtp_option_fault& fault) {
  std::string part;
  if (fault.part) part = format("\"{}\" ", printable({fault.part, fault.part_length}));
  return fail(ErrorKind::BadInput,
              format("{} = \"{}\": {}{}", fault.option, printable(fault.value), part, fault.why));
}

Upstream upstream_of(danesmtp_upstream upstream) {
  switch (upstream) {
    case DANESMTP_UPSTREAM_AUTO:
      return Upstream::Auto;
    case DANESMTP_UPSTREAM_SYSTEM:
      return Upstream::System;
    case DANESMTP_UPSTREAM_RECURSIVE:
      return Upstream::Recursive;
    case DANESMTP_UPSTREAM_FORWARD:
      return Upstream::Forward;
    case DANESMTP_UPSTREAM_UNBOUND_CONF:
      break;
  }
  return Upstream::UnboundConf;
}

// One entry of a zone-form file, its lines joined while a parenthesis is open.
struct Entry {
  int line = 0;  // where it starts
  std::vector<std::string> fields;
  std::string comment;
};

// Takes the comment and the parentheses out of one line.
struct EntryReader {
  std::vector<Entry> entries;
  bool open = false;  // inside parentheses

  void take(std::string_view line, int line_number) {
    auto semicolon = line.find(';');
    std::string body(line.substr(0, semicolon));
    if (!open) entries.push_back({line_number, {}, {}});
    Entry& entry = entries.back();
    if (semicolon != std::string_view::npos) entry.comment += line.substr(semicolon);
    for (char& c : body) {
      if (c == '(') open = true;
      if (c == ')') open = false;
      if (c == '(' || c == ')') c = ' ';
    }
    for (auto word : words_of(body, kSpace)) entry.fields.emplace_back(word);
    if (!open && entry.fields.empty()) entries.pop_back();
  }
};

// RFC 5011 4, D-014: only keys in the states Valid (2) and Missing (3) are trust anchors.
bool marked_untrusted(std::string_view comment) {
  constexpr std::string_view mark = ";;state=";
  auto at = comment.find(mark);
  if (at == std::string_view::npos) return false;
  auto state = comment.substr(at + mark.size(), 1);
  return state != "2" && state != "3";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

struct Anchor {
  std::string owner, type;
  std::vector<std::string> rdata;
};

// OWNER [TTL] [IN] DS|DNSKEY RDATA (RFC 4034 2.2, 5.3).
std::optional<Anchor> parse_anchor(const std::vector<std::string>& fields) {
  std::size_t at = 1;
  for (int optional = 0; optional < 2 && at < fields.size(); ++optional)
    if (number<std::uint32_t>(fields[at]) || upper(fields[at]) == "IN") ++at;
  if (at + 5 > fields.size()) return std::nullopt;  // the type and at least four fields of rdata
  Anchor anchor{
      fields[0], upper(fields[at]), {fields.begin() + static_cast<long>(at) + 1, fields.end()}};
  if (anchor.type != "DS" && anchor.type != "DNSKEY") return std::nullopt;
  for (int i = 0; i < 3; ++i)
    if (!number<std::uint16_t>(anchor.rdata[static_cast<std::size_t>(i)])) return std::nullopt;
  return anchor;
}

// RFC 5011 2.1: the REVOKE bit.
bool revoked(const Anchor& anchor) {
  return anchor.type == "DNSKEY" && (*number<std::uint16_t>(anchor.rdata[0]) & 0x80) != 0;
}

Result<std::vector<NameServer>> read_resolv_conf(const std::string& path) {
  auto text = read_small_file(path);
  if (!text && text.error() != ENOENT)
    return fail_for_operator(ErrorKind::BadInput,
                             format("cannot read {}: {}", path, std::strerror(text.error())));
  auto servers = parse_resolv_conf(text ? *text : std::string());  // resolv.conf(5): may be missing
  if (!servers)
    return fail_for_operator(ErrorKind::BadInput, format("{}: {}", path, servers.error().text));
  return servers;
}

Result<void> read_trust_anchors(const std::string& path, ResolverSetup& setup) {
  auto text = read_small_file(path);
  if (!text)
    return fail_for_operator(ErrorKind::BadInput,
                             format("cannot read the DNSSEC trust anchor file {}: {}", path,
                                    std::strerror(text.error())));
  auto anchors = parse_trust_anchors(*text);
  if (!anchors)
    return fail_for_operator(ErrorKind::BadInput,
                             format("DNSSEC trust anchor file {}: {}", path, anchors.error().text));
  setup.trust_anchors = std::move(*anchors);
  setup.trust_anchor_file = path;
  return {};
}

// The first of the usual places that there is; one that cannot be read is an error later, not a
// reason to go on.
Result<std::string> find_trust_anchor_file(const std::vector<std::string>& places) {
  for (const auto& place : places) {
    auto text = read_small_file(place);
    if (text || text.error() != ENOENT) return place;
  }
  return fail_for_operator(ErrorKind::BadInput,
                           format("no DNSSEC trust anchor file was found (looked for {}); set "
                                  "dane_trust_anchor_file",
                                  join(places, ", ")));
}

// They only say where to ask: one that cannot be read is passed over.
std::string find_root_hints(const std::vector<std::string>& places) {
  for (const auto& place : places)
    if (::access(place.c_str(), R_OK) == 0) return place;
  return {};
}

}  // namespace

tl::expected<std::string, int> read_small_file(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return tl::unexpected(errno);
  std::string text;
  char block[4096];
  while (ssize_t got = ::read(file.get(), block, sizeof(block))) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(errno);
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > kMaxFile) return tl::unexpected(EFBIG);
  }
  return text;
}

std::string server_text(const NameServer& server) {
  return format("{}@{}", server.address, server.port);
}

Result<ResolverSettings> parse_resolver_options(const ResolverOptions& options) {
  const danesmtp_resolver_texts texts{options.resolver.c_str(), options.dnssec.c_str(),
                                      options.trust_anchor_file.c_str()};
  danesmtp_resolver_words said{};
  danesmtp_option_fault fault{};
  if (!danesmtp_read_resolver_texts(&texts, &said, &fault)) return bad_option(fault);
  ResolverSettings settings;
  settings.upstream = upstream_of(said.upstream);
  if (settings.upstream == Upstream::UnboundConf) settings.unbound_conf = options.resolver;
  if (said.believe_resolver) settings.dnssec = DnssecMode::BelieveResolver;
  danesmtp_server server{};
  while (said.list && danesmtp_next_server(&said.list, &server))
    settings.servers.push_back({server.address, server.port});
  settings.trust_anchor_file = options.trust_anchor_file;
  return settings;
}

Result<std::vector<NameServer>> parse_resolv_conf(std::string_view text) {
  std::vector<NameServer> servers;
  bool listed = false;
  for (auto line : split(text, '\n')) {
    auto fields = words_of(line, kSpace);
    if (fields.size() < 2 || fields[0] != "nameserver") continue;
    listed = true;
    if (danesmtp_is_server_address(fields[1].data(), fields[1].size()))
      servers.push_back({std::string(fields[1]), 53});
  }
  if (servers.size() > kMaxServers) servers.resize(kMaxServers);
  if (listed && servers.empty())
    return fail(ErrorKind::BadInput, "no nameserver line has an address");
  if (!listed) servers.push_back({"127.0.0.1", 53});
  return servers;
}

Result<std::vector<std::string>> parse_trust_anchors(std::string_view text) {
  EntryReader reader;
  int line_number = 0;
  for (auto line : split(text, '\n')) reader.take(line, ++line_number);
  if (reader.open) return fail(ErrorKind::BadInput, "a parenthesis is not closed");
  std::vector<std::string> anchors;
  bool root = false;
  for (const auto& entry : reader.entries) {
    auto anchor = parse_anchor(entry.fields);
    if (!anchor)
      return fail(ErrorKind::BadInput, format("line {} is not a DS or DNSKEY record", entry.line));
    if (revoked(*anchor) || marked_untrusted(entry.comment)) continue;
    root = root || anchor->owner == ".";
    anchors.push_back(format("{} IN {} {}", anchor->owner, anchor->type, join(anchor->rdata, " ")));
  }
  if (!root) return fail(ErrorKind::BadInput, "it has no valid trust anchor for the root zone");
  return anchors;
}

SystemFiles usual_system_files() {
  return {"/etc/resolv.conf",
          {"/usr/share/dns/root.key", "/var/lib/unbound/root.key", "/etc/unbound/root.key",
           "/usr/share/dnssec-root/trusted-key.key", "/etc/trusted-key.key",
           "/usr/local/etc/unbound/root.key"},
          {"/usr/share/dns/root.hints", "/var/lib/unbound/root.hints", "/etc/unbound/root.hints",
           "/usr/local/etc/unbound/root.hints"}};
}

Result<ResolverSetup> read_resolver_files(const ResolverSettings& settings,
                                          const SystemFiles& files) {
  ResolverSetup setup;
  setup.servers = settings.servers;
  setup.unbound_conf = settings.unbound_conf;
  if (settings.upstream == Upstream::System || settings.upstream == Upstream::Auto) {
    auto servers = read_resolv_conf(files.resolv_conf);
    if (!servers) return tl::unexpected(servers.error());
    setup.servers = std::move(*servers);
  }
  if (settings.dnssec == DnssecMode::BelieveResolver) return setup;
  if (settings.upstream == Upstream::Recursive || settings.upstream == Upstream::Auto)
    setup.root_hints = find_root_hints(files.root_hints);
  std::string anchors = settings.trust_anchor_file;
  if (anchors.empty() && settings.upstream == Upstream::UnboundConf) return setup;
  if (anchors.empty()) {
    auto found = find_trust_anchor_file(files.trust_anchor_files);
    if (!found) return tl::unexpected(found.error());
    anchors = std::move(*found);
  }
  if (auto read = read_trust_anchors(anchors, setup); !read) return tl::unexpected(read.error());
  return setup;
}

}  // namespace danesmtp
