// SPDX-License-Identifier: GPL-2.0-or-later
// Exim as each role of the bridge reaches it, and its way with texts that are not there.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "bridge/bridge.h"
#include "server/index.h"

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

// As the bridge counts them, without a copy: what is journalled must not wait for memory. Valid as
// long as the vector.
inline const std::size_t* numbers_of(const std::vector<RecipientIndex>& recipients) {
  static_assert(sizeof(RecipientIndex) == sizeof(std::size_t) &&
                std::is_standard_layout_v<RecipientIndex>);
  return reinterpret_cast<const std::size_t*>(recipients.data());
}

}  // namespace danesmtp
