// SPDX-License-Identifier: GPL-2.0-or-later
// The file of dane_cache: looked at as `danesmtp cache stat` does, and what is to be said of it.
// Whatever is wrong with it, mail goes on: each delivery then asks by itself.
#pragma once

#include <cstdint>
#include <string>

#include "finding.h"

namespace danesmtp::tool {

struct CacheFacts {
  std::string file;  // empty: dane_cache is
  bool there = false;
  std::string owner;
  std::string user;  // that deliveries run as; empty: not known
  unsigned mode = 0;
  std::uint64_t size = 0;   // octets
  std::size_t entries = 0;  // that are still used
  std::string trouble;      // why it cannot be read, or is not used; empty: it is
};

CacheFacts examine_cache(const std::string& file, const std::string& user);

Finding judge_cache(const CacheFacts& facts);

}  // namespace danesmtp::tool
