// SPDX-License-Identifier: GPL-2.0-or-later
// A part of the core library for tests that makes memory run out: after so many allocations in a
// process as the file "allocations" beside the library says. The library that is installed has
// nothing of this.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "fakes/failing_allocation.h"

namespace {

__attribute__((constructor)) void read_limit() {
  Dl_info here{};
  if (dladdr(reinterpret_cast<void*>(&read_limit), &here) == 0) return;
  std::string path = here.dli_fname;
  path.replace(path.rfind('/') + 1, std::string::npos, "allocations");
  if (std::FILE* file = std::fopen(path.c_str(), "r")) {
    long limit = -1;
    if (std::fscanf(file, "%ld", &limit) == 1) danesmtp::test::allocations_left = limit;
    std::fclose(file);
  }
}

}  // namespace
