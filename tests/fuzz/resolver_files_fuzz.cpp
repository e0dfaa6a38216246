// SPDX-License-Identifier: GPL-2.0-or-later
// resolv.conf and trust anchor files, which others write on this machine. What was read can be read
// again as itself; a file without an anchor for the root is an error. resolv.conf(5), RFC 1035 5.1,
// RFC 5011.
#include "dns/resolver_config.h"
#include "fuzz/fuzz_support.h"

using namespace danesmtp;
using fuzz::must;

namespace {

void check_servers(std::string_view text) {
  const auto servers = parse_resolv_conf(text);
  if (!servers) return must(!servers.error().text.empty());
  must(!servers->empty() && servers->size() <= 3);
  std::string again;
  for (const auto& server : *servers) {
    must(server.port == 53 && !server.address.empty());
    again += "nameserver " + server.address + "\n";
  }
  must(parse_resolv_conf(again) == servers);
}

void check_anchors(std::string_view text) {
  const auto anchors = parse_trust_anchors(text);
  if (!anchors) return must(!anchors.error().text.empty());
  must(!anchors->empty());
  std::string again;
  for (const auto& anchor : *anchors) {
    must(anchor.find('\n') == std::string::npos);
    again += anchor + "\n";
  }
  must(parse_trust_anchors(again) == anchors);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  check_servers(text);
  check_anchors(text);
  return 0;
}
