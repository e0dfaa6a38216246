// SPDX-License-Identifier: GPL-2.0-or-later
// A source that asks another one only what no process has asked it lately. An answer is kept with
// its state for its TTL, which is never beyond the end of its signatures (RFC 4035 5.3.3), and an
// hour at most; a failure for a moment, so that a queue run does not ask for each message again.
// Whatever the store does not know is asked.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cache/store.h"
#include "dns/record_source.h"

namespace danesmtp {

class CachedSource final : public RecordSource {
 public:
  // `identity`: of `source`, as by resolver_identity(). `silence`: how long it is kept that no
  // answer came in time.
  CachedSource(Store& store, Bytes identity, std::unique_ptr<RecordSource> source,
               std::chrono::seconds silence = std::chrono::seconds(0))
      : store_(store),
        identity_(std::move(identity)),
        source_(std::move(source)),
        silence_(silence) {}

  [[nodiscard]] Result<Answer<Bytes>> ask(const DnsName& name, RrType type,
                                          Deadline deadline) override;
  void expect(const DnsName& name, RrType type, const Next& next, Deadline deadline) override;

 private:
  [[nodiscard]] std::optional<Result<Answer<Bytes>>> kept(const DnsName& name, RrType type) const;
  [[nodiscard]] Bytes key(const DnsName& name, RrType type) const;

  Store& store_;
  Bytes identity_;
  std::unique_ptr<RecordSource> source_;
  std::chrono::seconds silence_;
};

// What an entry of the store answers.
struct CachedQuestion {
  RrType type{};
  std::string name;  // as DnsName::text()
};

// Nothing: the key is not of a CachedSource.
std::optional<CachedQuestion> question_of(ByteView key);

}  // namespace danesmtp
