// SPDX-License-Identifier: GPL-2.0-or-later
// OCSP responses that are signed, by whom they may be or by another, about some certificates, at
// some times: what must come of each is known. RFC 6960 3.2 and 4.2, D-122, D-123, D-128; `ocsp`
// goes on trying octets. Input: octets of choice, one after the other (plan_of).
#include <algorithm>
#include <array>

#include "fuzz/fuzz_support.h"
#include "tls/ocsp_policy.h"
#include "unit/tls/lab_ocsp.h"

using namespace danesmtp;
using namespace danesmtp::test;
using fuzz::must;

namespace {

constexpr const char* kNonce = "1.3.6.1.5.5.7.48.1.2";
constexpr std::chrono::minutes kSkew{5};
constexpr std::size_t kMostAnswers = 16, kMostCertificates = 8;

const WallTime kIssuerUntil = kNow + 10 * kDay, kDelegateUntil = kNow + 9 * kDay;

enum Signer : std::size_t {
  kIssuer,
  kDelegate,
  // No other may: RFC 6960 4.2.2.2.
  kOtherCa,  // of the issuer's name
  kUpper,
  kServer,
  kNoPurpose,
  kAnyPurpose,
  kForServers,
  kEncrypts,
  kEnded,
  kLater,
  kWeak,  // certified by a SHA-1 signature
  kOfUpper,
  kOfOtherCa,
  kSigners
};

struct World : OcspLab {
  std::array<LabCertificate, kSigners> delegates;

  World() {
    for (auto which : {kDelegate, kNoPurpose, kAnyPurpose, kForServers, kEncrypts, kEnded, kLater,
                       kWeak, kOfUpper, kOfOtherCa})
      delegates[which] = issue(plan_of(which), &ca_of(which));
  }
  const LabCertificate& of(Signer which) const {
    if (which == kIssuer) return lab.issuer;
    if (which == kUpper) return lab.upper;
    if (which == kServer) return lab.leaf;
    return which == kOtherCa ? other_ca : delegates[which];
  }

