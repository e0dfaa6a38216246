// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/census.h"

#include <algorithm>

#include "cache/shelves.h"

namespace danesmtp {
namespace {

class Census {
 public:
  Census(const CacheFile& file, const Moment& now,
         const std::function<bool(const Occupant&)>& stays)
      : file_(file), now_(now), stays_(stays) {}

  // False: an entry that was to go is still there.
  bool visit(Shelf shelf) {
    const ShelfPlan plan = plan_of(shelf);
    for (std::uint64_t slot = plan.offset; slot < plan.offset + plan.size(); slot += plan.slot)
      if (!visit(shelf, slot, file_.read(slot, plan.slot))) return false;
    return true;
  }
  std::size_t gone() const { return gone_; }

 private:
  bool visit(Shelf shelf, std::uint64_t offset, const Bytes& slot) {
    const auto entry = entry_in(shelf, slot);
    const std::int64_t left = entry ? entry->left(now_) : 0;
    if (left <= 0 || stays_({shelf, entry->key, entry->value, std::chrono::seconds(left)}))
      return true;
    ++gone_;
    return wipe_slot(file_, offset);
  }

  const CacheFile& file_;
  const Moment& now_;
  const std::function<bool(const Occupant&)>& stays_;
  std::size_t gone_ = 0;
};

}  // namespace

Result<std::size_t> go_through(const CacheFile& file,
                               const std::function<bool(const Occupant&)>& stays) {
  const auto now = this_moment();
  if (!now) return fail(ErrorKind::Io, "the system does not tell its boot");
  Census census(file, *now, stays);
  if (!census.visit(Shelf::Answers) || !census.visit(Shelf::Sessions))
    return fail(ErrorKind::Io, "an entry cannot be removed");
  return census.gone();
}

}  // namespace danesmtp
