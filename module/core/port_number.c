/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/port_number.h"

uint16_t danesmtp_port_number(const char* text, size_t length) {
  uint32_t port = 0;
  if (length == 0 || length > 5) return 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') return 0;
    port = port * 10 + (uint32_t)(text[i] - '0');
  }
  return port > 65535 ? 0 : (uint16_t)port;
}
