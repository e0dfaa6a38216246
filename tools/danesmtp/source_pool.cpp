// SPDX-License-Identifier: GPL-2.0-or-later
#include "source_pool.h"

#include <algorithm>
#include <thread>

#include "dns/unbound_source.h"

namespace danesmtp::tool {
namespace {

constexpr unsigned kMost = 4;  // some 10 MiB each

unsigned sources_for(unsigned workers) {
  const unsigned processors = std::max(std::thread::hardware_concurrency(), 1U);
  return std::min({workers, processors, kMost});
}

}  // namespace

SourcePool::SourcePool(const ResolverSettings& settings, unsigned workers) : settings_(settings) {
  for (unsigned i = 0; i < sources_for(workers); ++i)
    sources_.push_back(std::make_shared<UnboundSource>(settings_, ResolverSurroundings{}));
}

SourcePool::Source SourcePool::source(unsigned worker) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return place(worker);
}

SourcePool::Source SourcePool::renewed(unsigned worker, const Source& useless) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Source& source = place(worker);
  if (source == useless)
    source = std::make_shared<UnboundSource>(settings_, ResolverSurroundings{});
  return source;
}

}  // namespace danesmtp::tool
