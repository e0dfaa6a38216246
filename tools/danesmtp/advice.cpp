// SPDX-License-Identifier: GPL-2.0-or-later
#include "advice.h"

#include <algorithm>
#include <set>

#include "anchor_advice.h"
#include "certificate_facts.h"
#include "core/format.h"
#include "dane/tlsa_match.h"
#include "record_input.h"
#include "zone_line.h"

namespace danesmtp::tool {
namespace {

const DnsName* base_domain(const HostPolicy& policy) {
  if (const auto* dane = std::get_if<Authenticate>(&policy)) return &dane->base_domain;
  if (const auto* only = std::get_if<EncryptOnly>(&policy)) return &only->base_domain;
  return nullptr;
}

// The first certificate chain that the host showed.
const PeerChain* chain_of(const HostReport& host) {
  for (const auto& address : host.addresses)
    if (address.tls && !address.tls->chain.empty()) return &address.tls->chain;
  return nullptr;
}

// The record 3 1 1 (RFC 7672 3.1.1: the one that is recommended) of a certificate of the host.
std::string record_of(const HostReport& host, const Bytes& certificate) {
  auto key = association_data({TlsaSelector::PublicKey, TlsaMatching::Sha256}, certificate);
  const auto* base = base_domain(host.plan.policy);
  auto name = base ? Result<DnsName>(*base) : DnsName::parse(host.name);
  if (!key || !name) return {};
  auto owner = name->tlsa_owner(host.port);
  if (!owner) return {};
  return zone_line(
      *owner, {TlsaUsage::DaneEe, TlsaSelector::PublicKey, TlsaMatching::Sha256, std::move(*key)});
}

// The same of what the host shows now.
std::string record_to_publish(const HostReport& host) {
  const auto* chain = chain_of(host);
  return chain ? record_of(host, chain->front()) : std::string();
}

// Every record of the host's RRset, as published.
std::vector<TlsaRecord> published(const Report& report, const HostReport& host) {
  std::vector<TlsaRecord> records;
  for (const auto& text : published_texts(report, host))
    if (auto record = parse_tlsa_text(text)) records.push_back(std::move(*record));
  return records;
}

class Adviser {
 public:
  explicit Adviser(const AdviceQuestion& question) : question_(question) {}

  std::vector<Advice> run();

 private:
  const Report& report() const { return question_.report; }
  void add(Weight weight, const std::string& text, const std::string& rfc,
           const std::string& publish = {}, Role role = Role::Owner);
  void tell_sender(Weight weight, const std::string& text, const std::string& rfc) {
    add(weight, text, rfc, {}, Role::Sender);
  }
  void on_no_destination();
  void on_waiting();
  void on_dead_addresses();
  void on_other_certificate(const HostReport& host, const AddressReport& address);
  std::string unsigned_text(const NoDane& none) const;
  void on_domain();
  void on_absence();
  void on_look_ups();
  void on_host(const HostReport& host);
  void on_no_dane(const HostReport& host, const NoDane& none);
  void on_records(const std::vector<TlsaRecord>& records);
  void on_unmatched(const HostReport& host, const Authenticate& dane);
  void on_address(const AddressReport& address);
  void on_alias(const HostReport& host);
  void on_unsent_anchor(const AddressReport& address, const Authenticate& dane);
  void on_dates(const AddressReport& address);
  void on_proof(const AddressReport& address);

  bool is_lost() const { return report().fate == Fate::Waits; }

