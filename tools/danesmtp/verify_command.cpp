// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp verify`: the module's verdict on a chain and a set of records; without any network but
// for --live.
#include <algorithm>
#include <iostream>
#include <memory>

#include "check_report.h"
#include "command.h"
#include "core/format.h"
#include "dns/record_resolver.h"
#include "pem_input.h"
#include "probe_arguments.h"
#include "record_input.h"
#include "time_input.h"
#include "verdict_report.h"
#include "verify_lines.h"
#include "zone_line.h"

namespace danesmtp::tool {
namespace {

struct VerifyOptions {
  std::string chain;
  std::vector<std::string> records;
  std::vector<std::string> names;
  std::string at;
  std::string private_key;
  std::string live;
  ResolverArguments resolver;
  bool json = false;
  bool lines = false;
};

// What the chain is held to.
struct Published {
  std::vector<TlsaRecord> records;
  std::vector<DnsName> names;
  std::string none;                   // why there are no records; empty: there are
  std::vector<std::string> no_rdata;  // published octets that are not even a record
};

int exit_code(Judged judged) {
  switch (judged) {
    case Judged::Authenticated:
      return kDone;
    case Judged::Failed:
      return kNotAuthenticated;
    case Judged::Unusable:
    case Judged::NoRecords:
      return kNothingUsable;
  }
  return kNotAuthenticated;
}

Result<std::vector<TlsaRecord>> parse_records(const std::vector<std::string>& texts) {
  std::vector<TlsaRecord> records;
  for (const auto& text : texts) {
    auto read = read_records(text);
    if (!read)
      return fail(ErrorKind::BadInput,
                  format("--tlsa: {}; write 'USAGE SELECTOR MATCHING HEX', or give the line of the "
                         "zone file",
                         read.error().text));
    records.insert(records.end(), read->begin(), read->end());
  }
  return records;
}

Result<std::vector<DnsName>> parse_names(const std::vector<std::string>& texts) {
  std::vector<DnsName> names;
  for (const auto& text : texts) {
    auto name = DnsName::parse(text);
    if (!name)
      return fail(ErrorKind::BadInput,
                  format("--name: {}; give a host or a domain", name.error().text));
    names.push_back(std::move(*name));
  }
  return names;
}

Result<WallTime> parse_at(const std::string& text) {
  if (text.empty()) return wall_time();
  auto at = parse_rfc3339(text);
  if (!at) return fail(ErrorKind::BadInput, "--at: " + at.error().text);
  return at;
}

struct PublishedRecords {
  const VerifyOptions& options;
  const Report& report;

  Result<Published> operator()(const NoDane& none) const {
    Published published;
    published.none = none.why;
    return published;
  }
  // Unusable ones bind to TLS (D-021): they are judged too, to say why each is unusable.
  Result<Published> operator()(const EncryptOnly&) const { return every_record(); }
  Result<Published> operator()(const Authenticate&) const { return every_record(); }
  Result<Published> operator()(const SkipHost& skip) const {
    return fail(ErrorKind::BadInput, format("--live {}: {}; try again when the look-up succeeds",
                                            options.live, skip.error.text));
  }

