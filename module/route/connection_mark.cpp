// SPDX-License-Identifier: GPL-2.0-or-later
// The facts that a digest is made of, in a fixed order; see the header.
#include "route/connection_mark.h"

#include <algorithm>
#include <charconv>
#include <type_traits>
#include <vector>

#include "core/bytes.h"
#include "core/format.h"
#include "x509/sha256.h"

namespace danesmtp {
namespace {

// What a later message may ask of the server, each by its letter.
struct Extension {
  char letter;
  bool EhloCapabilities::*offered;
};

constexpr Extension kExtensions[] = {
    {'P', &EhloCapabilities::pipelining}, {'S', &EhloCapabilities::size},
    {'C', &EhloCapabilities::chunking},   {'U', &EhloCapabilities::smtputf8},
    {'D', &EhloCapabilities::dsn},        {'R', &EhloCapabilities::prdr},
    {'Q', &EhloCapabilities::requiretls},
};

constexpr char kResumed = 'T';

// What a digest is made of: a name and a value each, of a stated length, so that no value can pass
// for another one. Each structure is taken apart into all of its fields: one that is added does not
// compile until it is put into the digest or declared irrelevant here.
class Facts {
 public:
  void add(std::string_view name, std::string_view value) {
    text_ += format("{}={}:{}\n", name, value.size(), value);
  }
  void add(std::string_view name, const std::vector<std::string>& values) {
    add(name, format("{}", values.size()));
    for (const auto& value : values) add(name, value);
  }
  template <class Number>
  requires(std::is_enum_v<Number> || std::is_integral_v<Number>) void add(std::string_view name,
                                                                          Number number) {
    add(name, format("{}", static_cast<long>(number)));
  }
  template <class Field>
  void irrelevant(const Field&, std::string_view /*why*/) {}

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string record_text(const TlsaRecord& record) {
  const auto& [usage, selector, matching, data] = record;
  return format("{} {} {} {}", static_cast<int>(usage), static_cast<int>(selector),
                static_cast<int>(matching), to_hex(data));
}

// One for each alternative: a further one does not compile either.
struct AddPolicy {
  Facts& facts;

