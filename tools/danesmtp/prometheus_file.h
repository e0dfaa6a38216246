// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp check --prometheus FILE`: a file for the textfile collector of node_exporter. The file
// is put in place in one step, so that a half-written one is never read.
#pragma once

#include <set>
#include <string>

#include "check_report.h"

namespace danesmtp::tool {

class PrometheusFile {
 public:
  // A target that is there already is passed over: a series must not be there twice.
  void add(const Checked& checked);

  // Replaces `path`. Io, naming it, when that cannot be done; then the old file is as it was.
  [[nodiscard]] Result<void> write(const std::string& path) const;

 private:
  std::string text() const;

  std::set<std::string> targets_;
  // The samples of each metric; the format wants them together.
  std::string states_, outcomes_, authenticated_, ends_, seconds_, times_;
};

}  // namespace danesmtp::tool
