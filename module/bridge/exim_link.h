// SPDX-License-Identifier: GPL-2.0-or-later
// Exim as each role of the bridge reaches it, and its way with texts that are not there.
#pragma once

#include <string>

#include "bridge/bridge.h"

namespace danesmtp {

// Both are borrowed and outlive the call of the transport.
struct EximLink {
  const danesmtp_services& services;
  void* handle;
};

// NULL reads as empty.
inline std::string text_of(const char* text) {
  return text ? text : "";
}

// Empty is said as NULL. Valid as long as the text.
inline const char* null_if_empty(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

}  // namespace danesmtp
