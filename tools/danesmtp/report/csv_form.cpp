// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/format.h"
#include "report_forms.h"

namespace danesmtp::tool {
namespace {

// A spreadsheet takes a cell that begins so for a formula, in quotes too; behind an apostrophe it
// does not.
bool may_be_formula(const std::string& text) {
  return text.find_first_of("=+-@\t\r|%") == 0;
}

std::string cell(const std::string& text) {
  std::string quoted = may_be_formula(text) ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string report_as_csv(const MailReport& report) {
  std::string csv = "day,domain";
  for (std::size_t i = 0; i < kCounts; ++i) csv += format(",{}", count_word(static_cast<Count>(i)));
  csv += "\r\n";
  for (const auto& row : report.domain_days) {
    csv += cell(row.day) + "," + cell(row.domain);
    for (std::size_t i = 0; i < kCounts; ++i)
      csv += format(",{}", row.counts[static_cast<Count>(i)]);
    csv += "\r\n";
  }
  return csv;
}

}  // namespace danesmtp::tool
