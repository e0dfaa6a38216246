// SPDX-License-Identifier: GPL-2.0-or-later
// All findings together: what will happen to mail, and the forms in which it is told. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "../colour.h"
#include "exim_text.h"
#include "finding.h"

namespace danesmtp::tool {

const char* health_word(Health health);  // "ok", "warning", "failure"

struct Diagnosis {
  Findings findings;
  std::string mail;  // what will happen to it, in plain words

  Health health() const;  // that of the worst
};

// Why a delivery of this machine could go otherwise than with DANE.
struct Prospect {
  bool exim = false;           // there is one, it loads transports
  bool module = false;         // the module fits, and its libraries are whole
  bool configuration = false;  // Exim takes it
  bool resolves = false;       // what the DNS says is validated
  std::vector<EximTransport> transports;
  bool awaits_policies = false;  // the daemon of MTA-STS is down, and mail waits for it
};

std::string mail_prospect(const Prospect& prospect);

std::string to_text(const Diagnosis& diagnosis, Colour colour);
nlohmann::json to_json(const Diagnosis& diagnosis);
// What a monitoring plugin says behind "DANE OK - ", with performance data.
std::string to_plugin_text(const Diagnosis& diagnosis);

}  // namespace danesmtp::tool
