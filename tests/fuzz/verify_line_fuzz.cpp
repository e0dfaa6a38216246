// SPDX-License-Identifier: GPL-2.0-or-later
// Lines for `danesmtp verify --jsonl`: each gets one answer, a JSON object with its verdict, its
// reason and the id that came with the question, if that is not nested too deep. RFC 8259. Input:
// lines.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "fuzz/fuzz_support.h"
#include "verify_lines.h"

using namespace danesmtp;
using fuzz::must;
using nlohmann::json;

namespace {

bool is_too_deep(const json& answer, const std::string& question) {
  const auto& reason = answer.at("reason");
  if (!reason.is_string() || !reason.get<std::string>().starts_with("nested deeper")) return false;
  must(answer.at("id").is_null() && std::count(question.begin(), question.end(), '[') +
                                            std::count(question.begin(), question.end(), '{') >
                                        20);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream questions{std::string(as_text({data, size}))};
  std::istringstream again(questions.str());
  std::ostringstream said;
  tool::verify_lines(questions, said);
  std::istringstream answers(said.str());
  std::string question, answer;
  while (std::getline(again, question)) {
    must(static_cast<bool>(std::getline(answers, answer)));
    const auto asked = json::parse(question, nullptr, false);
    const auto read = json::parse(answer, nullptr, false);
    must(read.is_object() && read.at("verdict").is_string() && read.contains("reason"));
    if (is_too_deep(read, question)) continue;
    must(read.at("id") == (asked.is_object() && asked.contains("id") ? asked.at("id") : json()));
  }
  must(!std::getline(answers, answer));
  return 0;
}
