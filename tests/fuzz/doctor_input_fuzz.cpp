// SPDX-License-Identifier: GPL-2.0-or-later
// What `danesmtp doctor`, which root runs, reads of others: what an Exim prints, and the anchor
// file that a resolver's user writes. What is told of it is fit for a terminal, and a part of it.
// RFC 5011 4.2, RFC 4034 B.
#include <algorithm>

#include "anchor_marks.h"
#include "exim_text.h"
#include "fuzz/fuzz_support.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using fuzz::is_printable;
using fuzz::must;

namespace {

bool is_part(const std::string& part, std::string_view whole) {
  return whole.find(part) != std::string_view::npos;
}

void check_exim(std::string_view said) {
  const auto version = exim_version(said);
  must(is_printable(version.number));
  for (const auto& feature : version.features) must(version.has(feature) && is_part(feature, said));
  for (const auto& transport : exim_transports(said)) {
    must(is_part(transport.name + " transport:", said));
    for (const auto& [name, value] : transport.options)
      must(is_part(name + " =", said) && transport.option(name) == value);
    must(!transport.is_ours() || !transport.is_exims_smtp());
  }
  for (const auto& [name, value] : exim_settings(said))
    must(is_part(name + " =", said) && is_part(value, said));
  must(is_part(module_directory(said), said));
  must(is_printable(configuration_fault(said)));
}

void check_anchors(std::string_view text) {
  const auto marks = anchor_marks(text);
  must(is_printable(marks.others_text()));
  must(!marks.last_success || marks.last_success->time_since_epoch().count() > 0);
  for (const auto& key : marks.keys) {
    must(std::string_view(state_text(key.state)) != "?");
    must(!marks.waits_for(key.id) ||
         std::any_of(marks.keys.begin(), marks.keys.end(),
                     [&](auto& k) { return k.id == key.id && k.state == AnchorState::AddPend; }));
  }
}

// As the DNS has them.
void check_keys(ByteView octets) {
  const Bytes rdata(octets.begin(), octets.end());
  const auto id = key_id(rdata);
  must(id.has_value() == (rdata.size() > 4));
  for (const auto& key : signing_keys({rdata})) must(key == *id && (rdata[1] & 1U) != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView octets(data, size);
  check_exim(as_text(octets));
  check_anchors(as_text(octets));
  check_keys(octets);
  return 0;
}
