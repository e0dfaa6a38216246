// SPDX-License-Identifier: GPL-2.0-or-later
// A part of the core library for tests that does what it must not, once in each process that opens
// it: what, the file "fault" beside the library says. Does whoever watches the process see it? The
// library that is installed has nothing of this.
#include <dlfcn.h>

#include <climits>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

namespace {

std::string fault_named_beside(const void* function) {
  Dl_info here{};
  if (dladdr(function, &here) == 0) return {};
  std::string path = here.dli_fname;
  path.replace(path.rfind('/') + 1, std::string::npos, "fault");
  std::string name;
  std::ifstream(path) >> name;
  return name;
}

// Read at run time, so that no compiler sees what comes of it.
volatile int one = 1;
volatile std::size_t eight = 8;

int octet_after_the_last() {
  const std::unique_ptr<char[]> octets(new char[8]{});
  return octets[eight];
}

int more_than_the_most() {
  return INT_MAX + one;
}

__attribute__((constructor)) void commit_fault() {
  const std::string fault = fault_named_beside(reinterpret_cast<const void*>(&commit_fault));
  if (fault == "address" && octet_after_the_last() != 0)
    std::fputs("an octet of another\n", stderr);
  if (fault == "undefined" && more_than_the_most() != 0)
    std::fputs("a number of another\n", stderr);
}

}  // namespace
