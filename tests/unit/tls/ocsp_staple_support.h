// SPDX-License-Identifier: GPL-2.0-or-later
// Responses of a lab, about its leaf, and what each is worth.
#pragma once

#include <chrono>
#include <functional>

#include "tls/ocsp_staple.h"
#include "unit/tls/lab_ocsp.h"

#include "unit/check_support.h"

namespace danesmtp::test {

inline constexpr std::chrono::minutes kSkew = kOcspClockSkew;

// One lab for all rows.
struct World : OcspLab {
  LabCertificate delegate = issue(delegate_plan(), &lab.issuer);
  LabCertificate purposeless = issue({.subject = "Lab OCSP"}, &lab.issuer);

  ResponsePlan good() const { return good_response(lab.leaf, lab.issuer); }
  ResponsePlan delegated(const LabCertificate& signer) const {
    auto plan = good();
    plan.signer = &signer;
    plan.certificates = {&signer};
    return plan;
  }
  OcspVerdict ask(ByteView response) const {
    return verify_ocsp({response, lab.leaf.der, lab.issuer.der, kNow});
  }
};

inline const World& world() {
  static const World instance;
  return instance;
}

using Response = std::function<Bytes()>;

// The good response, changed.
inline Response changed(void (*change)(ResponsePlan&)) {
  return [change] {
    auto plan = world().good();
    change(plan);
    return make_response(plan);
  };
}

struct Row {
  const char* name;
  OcspAnswer expected;
  const char* reason;  // a part of it; "": none at all
  Response response;
};

inline void assert_row(const Row& row) {
  auto verdict = world().ask(row.response());
  ck_assert_msg(verdict.answer == row.expected, "%s: another answer (%s)", row.name,
                verdict.reason.c_str());
  ck_assert_msg(verdict.reason.empty() == (*row.reason == '\0'), "%s: \"%s\"", row.name,
                verdict.reason.c_str());
  assert_contains(verdict.reason, row.reason);
}

}  // namespace danesmtp::test
