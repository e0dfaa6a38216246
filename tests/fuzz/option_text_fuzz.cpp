// SPDX-License-Identifier: GPL-2.0-or-later
// Texts of options, of the transport and of the tool: those that C reads into places of a fixed
// size, cipher lists in OpenSSL's language, times, and lists of OCSP proofs. What was read is told
// in a form that is read as the same; a priority that is made is one. Input: lines.
#include <gnutls/gnutls.h>

#include <cstring>
#include <sstream>
#include <string>

#include "core/format.h"
#include "dns/resolver_option.h"
#include "fuzz/fuzz_support.h"
#include "ocsp_target.h"
#include "sts/socketmap.h"
#include "time_input.h"
#include "tls/openssl_ciphers.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using fuzz::must;

namespace {

bool ends_within(const char* text, std::size_t room) {
  return std::memchr(text, 0, room) != nullptr;
}

void check_servers(const char* list) {
  danesmtp_server server{};
  for (const char* rest = list; rest != nullptr;) {
    must(danesmtp_next_server(&rest, &server) == 1);
    must(ends_within(server.address, sizeof server.address) && server.port != 0);
    must(danesmtp_is_server_address(server.address, std::strlen(server.address)) == 1);
  }
}

void check_resolver(const std::string& text, const std::string& dnssec) {
  const danesmtp_resolver_texts texts{text.c_str(), dnssec.c_str(), dnssec.c_str()};
  danesmtp_resolver_words words{};
  danesmtp_option_fault fault{};
  if (danesmtp_read_resolver_texts(&texts, &words, &fault) == 1) return check_servers(words.list);
  must(fault.why != nullptr && fault.option != nullptr);
  if (fault.part != nullptr)
    must(fault.part >= fault.value &&
         fault.part + fault.part_length <= fault.value + std::strlen(fault.value));
}

void check_socketmap(const std::string& text) {
  danesmtp_socketmap map{};
  if (danesmtp_read_socketmap(text.c_str(), &map) != nullptr) return;
  must(ends_within(map.place, sizeof map.place) && ends_within(map.map, sizeof map.map));
  danesmtp_socketmap again{};
  must(danesmtp_read_socketmap(format("{}:{}", to_text(map), map.map).c_str(), &again) == nullptr);
  must(std::memcmp(&map, &again, sizeof map) == 0);
}

void check_ciphers(const std::string& ciphers, const std::string& options,
                   const std::string& groups) {
  const auto made = priority_from_openssl({ciphers, options, groups});
  if (made.priority.empty()) return;
  gnutls_priority_t priority = nullptr;
  must(gnutls_priority_init(&priority, made.priority.c_str(), nullptr) >= 0);
  gnutls_priority_deinit(priority);
}

void check_times(const std::string& text) {
  if (const auto time = parse_rfc3339(text))
    must(parse_rfc3339(to_rfc3339(*time)) == *time || to_rfc3339(*time).size() != 20);
  if (const auto duration = parse_duration(text)) must(!duration_text(*duration).empty());
}

void check_proofs(const std::string& text) {
  const auto targets = parse_ocsp_targets(text);
  if (!targets) return must(!targets.error().text.empty());
  must(!targets->empty());
  for (const auto& target : *targets) must(!target.certificates.empty() && !target.proof.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(as_text({data, size}));
  std::istringstream lines(text);
  std::string one, two, three;
  std::getline(lines, one);
  std::getline(lines, two);
  std::getline(lines, three);
  check_resolver(one, two);
  check_socketmap(one);
  check_ciphers(one, two, three);
  check_times(one);
  check_proofs(text);
  return 0;
}
