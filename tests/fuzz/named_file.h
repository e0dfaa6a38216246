// SPDX-License-Identifier: GPL-2.0-or-later
// A file that is opened by its name, in a directory that goes with the process.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "fuzz/fuzz_support.h"

namespace danesmtp::fuzz {

class NamedFile {
 public:
  NamedFile() : directory_(std::filesystem::temp_directory_path() / "kept_file.XXXXXX") {
    must(::mkdtemp(directory_.data()));
  }
  ~NamedFile() {
    remove();
    ::rmdir(directory_.c_str());
  }
  NamedFile(const NamedFile&) = delete;
  NamedFile& operator=(const NamedFile&) = delete;

  std::string path() const { return directory_ + "/kept"; }
  void remove() const { ::unlink(path().c_str()); }
  void set(std::string_view content) const {
    remove();
    std::ofstream(path(), std::ios::binary) << content;
    must(::chmod(path().c_str(), 0600) == 0);
  }
  std::string content() const {
    std::ostringstream octets;
    octets << std::ifstream(path(), std::ios::binary).rdbuf();
    return octets.str();
  }

 private:
  std::string directory_;
};

}  // namespace danesmtp::fuzz
