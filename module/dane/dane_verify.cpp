// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. Usage 3 first: one match there settles everything (RFC 7671 5.1, D-077, D-081).
// Then usage 2: which certificates and keys the records vouch for, a path to one of them, and a
// name.
#include "dane/dane_verify.h"

#include <algorithm>

#include "core/format.h"
#include "dane/dane_path.h"
#include "dane/server_names.h"
#include "dane/tlsa_match.h"
#include "x509/certificate.h"

namespace danesmtp {
namespace {

constexpr std::size_t kMaxPresented =
    16;  // certificates, for usage 2 only: it has to try their order
constexpr std::size_t kShownOctets =
    64;  // of a record's data: any digest, but no whole certificate

std::string shown(const TlsaRecord& record) {
  if (record.data.size() <= kShownOctets) return to_text(record);
  TlsaRecord cut = record;
  cut.data.resize(kShownOctets);
  return to_text(cut) + "...";
}

DaneVerdict refuse(DaneFailure failure, std::string reason) {
  DaneVerdict verdict;
  verdict.failure = failure;
  verdict.reason = std::move(reason);
  return verdict;
}

// RFC 7672 3.1.1, D-081: the leaf against the record, and nothing else: no name, date, purpose or
// issuer. One of several records is enough (RFC 7671 8.1, D-080).
const TlsaRecord* end_entity_match(const std::vector<TlsaRecord>& records,
                                   const Certificate& leaf) {
  auto found = std::find_if(records.begin(), records.end(), [&](const TlsaRecord& record) {
    return record.usage == TlsaUsage::DaneEe && tlsa_matches(record, leaf);
  });
  return found == records.end() ? nullptr : &*found;
}

std::string matching_name(const Certificate& leaf, const std::vector<DnsName>& names) {
  for (const auto& name : names)
    if (is_for_host(leaf, name.text())) return name.text();
  return {};
}

// The usage 2 side of one question.
class AnchorSearch {
 public:
  AnchorSearch(const DaneQuestion& question, const std::vector<TlsaRecord>& records,
               const Certificate& leaf)
      : question_(question), leaf_(leaf) {
    for (const auto& record : records)
      if (record.usage == TlsaUsage::DaneTa) records_.push_back(&record);
  }

  DaneVerdict run() {
    if (records_.empty())
      return refuse(DaneFailure::NotTrusted, "no TLSA record matches the server's certificate");
    // D-107
    if (question_.chain.size() > kMaxPresented)
      return refuse(DaneFailure::NotTrusted,
                    format("the server presented {} certificates, more than {}",
                           question_.chain.size(), kMaxPresented));
    import_others();
    return verdict_on(find_path(path_question()));
  }

 private:
  // What cannot be read is no part of any path; a repeated certificate is one certificate.
  void import_others() {
    for (std::size_t i = 1; i < question_.chain.size(); ++i) {
      auto other = import_certificate(question_.chain[i]);
      if (other && !other->same_as(leaf_) && !contains(others_, *other))
        others_.push_back(std::move(*other));
    }
  }

  PathQuestion path_question() {
    PathQuestion path{&leaf_, {}, {}, {}, question_.now, question_.deadline};
    for (const auto& other : others_) {
      path.others.push_back(&other);
      add_presented_anchor(path, other);
    }
    // RFC 7671 5.2.2 and 5.2.3: an anchor published in full need not be presented (D-085).
    published_.reserve(records_.size());
    for (const auto* record : records_) add_published_anchor(path, *record);
    return path;
  }

  void add_presented_anchor(PathQuestion& path, const Certificate& certificate) {
    if (bears_leaf_key(certificate.fields.public_key_info, *path.leaf)) return;
    for (const auto* record : records_) {
      if (!tlsa_matches(*record, certificate)) continue;
      path.anchors.push_back({record, &certificate});
      return;
    }
  }

  void add_published_anchor(PathQuestion& path, const TlsaRecord& record) {
    // RFC 7671 5.2.2, D-084: a digest stands for what the server presents.
    if (record.matching != TlsaMatching::Full) return;
    if (record.selector == TlsaSelector::PublicKey) {
      if (!bears_leaf_key(record.data, *path.leaf)) path.bare_keys.push_back(&record);
      return;
    }
    auto certificate = import_certificate(record.data);
    if (!certificate || contains(others_, *certificate) || contains(published_, *certificate))
      return;
    if (bears_leaf_key(certificate->fields.public_key_info, *path.leaf)) return;
    published_.push_back(std::move(*certificate));
    path.anchors.push_back({&record, &published_.back()});
  }

  // A usage 2 record speaks of the leaf's issuer: neither the leaf nor its key can be that (D-087).
  static bool bears_leaf_key(ByteView public_key_info, const Certificate& leaf) {
    return same_bytes(public_key_info, leaf.fields.public_key_info);
  }

