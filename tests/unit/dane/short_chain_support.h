// SPDX-License-Identifier: GPL-2.0-or-later
// Questions about a chain of two, leaf and issuer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "unit/dane/verdict_case.h"

namespace danesmtp::test {

// The chain up to the issuer, and a record of this form for the leaf (usage 3) or the issuer.
inline Asked short_chain_of(const LabPlans& plans, const char* form,
                            std::vector<std::string> names = {"mx.lab"}) {
  Lab lab(plans);
  const Bytes& subject = form[0] == '3' ? lab.leaf.der : lab.issuer.der;
  return {{lab.leaf.der, lab.issuer.der}, {record_for(form, subject)}, std::move(names)};
}

// The same, changed.
inline Asked short_chain(const char* form, void (*change)(LabPlans&) = nullptr,
                         std::vector<std::string> names = {"mx.lab"}) {
  LabPlans plans;
  if (change != nullptr) change(plans);
  return short_chain_of(plans, form, std::move(names));
}

inline Asked wrong_digest(const char* form) {
  Asked asked = short_chain(form);
  asked.records[0].data.back() ^= 1;
  return asked;
}

}  // namespace danesmtp::test
