// SPDX-License-Identifier: GPL-2.0-or-later
// What `danesmtp check` found, as text and as JSON. doc/json-schema.md describes the JSON; whatever
// takes a member away or changes its meaning increments kSchema.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "advice.h"
#include "colour.h"
#include "probe.h"

namespace danesmtp::tool {

inline constexpr int kSchema = 1;

// In this order the worse one of two states is the later one.
enum class State { Ok, Warning, Unknown, Critical };

const char* state_word(State state);       // "ok", "warning", "unknown", "critical"
const char* fate_word(Fate fate);          // "dane", "verified", ...
const char* ocsp_word(OcspResult result);  // "verified", "no-response", ...

struct Checked {
  Report report;
  std::vector<Advice> advice;
  State state = State::Unknown;
  WallTime at;
};

// Mail does not get there: it waits, or goes back.
bool is_lost(Fate fate);

// What was seen is this machine's trouble: its resolver, or the name that it says in EHLO.
bool cannot_tell(const Report& report);

// Critical: mail does not get there. Unknown: this machine cannot tell. Warning: some advice is
// one.
Checked judge_report(Report report, WallTime now, int warn_days);

// What was given names no target: nothing is known of it, and `why` is the reason.
Checked bad_target(const std::string& text, const std::string& why, WallTime now);

// One line: what becomes of mail, and where it goes.
std::string summary(const Checked& checked);

nlohmann::json to_json(const Checked& checked);

// Several lines, the last with its newline.
std::string to_text(const Checked& checked, Colour colour);

}  // namespace danesmtp::tool
