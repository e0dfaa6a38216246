// SPDX-License-Identifier: GPL-2.0-or-later
// The forms of a report. What is in it comes from strangers: each form quotes it as that form
// needs.
#pragma once

#include <string>

#include "mail_report.h"

namespace danesmtp::tool {

// `top`: how many domains, audits and hosts are told by name.
std::string report_as_text(const MailReport& report, std::size_t top);

// One object (doc/json-schema.md), with everything by name, and its newline.
std::string report_as_json(const MailReport& report);

// A row for each day and domain (RFC 4180). No cell is taken for a formula by a spreadsheet.
std::string report_as_csv(const MailReport& report);

// One page that needs nothing else: no network, no script.
std::string report_as_html(const MailReport& report, std::size_t top);

// For the textfile collector of node_exporter.
std::string report_as_prometheus(const MailReport& report, std::size_t top);

}  // namespace danesmtp::tool
