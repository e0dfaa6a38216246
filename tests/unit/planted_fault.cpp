// SPDX-License-Identifier: GPL-2.0-or-later
// A program that does what it must not, so that a build with sanitizers shows that it would see it:
//   planted_fault race    two threads write, and nothing says who is first
//   planted_fault leak    memory that nobody knows any longer
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

namespace {

int written;
std::vector<int>* forgotten;

void race() {
  std::thread other([] { written = 1; });
  written = 2;
  other.join();
}

// Several: the last one may still be in a register when the program ends.
void leak() {
  for (int i = 0; i < 10; ++i)
    forgotten = new std::vector<int>(100);  // NOLINT(cppcoreguidelines-owning-memory): the fault
  forgotten = nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view fault = argc > 1 ? argv[1] : "";
  if (fault == "race") race();
  if (fault == "leak") leak();
  std::printf("%d\n", written);
  return 0;
}
