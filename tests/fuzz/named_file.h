// SPDX-License-Identifier: GPL-2.0-or-later
// A file that is opened by its name, in a directory that goes when the process ends well.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "fuzz/fuzz_support.h"
#include "net/unique_fd.h"

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
  // False: there is none.
  bool write(std::uint64_t offset, ByteView octets) const {
    const UniqueFd file(::open(path().c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return false;
    const auto at = static_cast<off_t>(offset);
    must(::pwrite(file.get(), octets.data(), octets.size(), at) ==
         static_cast<ssize_t>(octets.size()));
    return true;
  }
  // What is there of it.
  Bytes read(std::uint64_t offset, std::size_t size) const {
    Bytes octets(size);
    const UniqueFd file(::open(path().c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t got = ::pread(file.get(), octets.data(), size, static_cast<off_t>(offset));
    octets.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return octets;
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
