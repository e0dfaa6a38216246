// SPDX-License-Identifier: GPL-2.0-or-later
// Lines for `danesmtp verify --lines`: each gets one answer, a JSON object with its verdict, its
// reason and the id that came with the question. RFC 8259. Input: lines.
#include <nlohmann/json.hpp>
#include <sstream>

#include "fuzz/fuzz_support.h"
#include "verify_lines.h"

using namespace danesmtp;
using fuzz::must;
using nlohmann::json;

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
    must(read.at("id") == (asked.is_object() && asked.contains("id") ? asked.at("id") : json()));
  }
  must(!std::getline(answers, answer));
  return 0;
}
