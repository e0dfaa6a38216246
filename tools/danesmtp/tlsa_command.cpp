// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp tlsa`: the records to publish for a certificate or a key, as lines of a zone file
// (RFC 6698 2.2), or in the form that name servers take without knowing TLSA (RFC 3597 5). A record
// by which the verdict would not authenticate this very chain is not printed.
#include <charconv>
#include <iostream>
#include <memory>
#include <optional>

#include "certificate_facts.h"
#include "check_report.h"
#include "command.h"
#include "core/format.h"
#include "dane/tlsa_match.h"
#include "pem_input.h"
#include "server_chain.h"
#include "time_input.h"
#include "x509/certificate.h"
#include "zone_line.h"

namespace danesmtp::tool {
namespace {

struct TlsaOptions {
  std::string certificates;
  std::string key;
  int usage = 3;
  int selector = 1;
  int matching = 1;
  std::uint16_t port = 0;  // 0: 25, or what the owner's name says
  std::string host;
  bool all = false;
  bool generic = false;
  bool json = false;
};

// What the records are made of: the certificates of a file, or a bare key.
struct Published {
  ServerChain chain;
  Bytes key;
};

// The owner of the records, in its two parts.
struct Owner {
  DnsName host;
  std::uint16_t port = 25;
};

// Records that the server would be authenticated by, and what is to be told of the others.
struct Records {
  std::vector<TlsaRecord> good;
  std::vector<std::string> remarks;
};

Result<Published> read_published(const TlsaOptions& options) {
  Published published;
  if (!options.key.empty()) {
    auto key = read_public_key(options.key);
    if (!key) return tl::unexpected(key.error());
    published.key = std::move(*key);
    return published;
  }
  auto certificates = read_certificates(options.certificates);
  if (!certificates) return tl::unexpected(certificates.error());
  auto chain = server_chain(std::move(*certificates), options.certificates);
  if (!chain) return tl::unexpected(chain.error());
  published.chain = std::move(*chain);
  return published;
}

Result<TlsaRecord> make_record(TlsaUsage usage, TlsaForm form, ByteView certificate) {
  auto data = association_data(form, certificate);
  if (!data) return tl::unexpected(data.error());
  return TlsaRecord{usage, form.selector, form.matching, std::move(*data)};
}

Result<TlsaRecord> key_record(TlsaUsage usage, TlsaForm form, ByteView key) {
  if (form.selector != TlsaSelector::PublicKey)
    return fail(ErrorKind::BadInput, "selector 0 needs a certificate, not a key: leave --selector");
  auto data = matching_data(form.matching, key);
  if (!data) return tl::unexpected(data.error());
  return TlsaRecord{usage, form.selector, form.matching, std::move(*data)};
}

// Usage 3 speaks of the leaf, usage 2 of its issuer.
Result<TlsaRecord> one_record(const TlsaOptions& options, TlsaForm form,
                              const Published& published) {
  const auto usage = static_cast<TlsaUsage>(options.usage);
  if (!published.key.empty()) return key_record(usage, form, published.key);
  const auto& chain = published.chain;
  if (usage == TlsaUsage::DaneEe) return make_record(usage, form, chain.distinct.front());
  if (!chain.issuer)
    return fail(ErrorKind::BadInput,
                format("{}: usage 2 speaks of the issuer of the server's certificate, which is not "
                       "in the file: give the chain, the server's own certificate first",
                       options.certificates));
  return make_record(usage, form, chain.distinct[*chain.issuer]);
}

// Every form with a digest; full data is discouraged (RFC 7671 10.1.2). Usage 3 for the first
// certificate, or the key, usage 2 for each issuer that follows.
Result<std::vector<TlsaRecord>> all_records(const Published& published) {
  std::vector<TlsaRecord> records;
  const auto& certificates = published.chain.distinct;
  const std::size_t subjects = std::max<std::size_t>(certificates.size(), 1);
  for (std::size_t i = 0; i < subjects; ++i)
    for (auto selector : {TlsaSelector::PublicKey, TlsaSelector::Certificate})
      for (auto matching : {TlsaMatching::Sha256, TlsaMatching::Sha512}) {
        const auto usage = i == 0 ? TlsaUsage::DaneEe : TlsaUsage::DaneTa;
        if (!published.key.empty() && selector == TlsaSelector::Certificate) continue;
        auto record = published.key.empty()
                          ? make_record(usage, {selector, matching}, certificates[i])
                          : key_record(usage, {selector, matching}, published.key);
        if (!record) return tl::unexpected(record.error());
        records.push_back(std::move(*record));
      }
  return records;
}

// The first name of the leaf that can own records; a wildcard cannot stand for a host.
std::optional<DnsName> host_of(const Published& published) {
  if (published.chain.distinct.empty()) return std::nullopt;
  auto leaf = import_certificate(published.chain.distinct.front());
  if (!leaf) return std::nullopt;
  for (const auto& text : dns_names(*leaf))
    if (auto name = DnsName::parse(text)) return *name;
  return std::nullopt;
}

// "_25._tcp.mx.example": an owner's name was given for the host's.
Result<Owner> owner_in_full(const TlsaOptions& options) {
  constexpr std::string_view kTcp = "._tcp.";
  const auto end = options.host.find(kTcp);
  unsigned port = 0;
  const char* digits = options.host.data() + 1;
  auto [last, code] = std::from_chars(digits, options.host.data() + end, port);
  if (code != std::errc{} || last != options.host.data() + end || port == 0 || port > 65535)
    return fail(ErrorKind::BadInput,
                format("--host: \"{}\" has no port in front: give the server's name",
                       printable(options.host)));
  if (options.port != 0 && options.port != port)
    return fail(ErrorKind::BadInput, format("--host: \"{}\" and --port {} are two ports: give the "
                                            "server's name",
                                            printable(options.host), options.port));
  auto host = DnsName::parse(options.host.substr(end + kTcp.size()));
  if (!host) return fail(ErrorKind::BadInput, "--host: " + host.error().text);
  return Owner{*host, static_cast<std::uint16_t>(port)};
}

Result<Owner> owner_of(const TlsaOptions& options, const Published& published) {
  constexpr std::uint16_t kSmtp = 25;
  const std::uint16_t port = options.port == 0 ? kSmtp : options.port;
  if (options.host.empty()) {
    auto host = host_of(published);
    if (!host) return fail(ErrorKind::BadInput, "no host name in the certificate: give --host");
    return Owner{*host, port};
  }
  if (options.host.front() == '_' && options.host.find("._tcp.") != std::string::npos)
    return owner_in_full(options);
  auto host = DnsName::parse(options.host);
  if (!host)
    return fail(ErrorKind::BadInput,
                format("--host: {}; give the server's name", host.error().text));
  return Owner{*host, port};
}

Result<std::vector<TlsaRecord>> wanted_records(const TlsaOptions& options,
                                               const Published& published) {
  if (options.all) return all_records(published);
  TlsaForm form{static_cast<TlsaSelector>(options.selector),
                static_cast<TlsaMatching>(options.matching)};
  auto record = one_record(options, form, published);
  if (!record) return tl::unexpected(record.error());
  return std::vector<TlsaRecord>{*record};
}

// Why a server with this chain would not be authenticated by the record. Of a bare key there is no
// chain yet.
std::string why_refused(const TlsaRecord& record, const Published& published, const DnsName& host) {
  auto why = why_unusable(record);
  if (!why.empty() || !published.key.empty()) return why;
  const std::vector<TlsaRecord> records{record};
  const std::vector<DnsName> names{host};
  return verify_dane({published.chain.presented, records, names, wall_time()}).reason;
}

Records checked_records(const std::vector<TlsaRecord>& wanted, const Published& published,
                        const DnsName& host) {
  Records records{{}, published.chain.remarks};
  for (const auto& record : wanted) {
    const auto why = why_refused(record, published, host);
    if (why.empty())
      records.good.push_back(record);
    else
      records.remarks.push_back(format("not printed: {}: {}", shown(record), why));
  }
  return records;
}

nlohmann::json to_json(const DnsName& owner, const TlsaRecord& record) {
  return {{"owner", owner.text()},
          {"usage", static_cast<int>(record.usage)},
          {"selector", static_cast<int>(record.selector)},
          {"matching", static_cast<int>(record.matching)},
          {"data", to_hex(record.data)},
          {"zone", zone_line(owner, record)},
          {"generic", generic_zone_line(owner, record)}};
}

void print(const TlsaOptions& options, const DnsName& owner, const Records& records) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& record : records.good) list.push_back(to_json(owner, record));
  if (options.json) {
    std::cout << nlohmann::json{{"schema", kSchema},
                                {"records", list},
                                {"remarks", records.remarks}}
                     .dump()
              << '\n';
    return;
  }
  for (const auto& one : list)
    std::cout << one[options.generic ? "generic" : "zone"].get<std::string>() << '\n';
}

