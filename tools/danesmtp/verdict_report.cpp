// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. The words for failures are those of RFC 8460 4.3.
#include "verdict_report.h"

#include "core/format.h"

namespace danesmtp::tool {
namespace {

const char* word_for(Judged judged) {
  switch (judged) {
    case Judged::Authenticated:
      return "authenticated";
    case Judged::Failed:
      return "failed";
    case Judged::Unusable:
      return "unusable";
    case Judged::NoRecords:
      return "no-records";
  }
  return "failed";
}

const char* word_for(DaneFailure failure) {
  switch (failure) {
    case DaneFailure::NotTrusted:
      return "certificate-not-trusted";
    case DaneFailure::HostMismatch:
      return "certificate-host-mismatch";
    case DaneFailure::Expired:
      return "certificate-expired";
  }
  return "certificate-not-trusted";
}

std::string why(const Judgement& judgement) {
  const auto& match = judgement.verdict.match;
  if (!match) return judgement.verdict.reason;
  if (match->depth == 0) return "the record is the server's certificate or key";
  return format("issued under the record's trust anchor at depth {}, for the name {}", match->depth,
                match->name);
}

}  // namespace

Judgement judge(const DaneQuestion& question) {
  Judgement judgement{Judged::Unusable, verify_dane(question)};
  if (judgement.verdict.authenticated())
    judgement.judged = Judged::Authenticated;
  else if (!usable_records(question.records).empty())
    judgement.judged = Judged::Failed;
  return judgement;
}

Judgement judge_without_records(const std::string& why) {
  Judgement judgement{Judged::NoRecords, {}};
  judgement.verdict.reason = why;
  return judgement;
}

nlohmann::json dane_json(const DaneVerdict& verdict) {
  return to_full_json({verdict.authenticated() ? Judged::Authenticated : Judged::Failed, verdict});
}

nlohmann::json to_json(const Judgement& judgement) {
  nlohmann::json object{{"verdict", word_for(judgement.judged)},
                        {"matched", nullptr},
                        {"depth", nullptr},
                        {"reason", why(judgement)}};
  if (const auto& match = judgement.verdict.match) {
    object["matched"] = to_text(match->record);
    object["depth"] = match->depth;
  }
  return object;
}

nlohmann::json to_full_json(const Judgement& judgement) {
  nlohmann::json object = to_json(judgement);
  const auto& match = judgement.verdict.match;
  object["name"] = match && !match->name.empty() ? nlohmann::json(match->name) : nullptr;
  object["failure"] = judgement.judged == Judged::Failed
                          ? nlohmann::json(word_for(judgement.verdict.failure))
                          : nullptr;
  object["details"] = judgement.verdict.details;
  return object;
}

std::string to_report(const Judgement& judgement) {
  const auto& verdict = judgement.verdict;
  if (const auto& match = verdict.match)
    return format("authenticated: {}\n  {}\n", why(judgement), to_text(match->record));
  if (judgement.judged == Judged::NoRecords)
    return format(
        "no TLSA record is published: TLS is opportunistic, nobody is authenticated "
        "({})\n",
        verdict.reason);
  std::string report =
      judgement.judged == Judged::Unusable
          ? std::string("no usable TLSA record: TLS is required, but nobody can be authenticated\n")
          : format("not authenticated ({}): {}\n", word_for(verdict.failure), verdict.reason);
  for (const auto& detail : verdict.details) report += "  " + detail + "\n";
  return report;
}

}  // namespace danesmtp::tool
