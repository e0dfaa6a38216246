// SPDX-License-Identifier: GPL-2.0-or-later
// What a responder answers to the tool, over a connection that protects nothing: a proof is shown
// only if it is the responder's word that the certificate is good, now and for a while, also where
// its signer had to be put into it. RFC 6960 3.2, 4.2.1. Input: the certificate, its issuer and
// another certificate of its chain as pieces, then the answer.
#include "fuzz/fuzz_support.h"
#include "ocsp_proof.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using fuzz::must;

namespace {

Bytes bytes_of(ByteView octets) {
  return {octets.begin(), octets.end()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  OcspSubject subject;
  subject.certificate = bytes_of(input.piece());
  subject.issuer = bytes_of(input.piece());
  subject.others = {subject.issuer, bytes_of(input.piece())};
  const Bytes answer = bytes_of(input.rest());
  if (answer.empty()) return 0;  // of an empty one the responder's asker has said so
  const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};
  const auto proof = proof_to_show(answer, subject, now);
  if (!proof) return must(!proof.error().text.empty()), 0;
  const auto again = verify_ocsp({proof->response, subject.certificate, subject.issuer, now});
  must(again.answer == OcspAnswer::Good && proof->response.size() <= kMaxOcspResponse);
  must(proof->life() > std::chrono::seconds(0) && proof->end() > now);
  must(proof->end() == proof->verdict.next_update);
  return 0;
}