 private:
  Published every_record() const {
    Published all;
    for (const auto& text : published_texts(report, report.hosts.front())) {
      auto record = parse_tlsa_text(text);
      if (record)
        all.records.push_back(std::move(*record));
      else
        all.no_rdata.push_back(text);
    }
    return all;
  }
};

// The records of a host as the transport would find them, and the names that it would accept.
Result<Published> live_records(const VerifyOptions& options) {
  auto target = parse_target(options.live);
  if (!target) return fail(ErrorKind::BadInput, "--live: " + target.error().text);
  target->route = RouteKind::Fixed;
  auto settings = resolver_settings(options.resolver);
  if (!settings) return tl::unexpected(settings.error());
  ProbeOptions look_up;
  look_up.reach = Reach::DnsOnly;
  auto resolver = make_resolver(*settings);
  const auto report = probe(*resolver, *target, look_up, {});
  const auto& plan = report.hosts.front().plan;
  auto found = std::visit(PublishedRecords{options, report}, plan.policy);
  if (found) found->names = plan.names;
  return found;
}

Result<Published> published(const VerifyOptions& options) {
  Published all;
  auto records = parse_records(options.records);
  if (!records) return tl::unexpected(records.error());
  all.records = std::move(*records);
  if (!options.live.empty()) {
    auto live = live_records(options);
    if (!live) return live;
    all = std::move(*live);
  }
  auto names = parse_names(options.names);
  if (!names) return tl::unexpected(names.error());
  all.names.insert(all.names.end(), names->begin(), names->end());
  return all;
}

std::string missing_argument(const VerifyOptions& options) {
  if (options.chain.empty()) return "verify: --chain is missing: name the certificates' file";
  if (options.records.empty() == options.live.empty())
    return "verify: give the records by --tlsa, or a host that publishes them by --live, one of "
           "the "
           "two";
  return {};
}

Judgement judgement_on(const Published& held_to, const PeerChain& chain, WallTime now) {
  if (!held_to.none.empty()) return judge_without_records(held_to.none);
  Judgement judgement = judge({chain, held_to.records, held_to.names, now});
  for (const auto& text : held_to.no_rdata)
    judgement.verdict.details.push_back(text + ": unusable: not a TLSA record");
  for (const auto& record : held_to.records)
    if (is_digest_of_nothing(record))
      judgement.verdict.details.push_back(shown(record) + kOfNothing);
  const bool by_name =
      std::any_of(held_to.records.begin(), held_to.records.end(),
                  [](const TlsaRecord& record) { return record.usage == TlsaUsage::DaneTa; });
  if (judgement.judged == Judged::Failed && by_name && held_to.names.empty() &&
      judgement.verdict.failure == DaneFailure::HostMismatch)
    judgement.verdict.reason =
        "under usage 2 the certificate must bear the server's name, and none was given: add "
        "--name";
  return judgement;
}

int verify_one(const VerifyOptions& options) {
  if (auto missing = missing_argument(options); !missing.empty()) return complain(missing);
  auto now = parse_at(options.at);
  if (!now) return complain(now.error().text);
  auto chain = read_certificates(options.chain);
  if (!chain) return complain(chain.error().text);
  auto key = Result<KeyMatch>(KeyMatch::Same);
  if (!options.private_key.empty())
    key = match_private_key(chain->front(), options.chain, options.private_key);
  if (!key) return complain(key.error().text);
  auto held_to = published(options);
  if (!held_to) return complain(held_to.error().text);
  const Judgement judgement = judgement_on(*held_to, *chain, *now);
  const bool other_key = *key == KeyMatch::Other;
  auto object = to_full_json(judgement);
  object["schema"] = kSchema;
  object["private_key"] =
      options.private_key.empty() ? nlohmann::json() : nlohmann::json(other_key ? "other" : "same");
  if (options.json)
    std::cout << object.dump() << '\n';
  else
    std::cout << to_report(judgement)
              << (other_key ? "the private key is not that of the certificate: a server cannot use "
                              "the two\n"
                            : "");
  return other_key ? kNotAuthenticated : exit_code(judgement.judged);
}

int verify(const VerifyOptions& options) {
  if (!options.lines) return verify_one(options);
  bool alone = options.chain.empty() && options.records.empty() && options.names.empty() &&
               options.at.empty() && options.private_key.empty() && options.live.empty() &&
               !options.json;
  if (!alone) return complain("verify: --jsonl takes everything from standard input");
  std::ios::sync_with_stdio(false);
  return verify_lines(std::cin, std::cout);
}

}  // namespace

Command add_verify_command(CLI::App& parent) {
  auto* app = parent.add_subcommand("verify", "Judge a certificate chain by TLSA records, offline");
  auto options = std::make_shared<VerifyOptions>();  // shared: std::function must be copyable
  app->add_option("--chain", options->chain,
                  "The certificates the server presents, leaf first, in PEM")
      ->type_name("FILE");
  app->add_option("--tlsa", options->records, "A TLSA record; may be repeated")
      ->type_name("'USAGE SELECTOR MATCHING HEX'")
      ->allow_extra_args(false);
  app->add_option("--name", options->names,
                  "A name the certificate may bear, for usage 2: the TLSA base domain, the "
                  "recipient's domain; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app->add_option("--live", options->live,
                  "Instead of --tlsa: the records that are published for this HOST or HOST:PORT, "
                  "and the names that go with them")
      ->type_name("HOST");
  app->add_option("--private-key", options->private_key,
                  "Also say whether this is the key of the certificate")
      ->type_name("FILE");
  add_resolver_arguments(*app, options->resolver);
  app->add_option("--at", options->at, "Judge as of this time, not now")->type_name("RFC3339");
  app->add_flag("--json", options->json, "Answer with one JSON object");
  app->add_flag("--jsonl", options->lines,
                "Without any other option: read questions from standard input, one JSON object a "
                "line: {\"id\",\"chain\":PEM,\"tlsa\":[],\"refs\":[],\"verify_time\"}");
  app->footer(
      "Exit code: 0 authenticated, 1 not authenticated, 2 unusable arguments or input,\n"
      "3 no record, or none that is usable (nobody can be authenticated).");
  return {app, [options] { return verify(*options); }};
}

}  // namespace danesmtp::tool
