// SPDX-License-Identifier: GPL-2.0-or-later
// The text format of Prometheus, which textfile collectors read.
#pragma once

#include <string>

namespace danesmtp::tool {

// `name="value"`, the value quoted.
std::string label(const char* name, const std::string& value);

// A gauge with its samples, which the format wants together; "" without any.
std::string metric(const char* name, const char* help, const std::string& samples);

}  // namespace danesmtp::tool
