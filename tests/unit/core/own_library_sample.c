/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>

const struct {
  uint32_t version;
  uint32_t size;
  uint32_t content;
} own_library_sample = {7, 12, 4711};
