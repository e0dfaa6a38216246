// SPDX-License-Identifier: GPL-2.0-or-later
// unbound.so stands beside the library that this is linked into.
#include <malloc.h>

#include <climits>

#include "core/format.h"
#include "core/own_library.h"
#include "dns/unbound_library.h"

namespace danesmtp {
namespace {

constexpr danesmtp_own_library kWanted{"resolver library",
                                       DANESMTP_UNBOUND_SYMBOL,
                                       {DANESMTP_UNBOUND_VERSION, sizeof(danesmtp_unbound_table)}};

tl::unexpected<Error> unusable(std::string_view why) {
  return fail_for_operator(ErrorKind::DnsFailure, format("danesmtp: {}", why));
}

// A pool of its own would cost libunbound's thread more than all that it asks for from it.
void share_memory_with_thread() {
#ifdef M_ARENA_MAX  // glibc
  ::mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace

Result<const UnboundTable*> unbound_library() {
  static const UnboundTable* opened = nullptr;
  if (opened) return opened;
  char path[PATH_MAX];
  char problem[512];
  if (!danesmtp_path_beside(&kWanted, "unbound.so", path, sizeof(path)))
    return unusable("cannot tell where its resolver library is");
  const void* found = danesmtp_open_library(path, &kWanted, problem, sizeof(problem));
  if (!found) return unusable(problem);
  const auto* table = static_cast<const UnboundTable*>(found);
  if (table->result_size != sizeof(ub_result))
    return unusable(format("{} is for another libunbound", path));
  share_memory_with_thread();
  return opened = table;
}

}  // namespace danesmtp
