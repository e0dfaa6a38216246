// SPDX-License-Identifier: GPL-2.0-or-later
// The forms of dane_mta_sts, and everything that is none.
#include "sts/socketmap_option.h"

#include <iterator>

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Row {
  std::string text;
  const char* reading;  // "place port map", or a part of why not
};

const Row kRefused[] = {
    {"", "neither unix:PATH nor inet:HOST:PORT"},
    {"/run/x", "neither"},
    {"tcp:127.0.0.1:8461", "neither"},
    {"UNIX:/run/x", "neither"},
    {"unix:", "not absolute"},
    {"unix:run/x", "not absolute"},
    {"unix:/" + std::string(107, 'x'), "longer than a socket's"},
    {"unix:/run/x:", "name of the map"},
    {"unix:/run/x:a b", "name of the map"},
    {"unix:/run/x:a:b", "name of the map"},
    {"unix:/run/x:" + std::string(65, 'm'), "name of the map"},
    {"inet:", "the host is not"},
    {"inet::8461", "the host is not"},
    {"inet:daemon.lab:8461", "the host is not"},
    {"inet:::1:8461", "the host is not"},
    {"inet:[::1:8461", "the host is not"},
    {"inet:[127.0.0.1]:8461", "the host is not"},
    {"inet:[localhost]:8461", "the host is not"},
    {"inet:[" + std::string(200, ':') + "]:1", "the host is not"},
    {"inet:127.0.0.1", "the port is not"},
    {"inet:127.0.0.1:", "the port is not"},
    {"inet:127.0.0.1:0", "the port is not"},
    {"inet:127.0.0.1:65536", "the port is not"},
    {"inet:127.0.0.1:smtp", "the port is not"},
    {"inet:127.0.0.1:-1", "the port is not"},
    {"inet:[::1]8461", "the port is not"},
    {"inet:127.0.0.1:8461:", "name of the map"},
    {"inet:127.0.0.1:8461:postfix,", "name of the map"},
};

const Row kRead[] = {
    {"unix:/run/mta-sts/map.sock", "/run/mta-sts/map.sock 0 postfix"},
    {"unix:/run/x:QUERYwithTLSRPT", "/run/x 0 QUERYwithTLSRPT"},
    {"unix:/" + std::string(106, 'x') + ":" + std::string(64, 'm'), ""},
    {"inet:127.0.0.1:8461", "127.0.0.1 8461 postfix"},
    {"inet:localhost:8642:QUERY", "127.0.0.1 8642 QUERY"},
    {"inet:[::1]:65535:zone-1.a_b", "::1 65535 zone-1.a_b"},
};

}  // namespace

START_TEST(refused) {
  const Row& row = kRefused[_i];
  danesmtp_socketmap map{};
  const char* why = danesmtp_read_socketmap(row.text.c_str(), &map);
  ck_assert_msg(why != nullptr, "%s", row.text.c_str());
  assert_contains(why, row.reading);
}
END_TEST

START_TEST(well_formed) {
  const Row& row = kRead[_i];
  danesmtp_socketmap map{};
  const char* why = danesmtp_read_socketmap(row.text.c_str(), &map);
  ck_assert_msg(why == nullptr, "%s: %s", row.text.c_str(), why);
  if (*row.reading) assert_text(format("{} {} {}", map.place, map.port, map.map), row.reading);
}
END_TEST

int main() {
  Suite* suite = suite_create("socketmap_option");
  TCase* tc = tcase_create("forms");
  tcase_add_loop_test(tc, refused, 0, std::size(kRefused));
  tcase_add_loop_test(tc, well_formed, 0, std::size(kRead));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