  const AdviceQuestion& question_;
  std::string host_;
  std::set<std::string> told_dead_;
  std::vector<Advice> all_;
};

void Adviser::add(Weight weight, const std::string& text, const std::string& rfc,
                  const std::string& publish, Role role) {
  const bool said = std::any_of(all_.begin(), all_.end(), [&](const Advice& one) {
    return one.host == host_ && one.text == text;
  });
  if (!said) all_.push_back({weight, host_, text, rfc, publish, role});
}

bool has_records(const HostReport& host) {
  return base_domain(host.plan.policy) != nullptr;
}

void Adviser::on_domain() {
  for (const auto& skipped : report().skipped_mx)
    add(Weight::Warning, "an MX record that names no host is passed over: " + skipped,
        skipped.front() == '"' ? "RFC 7505 3" : "RFC 5321 5.1");
  if (report().failure)
    add(Weight::Warning, "mail waits until the look-up succeeds: mend the zone or its name servers",
        "RFC 7672 2.1.2");
}

// Validators treat as unsigned what they cannot check (RFC 4035 5.2).
std::string Adviser::unsigned_text(const NoDane& none) const {
  if (!report().broken_signing.empty())
    return format("no DANE: {}: {}", none.why, report().broken_signing);
  return "no DANE: " + none.why + ": sign the zones first";
}

void Adviser::on_no_destination() {
  const bool by_mx = report().target.route == RouteKind::Mx;
  add(Weight::Warning,
      by_mx ? report().reason + ": publish an MX record that names a host, and the host's address"
            : report().reason + ": publish the host's address",
      "RFC 5321 5.1");
  tell_sender(Weight::Warning,
              by_mx ? "look at how the domain is spelt: nobody can deliver mail to it"
                    : "look at how the host is spelt in the configuration",
              "RFC 5321 5.1");
}

// What whoever sends can do about mail that waits.
void Adviser::on_waiting() {
  for (const auto& host : report().hosts)
    for (const auto& address : host.addresses)
      if (address.hello_refused) {
        tell_sender(Weight::Warning,
                    format("the server does not like \"{}\" in EHLO, which is this machine's name "
                           "or --helo: give the name that your mail server says",
                           printable(report().helo_name)),
                    "RFC 5321 4.1.4");
        return;
      }
  const bool dane = std::any_of(
      report().hosts.begin(), report().hosts.end(),
      [](const HostReport& host) { return !std::holds_alternative<NoDane>(host.plan.policy); });
  if (report().failure || dane)
    tell_sender(Weight::Note,
                "mail is kept and tried again: tell the domain's postmaster; to send without DANE "
                "meanwhile, at your own risk, name the domain in dane_except_domains",
                "RFC 7672 2.2");
}

// Exim's hosts_max_try: dead addresses use up an attempt.
void Adviser::on_dead_addresses() {
  constexpr std::size_t kMaxTry = 5;
  std::set<std::string> dead;
  for (const auto& host : report().hosts)
    for (const auto& address : host.addresses)
      if (address.unconnected) dead.insert(format("{} {}", address.address, host.port));
  if (dead.size() < kMaxTry || is_lost()) return;
  add(Weight::Warning,
      format(
          "{} addresses do not answer, and Exim tries 5 in one attempt (hosts_max_try): mail may "
          "wait for a later one",
          dead.size()),
      "RFC 5321 5.1");
}

// No host with records at all; "beside ones with" is said at the host.
void Adviser::on_absence() {
  const auto& hosts = report().hosts;
  if (hosts.empty() || std::any_of(hosts.begin(), hosts.end(), [](const HostReport& host) {
        return !std::holds_alternative<NoDane>(host.plan.policy);
      }))
    return;
  for (const auto& host : hosts) {
    host_ = format("{}:{}", host.name, host.port);
    const bool secure = host.plan.secure;
    add(Weight::Warning,
        secure ? "no TLSA record: mail to this host can be read and diverted on its way"
               : unsigned_text(std::get<NoDane>(host.plan.policy)),
        secure ? "RFC 7672 2.2" : "RFC 7672 2.1", secure ? record_to_publish(host) : std::string());
  }
}

void Adviser::on_look_ups() {
  for (const auto& look_up : report().look_ups) {
    const bool address = look_up.type == RrType::A || look_up.type == RrType::Aaaa;
    if (address && look_up.error)
      add(Weight::Warning,
          format("{} of {} is {}: addresses of the kind cannot be used", type_text(look_up.type),
                 look_up.name, state_text(look_up)),
          "RFC 7672 2.1.2");
    if (address && !look_up.error && look_up.canonical != look_up.name)
      add(look_up.security == DnsSecurity::Secure ? Weight::Note : Weight::Warning,
          look_up.security == DnsSecurity::Secure
              ? format("{} is an alias: MX records should name hosts", look_up.name)
              : format("{} is an alias that leads out of what is signed", look_up.name),
          look_up.security == DnsSecurity::Secure ? "RFC 2181 10.3" : "RFC 7672 2.2.2");
  }
}

void Adviser::on_no_dane(const HostReport& host, const NoDane& none) {
  const auto& hosts = report().hosts;
  if (std::any_of(hosts.begin(), hosts.end(), has_records))
    add(Weight::Warning, "without TLSA records beside hosts that have them: " + none.why,
        "RFC 7672 2.2.1", host.plan.secure ? record_to_publish(host) : std::string());
}

bool is_digest(const TlsaRecord& record, TlsaMatching matching) {
  return record.matching == matching;
}

bool is_pkix(const TlsaRecord& record) {
  return record.usage == TlsaUsage::PkixTa || record.usage == TlsaUsage::PkixEe;
}

void Adviser::on_records(const std::vector<TlsaRecord>& records) {
  const auto usable = usable_records(records);
  bool known_to_all = false;
  for (const auto& record : records) {
    if (is_digest_of_nothing(record))
      add(Weight::Warning, shown(record) + kOfNothing, "RFC 6698 2.1.4");
    const auto why = why_unusable(record);
    known_to_all = known_to_all || (why.empty() && !is_digest(record, TlsaMatching::Sha512));
    if (!why.empty())
      add(Weight::Warning, format("{} cannot be used: {}", shown(record), why),
          is_pkix(record) ? "RFC 7672 3.1.3" : "RFC 6698 4.1");
    else if (std::find(usable.begin(), usable.end(), record) == usable.end())
      add(Weight::Note, shown(record) + " is set aside for a stronger digest", "RFC 7671 9");
    if (why.empty() && is_digest(record, TlsaMatching::Full))
      add(Weight::Note, shown(record) + " has the data in full: use a digest", "RFC 7671 10.1.2");
    if (why.empty() && record.usage == TlsaUsage::DaneEe &&
        record.selector == TlsaSelector::Certificate)
      add(Weight::Note, shown(record) + " changes with each renewal: prefer 3 1 1",
          "RFC 7672 3.1.1");
  }
  if (!usable.empty() && !known_to_all)
    add(Weight::Warning, "SHA2-512 alone: only SHA2-256 is known to every client", "RFC 6698 6");
  if (usable.size() == 1 && usable.front().usage == TlsaUsage::DaneEe)
    add(Weight::Note,
        "one record only: before the key changes, publish the next key's record beside it "
        "(danesmtp tlsa --key)",
        "RFC 7671 8.1");
}

bool matches_something(const TlsaRecord& record, const PeerChain& chain) {
  if (record.usage == TlsaUsage::DaneEe) return tlsa_matches(record, chain.front());
  return record.matching == TlsaMatching::Full ||
         std::any_of(chain.begin(), chain.end(),
                     [&](const Bytes& der) { return tlsa_matches(record, der); });
}

// Records for which the server shows nothing, though another one authenticates it.
void Adviser::on_unmatched(const HostReport& host, const Authenticate& dane) {
  const auto* chain = chain_of(host);
  const bool authenticated = std::any_of(
      host.addresses.begin(), host.addresses.end(),
      [](const AddressReport& address) { return address.dane && address.dane->authenticated(); });
  if (!chain || !authenticated) return;
  for (const auto& record : dane.records)
    if (!matches_something(record, *chain))
      add(Weight::Note,
          shown(record) + known_anchor_text(record) +
              " matches nothing that the server shows: right in a rollover, else "
              "remove it",
          "RFC 7671 8.1");
}

// The name, outside the host's own, at which the records stand; empty: there is none.
std::string name_of_records(const Report& report, const HostReport& host) {
  const auto* base = base_domain(host.plan.policy);
  auto owner = base ? base->tlsa_owner(host.port) : fail(ErrorKind::Internal, "");
  if (!owner) return {};
  for (const auto& look_up : report.look_ups)
    if (look_up.type == RrType::Tlsa && look_up.name == owner->text() &&
        look_up.canonical != look_up.name)
      return look_up.canonical;
  return base->text() == host.name ? std::string() : owner->text();
}

// Records that do not fit any more, in the hands of somebody who is told of no new certificate.
void Adviser::on_alias(const HostReport& host) {
  const auto name = name_of_records(report(), host);
  if (!name.empty())
    add(Weight::Warning,
        format("the records stand under an alias, at {}, and were not renewed with the server's "
               "certificate: whoever runs the server has to keep them, or put records in the "
               "alias's place",
               name),
        "RFC 7671 6");
}

void Adviser::on_unsent_anchor(const AddressReport& address, const Authenticate& dane) {
  if (!address.tls || address.tls->chain.empty()) return;
  const auto& chain = address.tls->chain;
  for (const auto& record : dane.records) {
    if (record.usage != TlsaUsage::DaneTa) continue;
    if (tlsa_matches(record, chain.front()))
      add(Weight::Warning,
          shown(record) +
              ": usage 2 speaks of an issuer; for the server's own certificate or key "
              "publish usage 3",
          "RFC 7671 5.2");
    else if (!matches_something(record, chain))
      add(Weight::Warning, unsent_anchor_text(record, chain), "RFC 7672 3.1.2");
  }
}

// Dates count where a name or an issuer vouches, not for usage 3.
void Adviser::on_dates(const AddressReport& address) {
  if (!address.tls || address.tls->chain.empty()) return;
  auto facts = certificate_facts(address.tls->chain.front());
  if (!facts) return;
  const int left = days_left(*facts, question_.now);
  const bool by_anchor =
      address.dane && address.dane->match && address.dane->match->record.usage == TlsaUsage::DaneTa;
  if (by_anchor && left < question_.warn_days)
    add(Weight::Warning, format("the certificate {}: renew it", end_text(left)), "RFC 7672 3.1.2");
  if (!by_anchor && address.dane && address.dane->match && left < 0)
    add(Weight::Note, "the certificate has expired, which is of no meaning under usage 3",
        "RFC 7672 3.1.1");
}

// Where the certificate's contents were judged, a proof that is none is worth knowing.
void Adviser::on_proof(const AddressReport& address) {
  if (address.ocsp != OcspResult::NotVerified && address.ocsp != OcspResult::Failed) return;
  if (address.dane && address.dane->match && address.dane->match->record.usage == TlsaUsage::DaneTa)
    add(Weight::Warning,
        format("[{}]: the OCSP proof that the server sends is of no use: renew it",
               address.address),
        "RFC 6066 8");
}

void Adviser::on_other_certificate(const HostReport& host, const AddressReport& address) {
  if (!address.other || address.other->dane.authenticated()) return;
  const auto& leaf = address.other->tls.chain.front();
  add(Weight::Warning,
      format("[{}]: no record is for its {} certificate, which other senders get: {}",
             address.address, has_rsa_key(leaf) ? "RSA" : "ECDSA or EdDSA",
             address.other->dane.reason),
      "RFC 7671 8.1", record_of(host, leaf));
}

void Adviser::on_address(const AddressReport& address) {
  on_dates(address);
  on_proof(address);
  if (!address.failure) {
    if (!address.tls)
      add(Weight::Warning, format("[{}] has no TLS: mail goes in clear", address.address),
          "RFC 7435 3");
    return;
  }
  const bool told = address.unconnected && !told_dead_.insert(address.address).second;
  if (told) return;  // the same address under another name
  if (address.no_route)
    tell_sender(Weight::Note, format("[{}] cannot be reached from this machine", address.address),
                "RFC 5321 5.1");
  else if (!address.hello_refused)
    add(Weight::Warning,
        address.address.empty()
            ? address.failure->verdict.text
            : format("[{}]: {}", address.address, address.failure->verdict.text),
        address.dane ? "RFC 7672 2.2" : "RFC 5321 5.1");
}

void Adviser::on_host(const HostReport& host) {
  host_ = format("{}:{}", host.name, host.port);
  const auto& policy = host.plan.policy;
  if (const auto* skip = std::get_if<SkipHost>(&policy))
    return add(Weight::Warning, "mail does not use this host: " + skip->error.text,
               "RFC 7672 2.1.2");
  if (const auto* none = std::get_if<NoDane>(&policy)) on_no_dane(host, *none);
  if (has_records(host) && host.plan.mx == MxTrust::Insecure)
    add(Weight::Warning,
        "an unsigned MX record names this host: its records protect the host, not the domain",
        "RFC 7672 2.2.1");
  on_records(published(report(), host));
  if (const auto* only = std::get_if<EncryptOnly>(&policy))
    add(Weight::Warning,
        "no TLSA record can be used: TLS without authentication (" + join(only->reasons, "; ") +
            ")",
        "RFC 7672 2.2", record_to_publish(host));
  for (const auto& address : host.addresses) {
    on_address(address);
    on_other_certificate(host, address);
    const auto* dane = std::get_if<Authenticate>(&policy);
    if (!dane || !address.dane || address.dane->authenticated()) continue;
    on_unsent_anchor(address, *dane);
    on_alias(host);
    add(Weight::Warning, "if this is the server you run, publish the record of its own key",
        "RFC 7672 3.1.1", record_to_publish(host));
  }
  if (const auto* dane = std::get_if<Authenticate>(&policy)) on_unmatched(host, *dane);
}

std::vector<Advice> Adviser::run() {
  // Without validated answers nothing is known of the domain.
  if (!report().resolver_answers && is_lost()) {
    add(Weight::Warning,
        "no validated answer came, even for the top-level domain: ask another one (--resolver "
        "recursive asks from the root), and look at the trust anchor",
        "RFC 7672 2.1.1", {}, Role::Resolver);
    return std::move(all_);
  }
  if (report().fate == Fate::NoDestination) {
    on_no_destination();
    return std::move(all_);
  }
  on_domain();
  on_look_ups();
  on_absence();
  for (const auto& host : report().hosts) on_host(host);
  host_.clear();
  on_dead_addresses();
  if (is_lost()) on_waiting();
  return std::move(all_);
}

}  // namespace

std::vector<std::string> published_texts(const Report& report, const HostReport& host) {
  const auto* base = base_domain(host.plan.policy);
  auto owner = base ? base->tlsa_owner(host.port) : fail(ErrorKind::Internal, "");
  if (!owner) return {};
  for (const auto& look_up : report.look_ups)
    if (look_up.type == RrType::Tlsa && look_up.name == owner->text()) return look_up.records;
  return {};
}

std::vector<Advice> advice_on(const AdviceQuestion& question) {
  return Adviser(question).run();
}

}  // namespace danesmtp::tool
