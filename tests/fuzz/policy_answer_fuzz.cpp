// SPDX-License-Identifier: GPL-2.0-or-later
// What a daemon for MTA-STS sends: the netstring, in any two parts, and the policy that is in it. A
// policy names hosts by patterns that are patterns, and has a mode that asks for something. One
// behind NOTFOUND is not in force: it is tested, or could not be had. RFC 8461.
#include "fuzz/fuzz_support.h"
#include "sts/netstring.h"
#include "sts/policy_answer.h"

using namespace danesmtp;
using fuzz::must;

namespace {

void check_policy(std::string_view answer) {
  const auto domain = DnsName::parse("dom.lab");
  const auto policy = policy_in(answer, *domain);
  if (!policy) return must(!policy.error().text.empty());
  if (!*policy) return;
  const auto status = answer.substr(0, answer.find_first_of(" \t"));
  const bool in_force = status == "OK";
  must(in_force || (status == "NOTFOUND" && (*policy)->mode == StsMode::Testing));
  must((*policy)->domain == "dom.lab");
  must((*policy)->patterns.empty() == ((*policy)->fault && !in_force));
  for (const auto& pattern : (*policy)->patterns) must(sts_pattern(pattern) == pattern);
}

// Whoever has read a part has not been told more than whoever has read all.
void check_frame(std::string_view octets) {
  const auto whole = netstring_in(octets);
  if (!whole) must(!whole.error().text.empty());
  for (std::size_t size = 0; size < octets.size(); ++size) {
    const auto part = netstring_in(octets.substr(0, size));
    if (!part) must(!whole);
    if (part && *part) must(!whole);  // something is behind it
  }
  if (!whole || !*whole) return;
  must(netstring_of(**whole) == octets);
  check_policy(**whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets = as_text({data, size});
  check_frame(octets.substr(0, 2000));
  check_policy(octets);
  return 0;
}
