// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. In:  {"id", "chain": PEM text, "tlsa": ["u s m hex"], "refs": [names],
//                       "verify_time": null or RFC 3339}
//                 Out: {"id", "verdict", "matched", "depth", "reason"}
#include "verify_lines.h"

#include <istream>
#include <ostream>

#include "command.h"
#include "core/format.h"
#include "pem_input.h"
#include "time_input.h"
#include "verdict_report.h"

namespace danesmtp::tool {
namespace {

using nlohmann::json;

constexpr int kDeepest = 20;  // what is printed again takes stack for each level

Result<std::vector<std::string>> texts(const json& object, const char* key) {
  auto list = object.find(key);
  if (list == object.end() || !list->is_array())
    return fail(ErrorKind::BadInput, std::string("\"") + key + "\" is not a list");
  std::vector<std::string> all;
  for (const auto& item : *list) {
    if (!item.is_string())
      return fail(ErrorKind::BadInput, std::string("\"") + key + "\" has an item that is no text");
    all.push_back(item.get<std::string>());
  }
  return all;
}

// A record that does not parse was published all the same: it counts, as an unusable one (D-066).
Result<TlsaRecord> record(const std::string& text) {
  auto parsed = parse_tlsa_text(text);
  if (parsed || text.find_first_of("0123456789") == std::string::npos) return parsed;
  return TlsaRecord{TlsaUsage::DaneEe, TlsaSelector::PublicKey, TlsaMatching::Sha256, {}};
}

Result<std::vector<TlsaRecord>> records(const json& object) {
  auto all = texts(object, "tlsa");
  if (!all) return tl::unexpected(all.error());
  std::vector<TlsaRecord> set;
  for (const auto& text : *all) {
    auto parsed = record(text);
    if (!parsed) return tl::unexpected(parsed.error());
    set.push_back(std::move(*parsed));
  }
  return set;
}

Result<std::vector<DnsName>> names(const json& object) {
  auto all = texts(object, "refs");
  if (!all) return tl::unexpected(all.error());
  std::vector<DnsName> set;
  for (const auto& text : *all) {
    auto name = DnsName::parse(text);
    if (!name) return tl::unexpected(name.error());
    set.push_back(std::move(*name));
  }
  return set;
}

Result<WallTime> time_of(const json& object) {
  auto time = object.find("verify_time");
  if (time == object.end() || time->is_null()) return wall_time();
  if (!time->is_string()) return fail(ErrorKind::BadInput, "\"verify_time\" is not a text");
  return parse_rfc3339(time->get<std::string>());
}

Result<PeerChain> chain(const json& object) {
  auto text = object.find("chain");
  if (text == object.end() || !text->is_string())
    return fail(ErrorKind::BadInput, "\"chain\" is not a text");
  return pem_certificates(text->get<std::string>());
}

Result<json> question_in(const std::string& line) {
  bool deep = false;
  const auto shallow = [&deep](int depth, json::parse_event_t, json&) {
    deep = deep || depth > kDeepest;
    return !deep;
  };
  auto question = json::parse(line, shallow, false);
  if (deep) return fail(ErrorKind::BadInput, format("nested deeper than {} levels", kDeepest));
  if (!question.is_object()) return fail(ErrorKind::BadInput, "not a JSON object");
  return question;
}

Result<json> answer(const json& object) {
  auto presented = chain(object);
  if (!presented) return tl::unexpected(presented.error());
  auto published = records(object);
  if (!published) return tl::unexpected(published.error());
  auto expected = names(object);
  if (!expected) return tl::unexpected(expected.error());
  auto now = time_of(object);
  if (!now) return tl::unexpected(now.error());
  return to_json(judge({*presented, *published, *expected, *now}));
}

}  // namespace

int verify_lines(std::istream& in, std::ostream& out) {
  int exit_code = kDone;
  for (std::string line; std::getline(in, line);) {
    const auto question = question_in(line);
    auto answered = question ? answer(*question) : tl::unexpected(question.error());
    json reply = answered ? std::move(*answered)
                          : json{{"verdict", "error"}, {"reason", answered.error().text}};
    if (!answered) exit_code = kBadInput;
    reply["id"] = question ? question->value("id", json()) : json();
    out << reply.dump() << '\n' << std::flush;
  }
  return exit_code;
}

}  // namespace danesmtp::tool
