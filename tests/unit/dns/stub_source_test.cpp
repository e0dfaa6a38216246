// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/stub_source.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "net/unique_fd.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// Taken, and nobody reads there: what is sent to it is refused.
std::uint16_t closed_port() {
  const UniqueFd tcp(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ck_assert_int_eq(::bind(tcp.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ck_assert_int_eq(::getsockname(tcp.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

Error failure_at(std::uint16_t port) {
  ResolverSettings settings;
  settings.upstream = Upstream::Forward;
  settings.dnssec = DnssecMode::BelieveResolver;
  settings.servers = {{"127.0.0.1", port}};
  StubSource source(settings, {});
  const auto said = source.ask(assert_ok(DnsName::parse("a.lab")), RrType::Mx,
                               Deadline::in(std::chrono::seconds(10)));
  assert_error(said, ErrorKind::DnsFailure);
  return said.error();
}

}  // namespace

// Only what is not for the operator alone is kept for other processes.
START_TEST(a_resolver_that_does_not_run_is_not_the_dns) {
  const auto error = failure_at(closed_port());
  ck_assert_msg(error.for_operator, "%s", error.text.c_str());
}
END_TEST

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kWatched = true;
#else
constexpr bool kWatched = false;
#endif

START_TEST(no_descriptors_is_not_the_dns) {
  const rlimit none{0, 0};
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto error = failure_at(53);
  ck_assert_msg(error.for_operator, "%s", error.text.c_str());
}
END_TEST

int main() {
  Suite* suite = suite_create("stub_source");
  TCase* all = tcase_create("all");
  tcase_set_timeout(all, 50);
  tcase_add_test(all, a_resolver_that_does_not_run_is_not_the_dns);
  // UBSan's runtime needs a descriptor to look at an object's type.
  if (!kWatched) tcase_add_test(all, no_descriptors_is_not_the_dns);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}
