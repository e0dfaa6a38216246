// SPDX-License-Identifier: GPL-2.0-or-later
#include "fakes/failing_allocation.h"

#include <cstdlib>
#include <new>

namespace danesmtp::test {

thread_local long allocations_left = -1;

}  // namespace danesmtp::test

using danesmtp::test::allocations_left;

void* operator new(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

// As the C++ library's own does; AddressSanitizer's would not, and is not freed by free(3).
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
