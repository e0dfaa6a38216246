// SPDX-License-Identifier: GPL-2.0-or-later
#include "prometheus_text.h"

#include "core/format.h"

namespace danesmtp::tool {

std::string label(const char* name, const std::string& value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c;
  }
  return format("{}=\"{}\"", name, escaped);
}

std::string metric(const char* name, const char* help, const std::string& samples) {
  return samples.empty() ? ""
                         : format("# HELP {0} {1}\n# TYPE {0} gauge\n{2}", name, help, samples);
}

}  // namespace danesmtp::tool
