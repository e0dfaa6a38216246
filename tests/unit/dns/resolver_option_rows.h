// SPDX-License-Identifier: GPL-2.0-or-later
// The rows of resolver_options.txt, which says what the columns mean.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/resolver_config.h"

namespace danesmtp::test {

struct OptionRow {
  std::string line;
  std::optional<std::string> resolver, dnssec, trust_anchor_file;  // none: not set
  std::string result;                                              // "auto validate"; "": refused
  std::string refusal;                                             // part of the message
};

inline std::optional<std::string> option_value(std::string column) {
  if (column == "-") return std::nullopt;
  if (column == "\"\"") return "";
  for (std::size_t at; (at = column.find("\\n")) != std::string::npos;) column.replace(at, 2, "\n");
  return column;
}

inline OptionRow option_row(const std::string& line) {
  constexpr std::string_view kBetween = " | ";
  std::vector<std::string> columns{""};
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (columns.size() < 4 && line.compare(at, kBetween.size(), kBetween) == 0) {
      columns.emplace_back();
      at += kBetween.size() - 1;
    } else {
      columns.back() += line[at];
    }
  }
  columns.resize(4);
  OptionRow row{line,
                option_value(columns[0]),
                option_value(columns[1]),
                option_value(columns[2]),
                columns[3],
                ""};
  constexpr std::string_view kRefused = "refused: ";
  if (row.result.compare(0, kRefused.size(), kRefused) == 0) {
    row.refusal = row.result.substr(kRefused.size());
    row.result.clear();
  }
  return row;
}

inline const std::vector<OptionRow>& option_rows() {
  static const std::vector<OptionRow> rows = [] {
    std::vector<OptionRow> read;
    std::ifstream file(RESOLVER_OPTIONS);
    for (std::string line; std::getline(file, line);)
      if (!line.empty() && line[0] != '#') read.push_back(option_row(line));
    return read;
  }();
  return rows;
}

// For the core an option that is not set is an empty text.
inline ResolverOptions core_options(const OptionRow& row) {
  return {row.resolver.value_or(""), row.dnssec.value_or(""), row.trust_anchor_file.value_or("")};
}

}  // namespace danesmtp::test