  static bool contains(const std::vector<Certificate>& set, const Certificate& one) {
    return std::any_of(set.begin(), set.end(),
                       [&](const Certificate& c) { return c.same_as(one); });
  }

  DaneVerdict verdict_on(const PathVerdict& path) const {
    if (path.record == nullptr) return refuse(path.failure, path.reason);
    // RFC 7672 3.1.2: the leaf must also bear one of the names (D-083).
    std::string name = matching_name(leaf_, question_.names);
    if (name.empty())
      return refuse(DaneFailure::HostMismatch,
                    "the certificate has none of the expected names: " + names_text());
    DaneVerdict verdict;
    verdict.match = DaneMatch{*path.record, path.depth, name, path.path};
    return verdict;
  }

  std::string names_text() const {
    std::string text;
    for (const auto& name : question_.names) text += (text.empty() ? "" : ", ") + name.text();
    return text;
  }

  const DaneQuestion& question_;
  const Certificate& leaf_;
  std::vector<const TlsaRecord*> records_;
  std::vector<Certificate> others_;
  std::vector<Certificate> published_;  // reserved in full: anchors point into it
};

// What was presented, as far as it is looked at; empty in the place of what is no certificate.
using Presented = std::vector<std::optional<Certificate>>;

Presented import_presented(const PeerChain& chain) {
  Presented presented;
  for (std::size_t i = 0; i < std::min(chain.size(), kMaxPresented); ++i) {
    auto certificate = import_certificate(chain[i]);
    presented.emplace_back();
    if (certificate) presented.back().emplace(std::move(*certificate));
  }
  return presented;
}

std::string presented_text(TlsaUsage usage, const std::optional<Certificate>& certificate) {
  TlsaRecord record{usage, TlsaSelector::PublicKey, TlsaMatching::Sha256, {}};
  if (!certificate) return "presented: octets that are not a certificate";
  auto data = association_data({record.selector, record.matching}, *certificate);
  if (data) record.data = std::move(*data);
  return "presented: " + to_text(record);
}

bool matches_an_issuer(const TlsaRecord& record, const Presented& presented) {
  return presented.size() > 1 &&
         std::any_of(presented.begin() + 1, presented.end(), [&](const auto& certificate) {
           return certificate && tlsa_matches(record, *certificate);
         });
}

std::string why_no_match(const TlsaRecord& record, const std::vector<TlsaRecord>& judged,
                         const Presented& presented) {
  std::string unusable = why_unusable(record);
  if (!unusable.empty()) return "unusable: " + unusable;
  if (std::find(judged.begin(), judged.end(), record) == judged.end())
    return "set aside for a stronger digest";
  if (record.usage == TlsaUsage::DaneEe) return "not the server's certificate";
  if (matches_an_issuer(record, presented))
    return "matches a certificate that does not vouch for this server";
  if (!presented.empty() && presented.front() && tlsa_matches(record, *presented.front()))
    return "the server's own certificate, of which usage 3 speaks";
  return "no trust anchor for what the server presented";
}

void add_details(const DaneQuestion& question, DaneVerdict& verdict) {
  const auto usable = usable_records(question.records);
  auto presented = import_presented(question.chain);
  for (const auto& record : question.records)
    verdict.details.push_back(shown(record) + ": " +
                              why_no_match(record, usable.records(), presented));
  for (const auto& certificate : presented) {
    const bool leaf = &certificate == &presented.front();
    auto text = presented_text(leaf ? TlsaUsage::DaneEe : TlsaUsage::DaneTa, certificate);
    if (leaf) verdict.presented = text;
    verdict.details.push_back(std::move(text));
  }
}

DaneVerdict search_for_match(const DaneQuestion& question) {
  const auto usable = usable_records(question.records);
  const auto& records = usable.records();
  if (records.empty()) return refuse(DaneFailure::NotTrusted, "no usable TLSA record");
  if (question.chain.empty())
    return refuse(DaneFailure::NotTrusted, "the server presented no certificate");
  auto leaf = import_certificate(question.chain.front());
  if (!leaf)
    return refuse(DaneFailure::NotTrusted, "the server's certificate is " + leaf.error().text);
  // RFC 7671 5, D-077: one match is enough, of either usage.
  if (const auto* record = end_entity_match(records, *leaf)) {
    DaneVerdict verdict;
    verdict.match = DaneMatch{*record, 0, {}, {}};
    return verdict;
  }
  return AnchorSearch(question, records, *leaf).run();
}

}  // namespace

DaneVerdict verify_dane(const DaneQuestion& question) {
  DaneVerdict verdict = search_for_match(question);
  if (!verdict.authenticated()) add_details(question, verdict);
  return verdict;
}

}  // namespace danesmtp
