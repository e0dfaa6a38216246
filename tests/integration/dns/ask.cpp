// SPDX-License-Identifier: GPL-2.0-or-later
// Puts questions to the resolver that the module uses and prints one line for each: the answer's
// security and records, or the kind and text of the error, and how long it took. For the scenarios
// in this folder, and tests/differential/dns_states.py: dns_ask RESOLVER DNSSEC ANCHOR-FILE
// MILLISECONDS [TYPE NAME]...; "-" is an unset option. DNS_ASK_MEMORY in the environment names the
// file of ResolverMemory.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "core/format.h"
#include "dns/record_resolver.h"
#include "dns/resolver_config.h"

using namespace danesmtp;

namespace {

std::string text_of(const std::string& record) {
  return record;
}
std::string text_of(const DnsName& record) {
  return record.text();
}
std::string text_of(const Bytes& record) {
  return to_hex(record);
}
std::string text_of(const MxRecord& record) {
  return format("{}:{}", record.preference, record.exchange.empty() ? "." : record.exchange);
}

const char* kind_text(ErrorKind kind) {
  if (kind == ErrorKind::BadInput) return "bad-input";
  if (kind == ErrorKind::DnsBogus) return "bogus";
  return kind == ErrorKind::DnsFailure ? "failure" : "other";
}

template <class T>
std::string answer_text(const Result<Answer<T>>& answer) {
  if (!answer) return format("{}: {}", kind_text(answer.error().kind), answer.error().text);
  std::vector<std::string> records;
  for (const auto& record : answer->records) records.push_back(text_of(record));
  return format("{} {} n={} canonical={} ttl={} [{}]", answer->secure() ? "secure" : "insecure",
                answer->nxdomain ? "nxdomain" : "noerror", records.size(), answer->canonical.text(),
                answer->ttl, join(records, " "));
}

std::string ask(Resolver& resolver, std::string_view type, const DnsName& name) {
  if (type == "MX") return answer_text(resolver.mx(name));
  if (type == "A") return answer_text(resolver.addresses(name, AddressFamily::Inet));
  if (type == "AAAA") return answer_text(resolver.addresses(name, AddressFamily::Inet6));
  if (type == "TLSA") return answer_text(resolver.tlsa(name));
  if (type == "TXT") return answer_text(resolver.txt(name));
  return answer_text(resolver.cname(name));
}

std::string option(const char* argument) {
  return std::string_view(argument) == "-" ? "" : argument;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  auto settings = parse_resolver_options({option(argv[1]), option(argv[2]), option(argv[3])});
  if (!settings) {
    std::cout << format("bad-input: {}\n", settings.error().text);
    return 2;
  }
  settings->question_time = std::chrono::milliseconds(std::stol(argv[4]));
  ResolverSurroundings around;
  if (const char* memory = std::getenv("DNS_ASK_MEMORY")) around.memory_file = memory;
  around.note = [](const std::string& line) { std::cout << "note: " << line << '\n'; };
  auto resolver = make_resolver(*settings, around);
  for (int i = 5; i + 1 < argc; i += 2) {
    auto name = DnsName::of_any_kind(argv[i + 1]);
    if (!name) return 2;
    auto start = std::chrono::steady_clock::now();
    std::string answer = ask(*resolver, argv[i], *name);
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    std::cout << format("{:.1f} ms {} {}: {}\n", took.count(), argv[i], argv[i + 1], answer);
    std::fflush(stdout);
  }
}
