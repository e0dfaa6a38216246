// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp tlsa`: the records to publish for a certificate or a key, as lines of a zone file
// (RFC 6698 2.2), or in the form that name servers take without knowing TLSA (RFC 3597 5).

#include <iostream>
#include <memory>
#include <optional>

#include "certificate_facts.h"
#include "check_report.h"
#include "command.h"
#include "core/format.h"
#include "dane/certificate.h"
#include "dane/tlsa_match.h"
#include "pem_input.h"
#include "zone_line.h"

namespace danesmtp::tool {
namespace {

struct TlsaOptions {
  std::string certificates;
  std::string key;
  int usage = 3;
  int selector = 1;
  int matching = 1;
  std::uint16_t port = 25;
  std::string host;
  bool all = false;
  bool generic = false;
  bool json = false;
};

// What the records are made of: the certificates of a file, or a bare key.
struct Published {
  PeerChain certificates;
  Bytes key;
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
  published.certificates = std::move(*certificates);
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

// Usage 3 speaks of the leaf. Usage 2 speaks of its issuer: the next certificate of the file, or
// the only one.
Result<TlsaRecord> one_record(TlsaUsage usage, TlsaForm form, const Published& published) {
  if (!published.key.empty()) return key_record(usage, form, published.key);
  bool issuer = usage == TlsaUsage::DaneTa && published.certificates.size() > 1;
  return make_record(usage, form, published.certificates[issuer ? 1 : 0]);
}

// Every form with a digest; full data is discouraged (RFC 7672 3.1). Usage 3 for the first
// certificate, or the key, usage 2 for each issuer that follows.
Result<std::vector<TlsaRecord>> all_records(const Published& published) {
  std::vector<TlsaRecord> records;
  const std::size_t subjects = std::max<std::size_t>(published.certificates.size(), 1);
  for (std::size_t i = 0; i < subjects; ++i)
    for (auto selector : {TlsaSelector::PublicKey, TlsaSelector::Certificate})
      for (auto matching : {TlsaMatching::Sha256, TlsaMatching::Sha512}) {
        const auto usage = i == 0 ? TlsaUsage::DaneEe : TlsaUsage::DaneTa;
        if (!published.key.empty() && selector == TlsaSelector::Certificate) continue;
        auto record = published.key.empty()
                          ? make_record(usage, {selector, matching}, published.certificates[i])
                          : key_record(usage, {selector, matching}, published.key);
        if (!record) return tl::unexpected(record.error());
        records.push_back(std::move(*record));
      }
  return records;
}

// The first name of the leaf that can own records; a wildcard cannot stand for a host.
std::optional<DnsName> host_of(const Published& published) {
  if (published.certificates.empty()) return std::nullopt;
  auto leaf = import_certificate(published.certificates.front());
  if (!leaf) return std::nullopt;
  for (const auto& text : dns_names(*leaf))
    if (auto name = DnsName::parse(text)) return *name;
  return std::nullopt;
}

Result<DnsName> owner_of(const TlsaOptions& options, const Published& published) {
  if (!options.host.empty()) {
    auto host = DnsName::parse(options.host);
    if (!host)
      return fail(ErrorKind::BadInput,
                  format("--host: {}; give the server's name", host.error().text));
    return host->tlsa_owner(options.port);
  }
  auto host = host_of(published);
  if (!host) return fail(ErrorKind::BadInput, "no host name in the certificate: give --host");
  return host->tlsa_owner(options.port);
}

Result<std::vector<TlsaRecord>> wanted_records(const TlsaOptions& options,
                                               const Published& published) {
  if (options.all) return all_records(published);
  TlsaForm form{static_cast<TlsaSelector>(options.selector),
                static_cast<TlsaMatching>(options.matching)};
  auto record = one_record(static_cast<TlsaUsage>(options.usage), form, published);
  if (!record) return tl::unexpected(record.error());
  return std::vector<TlsaRecord>{*record};
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

int publish(const TlsaOptions& options) {
  if (options.certificates.empty() == options.key.empty())
    return complain("tlsa: give a certificate file or --key, one of the two");
  auto published = read_published(options);
  if (!published) return complain(published.error().text);
  auto records = wanted_records(options, *published);
  if (!records) return complain(records.error().text);
  auto owner = owner_of(options, *published);
  if (!owner) return complain(owner.error().text);
  nlohmann::json list = nlohmann::json::array();
  for (const auto& record : *records) {
    std::string unusable = why_unusable(record);
    if (!unusable.empty()) return complain("the record would not be usable: " + unusable);
    list.push_back(to_json(*owner, record));
  }
  if (options.json) {
    std::cout << nlohmann::json{{"schema", kSchema}, {"records", list}}.dump() << '\n';
    return kDone;
  }
  for (const auto& one : list)
    std::cout << one[options.generic ? "generic" : "zone"].get<std::string>() << '\n';
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
  app->add_option("--port", options->port, "The port of the service")
      ->type_name("PORT")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
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
