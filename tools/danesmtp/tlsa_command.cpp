// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp tlsa`: the records to publish for a certificate or a key, as lines of a zone file
// (RFC 6698 2.2), or in the form that name servers take without knowing TLSA (RFC 3597 5).

#include <iostream>
#include <memory>
#include <optional>

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

// Usage 3 speaks of the leaf. Usage 2 speaks of its issuer: the next certificate of the file, or
// the only one.
const Bytes& subject_of(TlsaUsage usage, const Published& published) {
  bool issuer = usage == TlsaUsage::DaneTa && published.certificates.size() > 1;
  return published.certificates[issuer ? 1 : 0];
}

Result<TlsaRecord> make_record(TlsaUsage usage, TlsaForm form, const Published& published) {
  if (!published.key.empty() && form.selector != TlsaSelector::PublicKey)
    return fail(ErrorKind::BadInput, "selector 0 needs a certificate, not a key");
  auto data = published.key.empty() ? association_data(form, subject_of(usage, published))
                                    : matching_data(form.matching, published.key);
  if (!data) return tl::unexpected(data.error());
  return TlsaRecord{usage, form.selector, form.matching, std::move(*data)};
}

// Every form with a digest; full data is discouraged (RFC 7672 3.1). Usage 2 when an issuer is
// there.
std::vector<TlsaRecord> all_records(const Published& published) {
  std::vector<TlsaRecord> records;
  std::vector<TlsaUsage> usages = {TlsaUsage::DaneEe};
  if (published.certificates.size() > 1) usages.push_back(TlsaUsage::DaneTa);
  for (auto usage : usages)
    for (auto selector : {TlsaSelector::PublicKey, TlsaSelector::Certificate})
      for (auto matching : {TlsaMatching::Sha256, TlsaMatching::Sha512}) {
        auto record = make_record(usage, {selector, matching}, published);
        if (record) records.push_back(std::move(*record));
      }
  return records;
}

// The first name of the leaf that can own records; a wildcard cannot stand for a host.
std::optional<DnsName> host_of(const Published& published) {
  if (published.certificates.empty()) return std::nullopt;
  auto leaf = import_certificate(published.certificates.front());
  if (!leaf) return std::nullopt;
  for (unsigned i = 0;; ++i) {
    char text[256];
    std::size_t size = sizeof text;
    int type = gnutls_x509_crt_get_subject_alt_name(leaf->handle.get(), i, text, &size, nullptr);
    if (type < 0) return std::nullopt;
    auto name = DnsName::parse({text, size});
    if (type == GNUTLS_SAN_DNSNAME && name) return *name;
  }
}

Result<DnsName> owner_of(const TlsaOptions& options, const Published& published) {
  if (!options.host.empty()) {
    auto host = DnsName::parse(options.host);
    if (!host) return fail(ErrorKind::BadInput, "--host: " + host.error().text);
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
  auto record = make_record(static_cast<TlsaUsage>(options.usage), form, published);
  if (!record) return tl::unexpected(record.error());
  return std::vector<TlsaRecord>{*record};
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
  for (const auto& record : *records) {
    std::string unusable = why_unusable(record);
    if (!unusable.empty()) return complain("the record would not be usable: " + unusable);
    std::cout << (options.generic ? generic_zone_line(*owner, record) : zone_line(*owner, record))
              << '\n';
  }
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
                "Every form with a digest, of the certificate and of its issuer, to choose from");
  app->add_flag("--generic", options->generic, "In the form of RFC 3597, for any name server");
  return {app, [options] { return publish(*options); }};
}

}  // namespace danesmtp::tool
