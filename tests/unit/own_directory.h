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

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

class OwnDirectory {
 public:
  OwnDirectory() {
    char name[] = "/tmp/danesmtp_test_XXXXXX";
    ck_assert(mkdtemp(name) != nullptr);
    path = name;
  }
  ~OwnDirectory() { std::filesystem::remove_all(path); }
  OwnDirectory(const OwnDirectory&) = delete;
  OwnDirectory& operator=(const OwnDirectory&) = delete;

  std::string file(const char* name = "file") const { return path + "/" + name; }

  // Of a file with this text, which is written now.
  std::string file(const char* name, const std::string& text) const {
    write_file(file(name), text);
    return file(name);
  }

  std::string path;
};

inline std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace danesmtp::test