 private:
  const LabCertificate& ca_of(Signer which) const {
    if (which == kOfUpper) return lab.upper;
    return which == kOfOtherCa ? other_ca : lab.issuer;
  }
  static CertificatePlan plan_of(Signer which) {
    CertificatePlan plan = delegate_plan();
    if (which == kNoPurpose) plan.purpose.clear();
    if (which == kAnyPurpose) plan.purpose = GNUTLS_KP_ANY;
    if (which == kForServers) plan.purpose = GNUTLS_KP_TLS_WWW_SERVER;
    if (which == kEncrypts) plan.key_usage = GNUTLS_KEY_KEY_ENCIPHERMENT;
    if (which == kDelegate) plan.until = kDelegateUntil;
    if (which == kEnded) plan.until = kNow - kMore;
    if (which == kLater) plan.from = kNow + kMore;
    if (which == kWeak) plan.hash = GNUTLS_DIG_SHA1;
    return plan;
  }
};

const World& world() {
  static const World made;
  return made;
}

enum class About { Ours, OtherLeaf, OtherSerial, OtherName, OtherKey };
constexpr int kAbouts = 5;

struct Plan {
  ResponsePlan response;
  Signer signer;
  Signer other;  // sent along so often, before the signer's; kIssuer: the root
  std::size_t others;
  bool sent;  // the signer's
};

SingleResponse subject(About about) {
  SingleResponse single{&world().lab.leaf, &world().lab.issuer};
  if (about == About::OtherLeaf) single.certificate = &world().other_leaf;
  if (about == About::OtherSerial) single.serial = {9, 9};
  if (about == About::OtherName) single.issuer_name = {0x30, 0};
  if (about == About::OtherKey) single.issuer = &world().other_ca;
  return single;
}

bool is_ours(const SingleResponse& said) {
  return said.certificate == &world().lab.leaf && said.issuer == &world().lab.issuer &&
         said.serial.empty() && said.issuer_name.empty();
}

SingleResponse single_of(fuzz::Input& input) {
  auto single = subject(static_cast<About>(input.octet() % kAbouts));
  const auto how = input.octet();
  single.status = static_cast<SingleStatus>(how % 3);
  if (how % 2 != 0) single.hash = OcspHash::Sha256;
  constexpr std::chrono::hours kHour{1};
  const std::array from{kNow - kHour, kNow + kSkew, kNow + kSkew + kMore};
  const std::array<std::optional<WallTime>, 4> until{kNow + kHour, std::nullopt, kNow - kSkew,
                                                     kNow - kSkew - kMore};
  const auto when = input.octet();
  single.this_update = from[when % from.size()];
  single.next_update = until[when / 3 % until.size()];
  return single;
}

Plan plan_of(fuzz::Input& input) {
  Plan plan{};
  plan.signer = static_cast<Signer>(input.octet() % kSigners);
  const auto sends = input.octet();
  plan.sent = sends % 2 != 0;
  plan.others = sends / 2 % 10;
  plan.other = std::array{kIssuer, kDelegate, kNoPurpose}[sends / 20 % 3];
  const auto form = input.octet();
  if (form % 8 == 7) plan.response.status = 1 + form / 8 % 7;
  if (form % 8 == 6) plan.response.hash = GNUTLS_DIG_SHA1;
  if (form % 8 == 5) plan.response.extension = form / 8 % 2 != 0 ? kNonce : "1.2.3.4";
  plan.response.critical = form / 16 % 2 != 0;
  auto& singles = plan.response.singles;
  while (!input.empty() && singles.size() < kMostAnswers + 1) singles.push_back(single_of(input));
  return plan;
}

Bytes made(Plan& plan) {
  auto& response = plan.response;
  response.signer = &world().of(plan.signer);
  const auto& other = plan.other == kIssuer ? world().lab.root : world().of(plan.other);
  response.certificates.assign(plan.others, &other);
  if (plan.sent) response.certificates.push_back(response.signer);
  return make_response(response);
}

bool may_be_believed(const Plan& plan) {
  const auto& response = plan.response;
  if (response.hash == GNUTLS_DIG_SHA1) return false;
  if (plan.signer == kIssuer) return true;
  const bool came = plan.sent || (plan.others > 0 && plan.other == plan.signer);
  return plan.signer == kDelegate && came && response.certificates.size() <= kMostCertificates;
}

// Of this time, five minutes of difference between the clocks allowed for.
bool is_of_this_time(const SingleResponse& said) {
  return said.next_update && *said.next_update >= said.this_update &&
         said.this_update <= kNow + kSkew && *said.next_update >= kNow - kSkew;
}

OcspAnswer answer_of(SingleStatus status) {
  if (status == SingleStatus::Good) return OcspAnswer::Good;
  return status == SingleStatus::Revoked ? OcspAnswer::Revoked : OcspAnswer::Unknown;
}

OcspAnswer said_of_ours(const Plan& plan) {
  std::array<bool, 3> seen{};
  for (const auto& said : plan.response.singles)
    if (is_ours(said) && is_of_this_time(said)) seen[static_cast<std::size_t>(said.status)] = true;
  if (seen[static_cast<std::size_t>(SingleStatus::Revoked)]) return OcspAnswer::Revoked;
  if (seen[static_cast<std::size_t>(SingleStatus::Unknown)]) return OcspAnswer::Unknown;
  return seen[static_cast<std::size_t>(SingleStatus::Good)] ? OcspAnswer::Good
                                                            : OcspAnswer::Invalid;
}

OcspAnswer expected_of(const Plan& plan) {
  const auto& response = plan.response;
  if (response.status != 0)  // RFC 6960 4.2.1: 4 is not used, 6 is the last
    return response.status == 4 || response.status > 6 ? OcspAnswer::Invalid : OcspAnswer::Absent;
  if (response.critical && response.extension == "1.2.3.4") return OcspAnswer::Invalid;
  if (!may_be_believed(plan) || response.singles.size() > kMostAnswers) return OcspAnswer::Invalid;
  return said_of_ours(plan);
}

// It is what a single answer of this time says about our certificate.
bool is_said(const OcspVerdict& verdict, const Plan& plan) {
  const auto& singles = plan.response.singles;
  return std::any_of(singles.begin(), singles.end(), [&](const SingleResponse& said) {
    return is_ours(said) && is_of_this_time(said) && answer_of(said.status) == verdict.answer &&
           said.this_update == verdict.this_update && said.next_update == verdict.next_update;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  auto plan = plan_of(input);
  const Bytes response = made(plan);
  const auto& leaf = world().lab.leaf.der;
  const auto verdict = verify_ocsp({response, leaf, world().lab.issuer.der, kNow});
  must(verdict.answer == expected_of(plan));
  must(verdict.reason.empty() == (verdict.answer == OcspAnswer::Good));
  const bool answered =
      verdict.answer != OcspAnswer::Absent && verdict.answer != OcspAnswer::Invalid;
  if (answered) must(is_said(verdict, plan));
  if (answered)
    must(verdict.signer_until == (plan.signer == kIssuer ? kIssuerUntil : kDelegateUntil));
  const auto ruling =
      rule_on_leaf(OcspWish::Required, AuthenticatedBy::DaneTa, {verdict, is_must_staple(leaf)});
  must(ruling.refusal.empty() == (verdict.answer == OcspAnswer::Good));
  return 0;
}
