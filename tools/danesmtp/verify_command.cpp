// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp verify`: the module's verdict on a chain and a set of records, without any network.
#include <iostream>
#include <memory>

#include "command.h"
#include "pem_input.h"
#include "time_input.h"
#include "verdict_report.h"
#include "verify_lines.h"

namespace danesmtp::tool {
namespace {

struct VerifyOptions {
  std::string chain;
  std::vector<std::string> records;
  std::vector<std::string> names;
  std::string at;
  bool json = false;
  bool lines = false;
};

int exit_code(Judged judged) {
  switch (judged) {
    case Judged::Authenticated:
      return kDone;
    case Judged::Failed:
      return kNotAuthenticated;
    case Judged::Unusable:
      return kNothingUsable;
  }
  return kNotAuthenticated;
}

Result<std::vector<TlsaRecord>> parse_records(const std::vector<std::string>& texts) {
  std::vector<TlsaRecord> records;
  for (const auto& text : texts) {
    auto record = parse_tlsa_text(text);
    if (!record) return fail(ErrorKind::BadInput, "--tlsa: " + record.error().text);
    records.push_back(std::move(*record));
  }
  return records;
}

Result<std::vector<DnsName>> parse_names(const std::vector<std::string>& texts) {
  std::vector<DnsName> names;
  for (const auto& text : texts) {
    auto name = DnsName::parse(text);
    if (!name) return fail(ErrorKind::BadInput, "--name: " + name.error().text);
    names.push_back(std::move(*name));
  }
  return names;
}

Result<WallTime> parse_at(const std::string& text) {
  if (text.empty()) return time_now();
  auto at = parse_rfc3339(text);
  if (!at) return fail(ErrorKind::BadInput, "--at: " + at.error().text);
  return at;
}

int verify_one(const VerifyOptions& options) {
  if (options.chain.empty()) return complain("verify: --chain is missing");
  if (options.records.empty()) return complain("verify: --tlsa is missing");
  auto records = parse_records(options.records);
  if (!records) return complain(records.error().text);
  auto names = parse_names(options.names);
  if (!names) return complain(names.error().text);
  auto now = parse_at(options.at);
  if (!now) return complain(now.error().text);
  auto chain = read_certificates(options.chain);
  if (!chain) return complain(chain.error().text);
  Judgement judgement = judge({*chain, *records, *names, *now});
  std::cout << (options.json ? to_full_json(judgement).dump() + "\n" : to_report(judgement));
  return exit_code(judgement.judged);
}

int verify(const VerifyOptions& options) {
  if (!options.lines) return verify_one(options);
  bool alone = options.chain.empty() && options.records.empty() && options.names.empty() &&
               options.at.empty() && !options.json;
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
  app->add_option("--at", options->at, "Judge as of this time, not now")->type_name("RFC3339");
  app->add_flag("--json", options->json, "Answer with one JSON object");
  app->add_flag("--jsonl", options->lines,
                "Without any other option: read questions from standard input, one JSON object a "
                "line: {\"id\",\"chain\":PEM,\"tlsa\":[],\"refs\":[],\"verify_time\"}");
  app->footer(
      "Exit code: 0 authenticated, 1 not authenticated, 2 unusable arguments or input,\n"
      "3 no usable record (TLS without authentication).");
  return {app, [options] { return verify(*options); }};
}

}  // namespace danesmtp::tool