int publish(const TlsaOptions& options) {
  if (options.certificates.empty() == options.key.empty())
    return complain("tlsa: give a certificate file or --key, one of the two");
  auto published = read_published(options);
  if (!published) return complain(published.error().text);
  auto wanted = wanted_records(options, *published);
  if (!wanted) return complain(wanted.error().text);
  auto owner = owner_of(options, *published);
  if (!owner) return complain(owner.error().text);
  auto name = owner->host.tlsa_owner(owner->port);
  if (!name) return complain(name.error().text);
  const auto records = checked_records(*wanted, *published, owner->host);
  for (const auto& remark : records.remarks) complain(remark);
  if (records.good.empty()) return kBadInput;
  print(options, *name, records);
  return kDone;
}

}  // namespace

Command add_tlsa_command(CLI::App& parent) {
  auto* app = parent.add_subcommand("tlsa", "Print the TLSA records to publish");
  auto options = std::make_shared<TlsaOptions>();  // shared: std::function must be copyable
  app->add_option("CERT", options->certificates, "The server's certificate, or its chain, in PEM")
      ->type_name("FILE");
  app->add_option("--key", options->key, "A public or private key in PEM, instead of a certificate")
      ->type_name("FILE");
  app->add_option("--usage", options->usage,
                  "3: the server's own certificate or key; 2: its issuer, which the server must "
                  "then present (0 and 1 are not for SMTP)")
      ->check(CLI::IsMember({2, 3}))
      ->capture_default_str();
  app->add_option("--selector", options->selector, "1: the public key; 0: the whole certificate")
      ->check(CLI::IsMember({0, 1}))
      ->capture_default_str();
  app->add_option("--matching", options->matching, "1: SHA2-256; 2: SHA2-512; 0: in full")
      ->check(CLI::IsMember({0, 1, 2}))
      ->capture_default_str();
  app->add_option("--port", options->port, "The port of the service (25)")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535));
  app->add_option("--host", options->host,
                  "The host that the records are for; without it, the certificate's first name")
      ->type_name("NAME");
  app->add_flag("--all", options->all,
                "Every form with a digest, of the certificate and of each issuer that follows, to "
                "choose from");
  app->add_flag("--generic", options->generic, "In the form of RFC 3597, for any name server");
  app->add_flag("--json", options->json, "Answer with one JSON object, both forms in it");
  app->footer("Exit code: 0 records printed, 2 unusable arguments or input.");
  return {app, [options] { return publish(*options); }};
}

}  // namespace danesmtp::tool
