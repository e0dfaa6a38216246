// SPDX-License-Identifier: GPL-2.0-or-later
// Files that deliveries leave for each other, whoever has changed them since: which upstream was of
// use, and the head of the cache. Neither is believed further than it was written.
#include <ctime>

#include "cache/cache_file.h"
#include "dns/resolver_memory.h"
#include "fuzz/named_file.h"

using namespace danesmtp;
using fuzz::must;

namespace {

const fuzz::NamedFile kFile;

constexpr std::string_view kQuestion = "question\n";

bool answers(std::string_view lines) {
  return lines.starts_with(kQuestion) && lines.find('\n', kQuestion.size()) == lines.size() - 1;
}

// For an hour at most; in the seconds about the ends of that it may be either.
void check_memory(int seconds, std::string_view lines) {
  const ResolverMemory memory(kFile.path(), "question");
  const std::string expiry = std::to_string(::time(nullptr) + seconds);
  const std::string content = "danesmtp-resolver 1\n" + expiry + "\n" + std::string(lines);
  kFile.set(content);
  const auto choice = memory.recall();
  const bool in_time = seconds > 30 && seconds < 3570;
  if (in_time && answers(lines) && content.size() < 4096)
    must(choice && lines == std::string(kQuestion) + *choice + "\n");
  if (!answers(lines) || seconds < -30 || seconds > 3630) must(!choice);
}

void check_remembering(std::string_view choice) {
  const ResolverMemory memory(kFile.path(), "question");
  must(memory.remember(std::string(choice), std::chrono::minutes(1)).has_value());
  const auto recalled = memory.recall();
  must(!recalled || *recalled == choice);
  if (choice.find('\n') == choice.npos && choice.size() < 4000) must(recalled.has_value());
}

void check_any_memory(std::string_view content) {
  kFile.set(content);
  const bool ours = content.starts_with("danesmtp-resolver 1\n");
  must(ours || !ResolverMemory(kFile.path(), "question").recall());
}

// What is not ours is left as it is.
void check_head(std::string_view content) {
  kFile.set(content);
  const bool existing = CacheFile::open_existing(kFile.path()).has_value();
  must(existing == content.starts_with("danesmtp cache 1\n"));
  const bool opened = CacheFile::open(kFile.path()).has_value();
  must(opened ? CacheFile::open_existing(kFile.path()).has_value() : kFile.content() == content);
  must(opened || !existing);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(ByteView(data, size));
  const auto kind = input.octet() % 4;
  const int high = input.octet();
  const int seconds = (high << 8 | input.octet()) - 10'000;
  const auto content = as_text(input.rest());
  if (kind == 0) check_memory(seconds, content);
  if (kind == 1) check_remembering(content);
  if (kind == 2) check_any_memory(content);
  if (kind == 3) check_head(content);
  return 0;
}
