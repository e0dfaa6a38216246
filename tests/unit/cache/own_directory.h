// SPDX-License-Identifier: GPL-2.0-or-later
// A directory of the test's own, removed with all that is in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "unit/check_support.h"

namespace danesmtp::test {

class OwnDirectory {
 public:
  OwnDirectory() {
    char name[] = "/tmp/danesmtp_cache_XXXXXX";
    ck_assert(mkdtemp(name) != nullptr);
    path = name;
  }
  ~OwnDirectory() { std::filesystem::remove_all(path); }
  OwnDirectory(const OwnDirectory&) = delete;
  OwnDirectory& operator=(const OwnDirectory&) = delete;

  std::string file(const char* name = "cache") const { return path + "/" + name; }

  std::string path;
};

inline std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace danesmtp::test