  void operator()(const Authenticate& policy) const {
    const auto& [base_domain, records, published] = policy;
    facts.add("policy", "authenticate");
    facts.add("base domain", base_domain.text());
    std::vector<std::string> texts;
    texts.reserve(records.size());
    for (const auto& record : records) texts.push_back(record_text(record));
    facts.add("record", sorted(std::move(texts)));
    facts.irrelevant(published, "for reports; those that count are in `records`");
  }
  void operator()(const EncryptOnly& policy) const {
    const auto& [base_domain, reasons, published] = policy;
    facts.add("policy", "encrypt");
    facts.add("base domain", base_domain.text());
    facts.irrelevant(reasons, "texts for the log");
    facts.irrelevant(published, "for reports; none of them counts");
  }
  // Left open only where MTA-STS has a policy.
  void operator()(const NoDane&) const { facts.add("policy", "none"); }
  // No connection is made.
  void operator()(const SkipHost&) const { facts.add("policy", "skip"); }
};

// D-187
void add_demand(Facts& facts, const StsDemand& demand) {
  const auto& [policy, enforcement, names_host] = demand;
  const auto& [domain, mode, patterns, lines, fault] = policy;
  facts.add("sts", domain);
  facts.add("sts mode", mode);
  facts.add("sts pattern", sorted(patterns));
  facts.irrelevant(lines, "for reports; those that count are the mode and the patterns");
  facts.irrelevant(fault, "what is not known demands nothing");
  facts.add("sts enforcement", enforcement);
  facts.add("sts names", names_host);
}

void add_plan(Facts& facts, const HostPlan& plan) {
  const auto& [policy, mx, enforcement, secure, names, sts, unavailable, named_by_sts,
               webpki_required] = plan;
  std::visit(AddPolicy{facts}, policy);
  facts.add("mx", mx);
  facts.add("enforcement", enforcement);
  facts.add("secure", secure);
  std::vector<std::string> texts;
  texts.reserve(names.size());
  for (const auto& name : names) texts.push_back(name.text());
  facts.add("name", sorted(std::move(texts)));
  if (sts) add_demand(facts, *sts);
  facts.irrelevant(unavailable, "for reports");
  facts.add("named by sts", named_by_sts);
  facts.add("webpki required", webpki_required);
}

void add_tls_settings(Facts& facts, const TlsSettings& settings) {
  const auto& [sni, priority, certificate_file, key_file, peer_certificate, key_usage,
               status_request, alpn, min_dh_bits, earlier_session] = settings;
  facts.add("sni", sni);
  facts.add("priority", priority);
  facts.add("certificate file", certificate_file);
  facts.add("key file", key_file);
  facts.add("peer certificate", peer_certificate);
  facts.add("key usage", key_usage);
  facts.add("status request", status_request);
  facts.add("alpn", alpn);
  facts.add("dh bits", min_dh_bits);
  facts.irrelevant(earlier_session, "it was kept for this very policy, and is judged again");
}

void add_tls(Facts& facts, const HostTls& tls) {
  const auto& [use, start, settings, peer, may_resume] = tls;
  facts.add("tls use", use);
  facts.add("tls start", start);
  add_tls_settings(facts, settings);
  facts.irrelevant(peer, "it is made of the plan and of hosts_require_ocsp");
  facts.irrelevant(may_resume, "who resumes a session is judged like any other peer");
}

void add_session(Facts& facts, const SessionSettings& session) {
  const auto& [helo_name, hello, tls_use, tls_start, tls, verify_peer, event, timeouts] = session;
  facts.add("helo", helo_name);
  facts.irrelevant(hello, "hosts_avoid_esmtp decides");
  facts.irrelevant(tls_use, "of the host's TLS");
  facts.irrelevant(tls_start, "of the host's TLS");
  facts.irrelevant(tls, "of the host's TLS");
  facts.irrelevant(verify_peer, "of the host's TLS");
  facts.irrelevant(event, "who listens does not change what is said");
  facts.irrelevant(timeouts, "how long we wait protects nothing");
}

void add_host(Facts& facts, const BatchHost& host) {
  const auto& [name, asked_name, address, port, mx, lookup] = host;
  facts.add("host", name);
  facts.add("address", address);
  facts.irrelevant(asked_name, "what it decides is in the plan");
  facts.irrelevant(port, "the request has the one that is used");
  facts.irrelevant(mx, "the order of hosts");
  facts.irrelevant(lookup, "a host with a connection was found");
}

// Lists that say more of the connection than the settings do.
Result<void> add_lists(Facts& facts, Configuration& configuration, HostIndex host) {
  for (const auto& option :
       {kHostsRequireAuth, kHostsTryAuth, kHostsRequireOcsp, kHostsAvoidEsmtp, kHostsRequireDane}) {
    auto named = configuration.host_in(option, host);
    if (!named) return tl::unexpected(named.error());
    facts.add(option.name, *named);
  }
  return {};
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

Result<std::string> policy_digest(Configuration& configuration, const AddressBatch& batch,
                                  const AttemptRequest& request, const HostTls& tls,
                                  const SessionSettings& settings) {
  Facts facts;
  facts.add("form", 3);
  facts.add("transport", batch.transport_name);
  add_host(facts, batch.host(request.host));
  facts.add("port", request.port);
  // RFC 8689 4.2.1: such a message goes only where one that requires TLS went before (D-191).
  facts.add("require tls", batch.require_tls);
  add_plan(facts, request.plan);
  add_tls(facts, tls);
  add_session(facts, settings);
  auto lists = add_lists(facts, configuration, request.host);
  if (!lists) return tl::unexpected(lists.error());
  auto interface = configuration.option_expanded(kInterface);
  if (!interface) return tl::unexpected(interface.error());
  facts.add(kInterface.name, *interface);
  auto digest = to_hex(sha256(as_bytes(facts.text())));
  if (digest.empty()) return fail(ErrorKind::Internal, "no SHA-256");
  return digest;
}

std::string connection_mark(std::string_view digest, const MarkedConnection& connection) {
  const auto& offered = connection.offered;
  std::string letters;
  for (const auto& extension : kExtensions)
    if (offered.*extension.offered) letters += extension.letter;
  if (connection.resumed) letters += kResumed;
  return format("{}{}+{}+{}+{}", kMarkPrefix, digest, letters, offered.limits.mail_max.value_or(0),
                offered.limits.rcpt_max.value_or(0));
}

std::optional<MarkedConnection> marked_under(std::string_view digest, std::string_view mark) {
  if (digest.empty() || mark.substr(0, kMarkPrefix.size()) != kMarkPrefix) return std::nullopt;
  const auto fields = fields_of(mark.substr(kMarkPrefix.size()));
  if (fields.size() != 4 || fields[0] != digest) return std::nullopt;
  MarkedConnection connection;
  const auto has = [&](char letter) { return fields[1].find(letter) != std::string_view::npos; };
  for (const auto& extension : kExtensions)
    connection.offered.*extension.offered = has(extension.letter);
  connection.offered.limits.mail_max = number(fields[2]);
  connection.offered.limits.rcpt_max = number(fields[3]);
  connection.resumed = has(kResumed);
  return connection;
}

}  // namespace danesmtp
