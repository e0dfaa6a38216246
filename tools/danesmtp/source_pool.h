// SPDX-License-Identifier: GPL-2.0-or-later
// A few validating sources for many workers: each has caches and a thread of its own, so there is
// one a processor and not one a worker.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "dns/record_source.h"
#include "dns/resolver_config.h"

namespace danesmtp::tool {

class SourcePool {
 public:
  using Source = std::shared_ptr<RecordSource>;

  // For so many workers.
  SourcePool(const ResolverSettings& settings, unsigned workers);

  // Of the worker with this number. Nothing is opened before its first question.
  Source source(unsigned worker);
  // In the place of one that is of no use; by whoever says so first.
  Source renewed(unsigned worker, const Source& useless);

 private:
  Source& place(unsigned worker) { return sources_[worker % sources_.size()]; }

  const ResolverSettings& settings_;
  std::mutex mutex_;
  std::vector<Source> sources_;
};

// What one worker asks.
class PooledSource final : public RecordSource {
 public:
  PooledSource(SourcePool& pool, unsigned worker)
      : pool_(pool), worker_(worker), source_(pool.source(worker)) {}

  [[nodiscard]] Result<Answer<Bytes>> ask(const DnsName& name, RrType type,
                                          Deadline deadline) override {
    return source_->ask(name, type, deadline);
  }
  void expect(const DnsName& name, RrType type, const Next& next, Deadline deadline) override {
    source_->expect(name, type, next, deadline);
  }
  // It could not be opened, and would say so for ever.
  void renew() { source_ = pool_.renewed(worker_, source_); }

 private:
  SourcePool& pool_;
  unsigned worker_;
  SourcePool::Source source_;
};

}  // namespace danesmtp::tool
