// SPDX-License-Identifier: GPL-2.0-or-later
// Options, lists and the port as Exim answers, through a table of services.
#include "bridge/configuration_bridge.h"

#include "core/format.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Exim {
  std::string calls{};
  int answer = 0;
  bool failed = false;
  const char* text = nullptr;
  const char* error = nullptr;

  int called(const std::string& call) {
    calls += call + "; ";
    return answer;
  }
};

Exim& exim_of(void* handle) {
  return *static_cast<Exim*>(handle);
}

void add_option_services(danesmtp_services& s) {
  s.option_int = [](void* e, const char* name, int fallback) {
    return exim_of(e).called(format("int {} {}", name, fallback));
  };
  s.option_text = [](void* e, const char* name) {
    exim_of(e).called(format("text {}", name));
    return exim_of(e).text;
  };
  s.option_expanded = [](void* e, const char* name, int* failed) {
    exim_of(e).called(format("expanded {}", name));
    *failed = exim_of(e).failed;
    return exim_of(e).text;
  };
  s.option_flag = [](void* e, const char* name, int* failed) {
    *failed = exim_of(e).failed;
    return exim_of(e).called(format("flag {}", name));
  };
}

danesmtp_services table() {
  danesmtp_services s{};
  s.about = [](void* e, const std::size_t* recipients, std::size_t count) {
    exim_of(e).called(format("about {} of {}", recipients[0], count));
  };
  s.expansion_error = [](void* e) { return exim_of(e).error; };
  s.host_in = [](void* e, const char* option, std::size_t host) {
    return exim_of(e).called(format("host {} {}", option, host));
  };
  s.domain_in = [](void* e, const char* option, const char* domain) {
    return exim_of(e).called(format("domain {} {}", option, domain));
  };
  s.service_port = [](void* e) { return exim_of(e).called("port"); };
  add_option_services(s);
  return s;
}

const danesmtp_services kServices = table();

}  // namespace

START_TEST(a_number) {
  Exim exim{.answer = 7};
  ck_assert_int_eq(ConfigurationBridge({kServices, &exim}).option_number(kFinalTimeout), 7);
  assert_text(exim.calls, "int final_timeout 600; ");
}
END_TEST

START_TEST(a_text) {
  Exim exim;
  ConfigurationBridge bridge({kServices, &exim});
  assert_text(bridge.option_text(kDaneResolver), "");
  exim.text = "$x";
  assert_text(bridge.option_text(kDaneResolver), "$x");
  assert_text(exim.calls, "text dane_resolver; text dane_resolver; ");
}
END_TEST

START_TEST(an_expanded_text) {
  Exim exim;
  ConfigurationBridge bridge({kServices, &exim});
  assert_text(assert_ok(bridge.option_expanded(kTlsSni)), "");
  exim.text = "name.lab";
  assert_text(assert_ok(bridge.option_expanded(kTlsSni)), "name.lab");
  assert_text(exim.calls, "expanded tls_sni; expanded tls_sni; ");
}
END_TEST

START_TEST(an_expansion_that_fails) {
  Exim exim{.failed = true, .text = "not for use", .error = "unknown variable"};
  ConfigurationBridge bridge({kServices, &exim});
  assert_text(assert_error(bridge.option_expanded(kTlsSni), ErrorKind::BadInput).text,
              "failed to expand option tls_sni: unknown variable");
  assert_text(assert_error(bridge.option_flag(kTlsTempfailTryclear), ErrorKind::BadInput).text,
              "failed to expand option tls_tempfail_tryclear: unknown variable");
  exim.error = nullptr;
  assert_text(assert_error(bridge.option_expanded(kTlsSni), ErrorKind::BadInput).text,
              "failed to expand option tls_sni: ");
}
END_TEST

START_TEST(a_flag) {
  for (const int answer : {0, 1}) {
    Exim exim{.answer = answer};
    ConfigurationBridge bridge({kServices, &exim});
    ck_assert_int_eq(assert_ok(bridge.option_flag(kDelayAfterCutoff)), answer);
    assert_text(exim.calls, "flag delay_after_cutoff; ");
  }
}
END_TEST

START_TEST(a_host_list) {
  for (const int answer : {DANESMTP_NO, DANESMTP_YES}) {
    Exim exim{.answer = answer};
    ConfigurationBridge bridge({kServices, &exim});
    ck_assert_int_eq(assert_ok(bridge.host_in(kHostsTryDane, 4)), answer == DANESMTP_YES);
    assert_text(exim.calls, "host hosts_try_dane 4; ");
  }
}
END_TEST

START_TEST(a_domain_list) {
  for (const int answer : {DANESMTP_NO, DANESMTP_YES}) {
    Exim exim{.answer = answer};
    ConfigurationBridge bridge({kServices, &exim});
    ck_assert_int_eq(assert_ok(bridge.domain_in(kDaneExceptDomains, "dom.lab")),
                     answer == DANESMTP_YES);
    assert_text(exim.calls, "domain dane_except_domains dom.lab; ");
  }
}
END_TEST

// Least of all "no": mail would go without what the list asks for.
START_TEST(a_list_that_cannot_tell) {
  Exim exim{.answer = DANESMTP_CANNOT_TELL};
  ConfigurationBridge bridge({kServices, &exim});
  assert_text(assert_error(bridge.host_in(kHostsTryDane, 0), ErrorKind::DnsFailure).text,
              "a look-up failed while matching the host with option hosts_try_dane");
  assert_text(
      assert_error(bridge.domain_in(kDaneExceptDomains, "dom.lab"), ErrorKind::DnsFailure).text,
      "a look-up failed while matching dom.lab with option dane_except_domains");
}
END_TEST

START_TEST(the_port) {
  for (const int port : {1, 25, 65535}) {
    Exim exim{.answer = port};
    ck_assert_int_eq(assert_ok(ConfigurationBridge({kServices, &exim}).service_port()), port);
  }
  const auto refused = [](int port) {
    Exim exim{.answer = port, .error = "no such service"};
    return assert_error(ConfigurationBridge({kServices, &exim}).service_port(), ErrorKind::BadInput)
        .text;
  };
  assert_text(refused(-1), "option port cannot be used: no such service");
  assert_text(refused(0), "option port cannot be used: 0 is no port");
  assert_text(refused(65536), "option port cannot be used: 65536 is no port");
}
END_TEST

START_TEST(whom_variables_speak_of) {
  Exim exim;
  ConfigurationBridge({kServices, &exim}).about({3, 5});
  assert_text(exim.calls, "about 3 of 2; ");
}
END_TEST

// The one of this machine: it is not asked of Exim.
START_TEST(the_hosts_file) {
  Exim exim;
  ConfigurationBridge bridge({kServices, &exim});
  ck_assert(!bridge.in_hosts_file("no-such-name.invalid", "192.0.2.1"));
  assert_text(exim.calls, "");
}
END_TEST

int main() {
  Suite* suite = suite_create("configuration_bridge");
  TCase* tc = tcase_create("conversions");
  tcase_add_test(tc, a_number);
  tcase_add_test(tc, a_text);
  tcase_add_test(tc, an_expanded_text);
  tcase_add_test(tc, an_expansion_that_fails);
  tcase_add_test(tc, a_flag);
  tcase_add_test(tc, a_host_list);
  tcase_add_test(tc, a_domain_list);
  tcase_add_test(tc, a_list_that_cannot_tell);
  tcase_add_test(tc, the_port);
  tcase_add_test(tc, whom_variables_speak_of);
  tcase_add_test(tc, the_hosts_file);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
