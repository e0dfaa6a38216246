// SPDX-License-Identifier: GPL-2.0-or-later
// A verdict as the tool says it, in text and in JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dane/dane_verify.h"

namespace danesmtp::tool {

// Unusable: there are records but none that SMTP can use, which makes TLS mandatory (D-021).
// NoRecords: the DNS has none, so TLS is opportunistic (D-022); a list of records that is empty is
// Unusable to judge(), which does not know what the DNS has.
enum class Judged { Authenticated, Failed, Unusable, NoRecords };

struct Judgement {
  Judged judged = Judged::Failed;
  DaneVerdict verdict;
};

Judgement judge(const DaneQuestion& question);

// `why`: there are no records.
Judgement judge_without_records(const std::string& why);

// {"verdict", "matched", "depth", "reason"}; what does not apply is null.
nlohmann::json to_json(const Judgement& judgement);

// The same and "name", "failure" (RFC 8460 4.3) and "details".
nlohmann::json to_full_json(const Judgement& judgement);

// A verdict that is not of `judge`, as to_full_json() has it.
nlohmann::json dane_json(const DaneVerdict& verdict);

// Several lines, the last with its newline.
std::string to_report(const Judgement& judgement);

}  // namespace danesmtp::tool
