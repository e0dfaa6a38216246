// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/cached_source.h"

#include <algorithm>

#include "dns/answer_record.h"
#include "dns/resolver_identity.h"

namespace danesmtp {
namespace {

constexpr std::size_t kType = 2;  // octets
constexpr std::chrono::hours kLongest{1};
constexpr std::chrono::seconds kFailure{3};

// D-011. An error of the DNS is kept; not one of this process or machine. `at_end`: of an error
// when the time is over, which need not be the DNS's.
std::chrono::seconds time_to_keep(const Result<Answer<Bytes>>& said, Deadline deadline,
                                  std::chrono::seconds at_end) {
  if (said) return std::min<std::chrono::seconds>(std::chrono::seconds(said->ttl), kLongest);
  const auto& error = said.error();
  const bool of_dns = error.kind == ErrorKind::DnsBogus || error.kind == ErrorKind::DnsFailure;
  if (!of_dns || error.for_operator) return std::chrono::seconds(0);
  return deadline.passed() ? at_end : kFailure;
}

}  // namespace

// The resolver, the type and the name.
Bytes CachedSource::key(const DnsName& name, RrType type) const {
  Bytes key = identity_;
  append_number(key, static_cast<std::uint16_t>(type), kType);
  const auto text = as_bytes(name.text());
  key.insert(key.end(), text.begin(), text.end());
  return key;
}

std::optional<Result<Answer<Bytes>>> CachedSource::kept(const DnsName& name, RrType type) const {
  const auto entry = store_.find(Shelf::Answers, key(name, type));
  if (!entry) return std::nullopt;
  return said_by(entry->value, static_cast<std::uint32_t>(entry->left.count()));
}

// What the store knows is not asked, nor what it knows of the next step.
void CachedSource::expect(const DnsName& name, RrType type, const Next& next, Deadline deadline) {
  const auto unknown_next = [this, next](const Answer<Bytes>& answer) -> std::optional<DnsName> {
    auto owner = next ? next(answer) : std::nullopt;
    return owner && !kept(*owner, RrType::Tlsa) ? owner : std::nullopt;
  };
  const auto known = kept(name, type);
  if (!known) return source_->expect(name, type, unknown_next, deadline);
  if (!*known) return;
  if (const auto owner = unknown_next(**known)) source_->expect(*owner, RrType::Tlsa, {}, deadline);
}

Result<Answer<Bytes>> CachedSource::ask(const DnsName& name, RrType type, Deadline deadline) {
  if (auto said = kept(name, type)) return *std::move(said);
  auto said = source_->ask(name, type, deadline);
  const auto time = time_to_keep(said, deadline, silence_);
  if (time.count() <= 0) return said;
  if (const auto record = record_of(said); !record.empty())
    store_.keep(Shelf::Answers, key(name, type), record, time);
  return said;
}

std::optional<CachedQuestion> question_of(ByteView key) {
  if (key.size() < kResolverIdentity + kType) return std::nullopt;
  const auto question = key.subspan(kResolverIdentity);
  return CachedQuestion{static_cast<RrType>(number_in(question.first(kType))),
                        std::string(as_text(question.subspan(kType)))};
}

}  // namespace danesmtp
