// SPDX-License-Identifier: GPL-2.0-or-later
// How libFuzzer changes an input of steps: one a step, not an octet.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fuzz/step_list.h"

using namespace danesmtp;

namespace {

// The octets of the changed input, as far as there is room.
std::size_t put_changed(ByteView octets, ByteView donor, unsigned seed, std::uint8_t* into,
                        std::size_t limit) {
  fuzz::StepChanger changer(fuzz::kStepTarget.head, fuzz::kStepTarget.words, seed);
  const Bytes changed = changer.changed(octets, donor);
  const std::size_t size = std::min(changed.size(), limit);
  std::copy_n(changed.begin(), size, into);
  return size;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t limit, unsigned seed) {
  return put_changed({data, size}, {data, size}, seed, data, limit);
}

// NOLINTNEXTLINE(readability-function-size): its parameters are libFuzzer's
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data, std::size_t size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* out, std::size_t limit,
                                                 unsigned seed) {
  return put_changed({data, size}, {other, other_size}, seed, out, limit);
}
