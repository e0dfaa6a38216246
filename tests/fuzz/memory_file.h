// SPDX-License-Identifier: GPL-2.0-or-later
// A file of this process alone, for what is read from one.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "fuzz/fuzz_support.h"
#include "net/unique_fd.h"

namespace danesmtp::fuzz {

class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("input", MFD_CLOEXEC)) { must(fd_.get() >= 0); }

  int fd() const { return fd_.get(); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd()); }
  void set(std::string_view content) const {
    must(::ftruncate(fd(), 0) == 0);
    must(::pwrite(fd(), content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
  }

 private:
  UniqueFd fd_;
};

}  // namespace danesmtp::fuzz
