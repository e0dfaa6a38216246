// SPDX-License-Identifier: GPL-2.0-or-later
// A stapled OCSP response with the certificate and the issuer that it is judged by: judged without
// a fault whatever the octets are, with a reason for all but Good, and required means Good. RFC
// 6960 3.2 and 4.2. Input: the certificate and its issuer as pieces, then the response. A piece is
// two octets of length and that many octets.
#include "fuzz/fuzz_support.h"
#include "tls/ocsp_policy.h"

using namespace danesmtp;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(ByteView(data, size));
  const auto certificate = input.piece();
  const auto issuer = input.piece();
  const auto response = input.rest();
  const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};
  const auto verdict = verify_ocsp({response, certificate, issuer, now});
  must(response.empty() == (verdict.answer == OcspAnswer::Absent && verdict.reason.empty()));
  must((verdict.answer == OcspAnswer::Good) == (verdict.reason.empty() && !response.empty()));
  if (verdict.answer == OcspAnswer::Good) {
    must(response.size() <= kMaxOcspResponse);
    must(verdict.this_update <= now + kOcspClockSkew &&
         verdict.next_update >= now - kOcspClockSkew);
  }
  const OcspFinding finding{verdict, is_must_staple(certificate)};
  const auto ruling = rule_on_leaf(OcspWish::Required, AuthenticatedBy::DaneTa, finding);
  must(ruling.refusal.empty() == (verdict.answer == OcspAnswer::Good));
  return 0;
}
