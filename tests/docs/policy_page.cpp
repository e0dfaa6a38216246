// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of the transport's manual page that are made from the code: which policy follows from
// the DNS and the options, and which options have no say under DANE. Without arguments it prints
// them; with the page it fails when the page has something else between its two markers.

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "core/format.h"
#include "dane/tlsa_policy.h"
#include "fakes/proofs.h"
#include "route/host_tls.h"

using namespace danesmtp;
using danesmtp::test::no_tlsa;

namespace {

const std::string kBegin = "; made by policy_page from the code: do not edit\n";
const std::string kEnd = "; end of what policy_page made\n";

std::string text_of(const HostPolicy& policy) {
  if (std::holds_alternative<NoDane>(policy)) return "Exim's own rules";
  if (std::holds_alternative<EncryptOnly>(policy)) return "TLS, nobody authenticated";
  if (std::holds_alternative<Authenticate>(policy)) return "authenticated, or not used";
  return "host not used";
}

struct Row {
  const char* dns;
  TlsaDecision decision;
};

std::string policy_table() {
  const DnsName base = *DnsName::parse("mx.example.org");
  const Row rows[] = {
      {"usable TLSA records", TlsaUsable{base, usable_records({})}},
      {"TLSA records, none usable", TlsaUnusable{base, {}}},
      {"no TLSA records, or unsigned", no_tlsa()},
      {"the look-up failed", TlsaLookupFailed{{ErrorKind::DnsFailure, ""}}},
  };
  std::string text =
      "[[ *MX record*\n:[ *the host has*\n:[ *in hosts_try_dane*\n"
      ":[ *in hosts_require_dane*\n";
  for (const auto& [mx, name] :
       {std::pair{MxTrust::Secure, "signed"}, {MxTrust::Insecure, "not signed"}})
    for (const auto& row : rows)
      text += format("|  {}\n:  {}\n:  {}\n:  {}\n", name, row.dns,
                     text_of(host_policy(DaneWish::Try, mx, row.decision)),
                     text_of(host_policy(DaneWish::Require, mx, row.decision)));
  return text;
}

std::string option_table() {
  std::string text = "[[ *option*\n:[ *instead*\n";
  for (const auto& [option, instead] : options_without_say())
    text += format("|  {}\n:  {}\n", option.name, instead);
  return text;
}

std::string tables() {
  return format("{}\n{}\nFor a host with TLSA records these options have no say:\n\n{}\n{}", kBegin,
                policy_table(), option_table(), kEnd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cout << tables();
    return 0;
  }
  std::ifstream file(argv[1]);
  std::stringstream content;
  content << file.rdbuf();
  if (content.str().find(tables()) != std::string::npos) return 0;
  std::cerr << argv[1] << " does not have the tables that policy_page prints\n";
  return 1;
}
