// SPDX-License-Identifier: GPL-2.0-or-later
// Log lines, and who sees debug output, through a table of services.
#include "bridge/host_log_bridge.h"

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  int debugging = DANESMTP_DEBUG_NOTHING;
  std::string lines{};
};

Exim& exim_of(void* handle) {
  return *static_cast<Exim*>(handle);
}

danesmtp_services table() {
  danesmtp_services s{};
  s.log_main = [](void* e, const char* line) { exim_of(e).lines += format("main {}; ", line); };
  s.log_host = [](void* e, std::size_t host, const char* message, std::int32_t system_errno) {
    exim_of(e).lines += format("host {} {} {}; ", host, message, system_errno);
  };
  s.message_log = [](void* e, std::size_t host, const char* message) {
    exim_of(e).lines += format("message {} {}; ", host, message);
  };
  s.log_refusal = [](void* e, std::size_t host, const char* message) {
    exim_of(e).lines += format("refusal {} {}; ", host, message);
  };
  s.debugging = [](void* e) { return exim_of(e).debugging; };
  s.debug = [](void* e, const char* line) { exim_of(e).lines += format("debug {}; ", line); };
  return s;
}

const danesmtp_services kServices = table();

}  // namespace

START_TEST(each_line_to_its_log) {
  Exim exim;
  HostLogBridge log({kServices, &exim});
  log.note("100%s");
  log.log_host(1, "text", 111);
  log.log_message(2, "text");
  log.log_refusal(3, "text");
  assert_text(exim.lines, "main 100%s; host 1 text 111; message 2 text; refusal 3 text; ");
}
END_TEST

START_TEST(a_part_of_a_text_is_a_line) {
  Exim exim;
  HostLogBridge({kServices, &exim}).note(std::string_view("one two").substr(0, 3));
  assert_text(exim.lines, "main one; ");
}
END_TEST

START_TEST(who_sees_debug_output) {
  struct Row {
    int debugging;
    bool asked;
    const char* lines;
  };
  constexpr Row kRows[] = {
      {DANESMTP_DEBUG_NOTHING, false, ""},
      {DANESMTP_DEBUG_DIALOGUE, false, "debug   250 ok; "},
      {DANESMTP_DEBUG_ALL, true, "debug why; debug   250 ok; "},
  };
  for (const auto& row : kRows) {
    Exim exim{.debugging = row.debugging};
    HostLogBridge log({kServices, &exim});
    ck_assert_int_eq(log.debugging(), row.asked);
    log.debug("why");
    log.dialogue("250 ok");
    assert_text(exim.lines, row.lines);
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("host_log_bridge");
  TCase* tc = tcase_create("conversions");
  tcase_add_test(tc, each_line_to_its_log);
  tcase_add_test(tc, a_part_of_a_text_is_a_line);
  tcase_add_test(tc, who_sees_debug_output);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
