// SPDX-License-Identifier: GPL-2.0-or-later
// Resolver over a RecordSource: reads rdata and holds the bounds of one answer (D-013): 64 KiB of
// rdata, 300 MX records. Rdata that is not of its type's form, or more than a bound, is DnsFailure,
// never a shorter answer. TLSA rdata alone is passed on unread (D-066). How far an answer is signed
// is its source's word.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "dns/record_source.h"
#include "dns/resolver.h"
#include "dns/resolver_config.h"

namespace danesmtp {

class RecordResolver final : public Resolver {
 public:
  // Each question ends within `question_time`.
  RecordResolver(std::unique_ptr<RecordSource> source, std::chrono::milliseconds question_time)
      : source_(std::move(source)), question_time_(question_time) {}

  void limit(Deadline deadline) override { limit_ = deadline; }
  void expect_addresses(const DnsName& host, const Next& next) override;

  [[nodiscard]] Result<Answer<MxRecord>> mx(const DnsName& domain) override;
  [[nodiscard]] Result<Answer<std::string>> addresses(const DnsName& host,
                                                      AddressFamily family) override;
  [[nodiscard]] Result<Answer<Bytes>> tlsa(const DnsName& owner) override;
  [[nodiscard]] Result<Answer<DnsName>> cname(const DnsName& name) override;
  [[nodiscard]] Result<Answer<std::string>> txt(const DnsName& name) override;

 private:
  [[nodiscard]] Deadline end_of_question() const;
  [[nodiscard]] Result<Answer<Bytes>> ask(const DnsName& name, RrType type);

  std::unique_ptr<RecordSource> source_;
  std::chrono::milliseconds question_time_;
  std::optional<Deadline> limit_;
};

// The resolver that the settings ask for. Nothing is opened, read or sent before the first
// question.
std::unique_ptr<Resolver> make_resolver(const ResolverSettings& settings,
                                        ResolverSurroundings around = {});

}  // namespace danesmtp
