// SPDX-License-Identifier: GPL-2.0-or-later
// What the tool's user gives it: files of certificates and keys, TLSA records in any of their
// forms, targets and lists of them. What was read is told in a form that is read as the same. RFC
// 7468, RFC 6698 2.2, RFC 3597 5.
#include "file_kind.h"
#include "fuzz/fuzz_support.h"
#include "fuzz/memory_file.h"
#include "pem_input.h"
#include "probe_target.h"
#include "record_input.h"
#include "target_list.h"
#include "zone_line.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using fuzz::is_printable;
using fuzz::must;

namespace {

void check_records(std::string_view text) {
  const auto records = read_records(text);
  if (!records) return must(!records.error().text.empty());
  must(!records->empty());
  const auto owner = DnsName::parse("_25._tcp.mx.lab");
  for (const auto& record : *records)
    for (const auto& line : {zone_line(*owner, record), generic_zone_line(*owner, record)}) {
      const auto again = read_records(line);
      must(again && again->size() == 1 &&
           zone_line(*owner, again->front()) == zone_line(*owner, record));
    }
}

void check_pem(std::string_view text) {
  const auto chain = pem_certificates(text);
  if (!chain) must(!chain.error().text.empty());
}

// Files in place of certificates and keys: what they are, and what is taken from them.
void check_files(std::string_view text) {
  for (const auto wanted : {Wanted::Certificates, Wanted::Key})
    must(is_printable(other_kind(text, "file", wanted)));
  if (text.find("-----BEGIN") == std::string_view::npos) return;
  static const fuzz::MemoryFile file;
  file.set(text);
  const auto chain = read_certificates(file.path());
  must(chain ? *chain == *pem_certificates(text) : is_printable(chain.error().text));
  const auto key = read_public_key(file.path());
  must(key ? !key->empty() : is_printable(key.error().text));
  if (!chain) return;
  const auto match = match_private_key(chain->front(), file.path(), file.path());
  must(match || is_printable(match.error().text));
}

void check_targets(const std::string& text) {
  for (const auto& target : targets_in(text)) must(!target.empty());
  const auto target = parse_target(text);
  if (!target) return must(!target.error().text.empty());
  must(target->text == text && !target->name.empty());
  must(!target->port || *target->port != 0);
  const auto again = parse_target(target->name);
  if (target->route == RouteKind::Mx) must(again && again->name == target->name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  check_records(text);
  check_pem(text);
  check_files(text);
  check_targets(std::string(text.substr(0, text.find('\n'))));
  return 0;
}
