// SPDX-License-Identifier: GPL-2.0-or-later
#include "ocsp_renewal.h"

#include <thread>

#include "core/format.h"
#include "ocsp_responder.h"
#include "proof_file.h"
#include "time_input.h"

namespace danesmtp::tool {
namespace {

using std::chrono::seconds;

bool is_good(const Result<OcspProof>& proof) {
  return proof && proof->verdict.answer == OcspAnswer::Good &&
         proof->verdict.signer_until >= proof->verdict.next_update;
}

HttpMethod other(HttpMethod method) {
  return method == HttpMethod::Get ? HttpMethod::Post : HttpMethod::Get;
}

// Some responders know only one of the two methods, so they take turns.
Result<OcspProof> fetch(const OcspSubject& subject, const Patience& patience, WallTime now) {
  auto request = ocsp_request(subject.certificate, subject.issuer);
  if (!request) return tl::unexpected(request.error());
  Result<OcspProof> proof = fail(ErrorKind::Internal, "no try was made");
  auto method = first_method(*request);
  auto pause = patience.pause;
  for (int i = 0; i < patience.tries; ++i, method = other(method)) {
    if (i > 0) std::this_thread::sleep_for(pause);
    if (i > 0) pause *= 2;
    auto answer = ask_responder({subject.url, *request, method, patience.time_limit});
    if (!answer) {
      proof = fail(answer.error().kind,
                   format("the responder {}: {}", subject.url, answer.error().text));
      continue;
    }
    proof = proof_to_show(*answer, subject, now);
    if (proof) break;
    proof = fail(proof.error().kind,
                 format("the proof of {} is not used: {}", subject.url, proof.error().text));
  }
  return proof;
}

std::string until_text(const OcspProof& proof, WallTime now) {
  return format("good until {} (for {})", to_rfc3339(proof.verdict.next_update),
                duration_text(proof.verdict.next_update - now));
}

Renewed kept(const OcspTarget& target, const OcspProof& proof, WallTime now, const char* why) {
  return {Renewal::Kept, renewal_time(proof, target),
          format("{}: {}, {}", target.proof, why, until_text(proof, now))};
}

}  // namespace

WallTime renewal_time(const OcspProof& proof, const OcspTarget& target) {
  return proof.end() - target.renew_before.value_or(proof.life() / 2);
}

Result<Renewed> renew(const OcspTarget& target, const Patience& patience, WallTime now) {
  auto subject = read_subject(target);
  if (!subject) return tl::unexpected(subject.error());
  if (subject->url.empty())
    return fail(ErrorKind::BadInput, format("{}: the certificate names no OCSP responder; --url "
                                            "can",
                                            target.certificates));
  auto shown = shown_proof(target.proof, *subject, now);
  const bool good = is_good(shown);
  if (good && renewal_time(*shown, target) - patience.early > now)
    return kept(target, *shown, now, "not due");
  auto fetched = fetch(*subject, patience, now);
  if (!fetched)
    return fail(fetched.error().kind, format("{}: {}", target.proof, fetched.error().text));
  if (good && fetched->verdict.next_update <= shown->verdict.next_update)
    return kept(target, *shown, now, "the responder has no newer one");
  auto replaced = replace_file(target.proof, fetched->response);
  if (!replaced) return tl::unexpected(replaced.error());
  return Renewed{Renewal::Replaced, renewal_time(*fetched, target),
                 format("{}: renewed, {}", target.proof, until_text(*fetched, now))};
}

}  // namespace danesmtp::tool
