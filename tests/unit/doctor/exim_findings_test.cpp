// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/exim_findings.h"

#include <iterator>

#include "unit/doctor/row.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace danesmtp::tool;

namespace {

constexpr const char* kVersion =
    "Exim version 4.100.1 #2 built 27-Nov-2026 22:34:04\n"
    "Copyright (c) ...\n"
    "Support for: crypteq IPv6 GnuTLS DANE DNSSEC\n"
    "Lookups (built-in): dnsdb\n";

constexpr const char* kTransports =
    "\na transport:\nno_body_only\ndriver = smtp\ndane_resolver = forward:192.0.2.1\n"
    "dane_cache = $spool_directory/db/danesmtp\nhosts_try_dane = *\nhosts_require_dane = \n"
    "protocol = \n"
    "\nb transport:\ndriver = smtp\nprotocol = \nhelo_data = x = y\n"
    "\nc transport:\ndriver = smtp\nprotocol = lmtp\n"
    "\nl transport:\ndriver = appendfile\nfile = /a transport:\n";

START_TEST(what_exim_says_of_itself) {
  const auto version = exim_version(kVersion);
  assert_text(version.number, "4.100.1");
  ck_assert(version.has("GnuTLS") && !version.has("OpenSSL") && !version.has("dnsdb"));
  for (const char* other : {"", "Exim version ", "sendmail 8\n"})
    assert_text(exim_version(other).number, "");
}
END_TEST

START_TEST(its_transports) {
  const auto transports = exim_transports(kTransports);
  ck_assert_uint_eq(transports.size(), 4);
  ck_assert(transports[0].is_ours() && !transports[0].is_exims_smtp());
  ck_assert(!transports[1].is_ours() && transports[1].is_exims_smtp());
  ck_assert(!transports[2].is_exims_smtp() && !transports[3].is_exims_smtp());
  assert_text(transports[0].option("dane_resolver"), "forward:192.0.2.1");
  assert_text(transports[0].option("hosts_require_dane"), "");
  assert_text(transports[1].option("helo_data"), "x = y");
  assert_text(transports[3].option("file"), "/a transport:");
  assert_text(exim_settings("exim_user = mail\n")["exim_user"], "mail");
  ck_assert(exim_transports("Exim: permission denied\n").empty());
}
END_TEST

START_TEST(where_its_modules_are) {
  assert_text(module_directory("x\nLoading \"danesmtp\" transport driver from /m\nLoaded\n"), "/m");
  assert_text(
      module_directory("2026-11-28 10:00:00 Couldn't open /m: not loading driver modules\n"), "/m");
  assert_text(module_directory("Exim version 4.96\n"), "");
  assert_text(module_directory("Loading \"danesmtp\" transport driver from /m//\n"), "/m");
}
END_TEST

START_TEST(why_it_takes_no_configuration) {
  assert_text(configuration_fault("2026-11-28 10:00:00 Exim configuration error in line 5 of /c:\n"
                                  "  transport a: cannot find transport driver \"x\"\n"
                                  "LOG: PANIC DIE\n  Exim configuration error\n"),
              "Exim configuration error in line 5 of /c: transport a: cannot find transport driver "
              "\"x\"");
  assert_text(configuration_fault("a\ndanesmtp_transport.so refused: why\nb\n"),
              "danesmtp_transport.so refused: why");
  assert_text(configuration_fault(""), "");
}
END_TEST

struct ProgramRow {
  ProgramFacts facts;
  Expected expected;
};

const ProgramRow kPrograms[] = {
    {{"/x", "", {"4.100.1", {"GnuTLS"}}},
     {Health::Ok, "/x, version 4.100.1, with GnuTLS", nullptr}},
    {{"/x", "", {"4.100.1", {"OpenSSL"}}}, {Health::Ok, "OpenSSL", nullptr}},
    {{"/x", "", {"4.100.1", {}}}, {Health::Failure, "without TLS", "exim4-daemon"}},
    {{"", "", {}}, {Health::Failure, "no Exim in the usual places", "--exim"}},
    {{"/x", "/x cannot be run: No such file", {}}, {Health::Failure, "cannot be run", "--exim"}},
    {{"/bin/true", "", {}}, {Health::Failure, "does not say that it is Exim", "--exim"}},
};

START_TEST(the_program) {
  const auto& row = kPrograms[_i];
  assert_finding(judge_program(row.facts), row.expected);
}
END_TEST

struct ModuleRow {
  ModuleFacts facts;
  Expected loader;
  Expected module;
};

const ModuleRow kModules[] = {
    {{"/m", true, true, ""}, {Health::Ok, "from /m", nullptr}, {Health::Ok, "fits", nullptr}},
    {{"", false, true, ""}, {Health::Ok, "loads", nullptr}, {Health::Ok, "fits", nullptr}},
    {{"/m", false, false, "cannot find transport driver"},
     {Health::Ok, "from /m", nullptr},
     {Health::Failure, "/m/danesmtp_transport.so is not there", "install"}},
    {{"/m", true, false, "danesmtp_transport.so refused: the size of address_item"},
     {Health::Ok, "from /m", nullptr},
     {Health::Failure, "refused: the size of address_item", "this very Exim"}},
    {{"", false, false, "danesmtp_transport.so refused: built for"},
     {Health::Ok, "loads", nullptr},
     {Health::Failure, "refused", "this very Exim"}},
    {{"", false, false, "cannot find transport driver \"danesmtp\""},
     {Health::Failure, "4.96 loads no transports", "exim4-daemon-mod"},
     {Health::Failure, "cannot find transport driver", "install"}},
};

START_TEST(loader_and_module) {
  const auto& row = kModules[_i];
  assert_finding(judge_loader(row.facts, {"4.96", {}}), row.loader);
  assert_finding(judge_module(row.facts), row.module);
}
END_TEST

START_TEST(a_module_that_cannot_be_tried) {
  const ModuleFacts facts{"", false, false, "", false};
  assert_finding(judge_loader(facts, {"4.100.1", {}}),
                 {Health::Warning, "ALT_CONFIG_PREFIX", "--config COPY"});
}
END_TEST

START_TEST(libraries) {
  assert_finding(judge_library({"/m/danesmtp/core.so", ""}), {Health::Ok, "is whole", nullptr});
  const auto damaged = judge_library({"/m/danesmtp/core.so", "/m/danesmtp/core.so is not whole"});
  assert_finding(damaged, {Health::Failure, "is not whole", "again, together"});
  assert_text(damaged.subject, "core.so");
}
END_TEST

START_TEST(configurations) {
  assert_finding(judge_configuration({"/c", "", {}}), {Health::Ok, "takes /c", nullptr});
  assert_finding(judge_configuration({"", "error in line 5", {}}),
                 {Health::Failure, "error in line 5", "exim -bV"});
}
END_TEST

START_TEST(which_transports) {
  const auto findings = judge_transports({"", "", exim_transports(kTransports)});
  ck_assert_uint_eq(findings.size(), 2);
  assert_finding(findings[0], {Health::Ok, "dane_resolver = forward:192.0.2.1", nullptr});
  ck_assert(findings[0].seen.find("dane_cache") == std::string::npos);  // as by default
  assert_finding(findings[1], {Health::Warning, "around the module", "in b: driver = danesmtp"});
}
END_TEST

START_TEST(no_transport_of_ours) {
  const auto findings = judge_transports({"", "", {{"b", {{"driver", "smtp"}}}}});
  ck_assert_uint_eq(findings.size(), 2);
  assert_finding(findings[0], {Health::Failure, "no transport uses danesmtp", "driver = danesmtp"});
  const auto unknown = judge_transports({"", "error in line 5", {}});
  ck_assert_uint_eq(unknown.size(), 1);
  assert_finding(unknown[0], {Health::Failure, "not known", "mend"});
}
END_TEST

START_TEST(a_transport_without_dane) {
  for (const char* protocol : {"", "lmtp"}) {
    const EximTransport off{"a", {{"dane_resolver", "auto"}, {"protocol", protocol}}};
    assert_finding(judge_transports({"", "", {off}})[0],
                   {Health::Failure, "DANE is off", "hosts_try_dane = *"});
  }
}
END_TEST

Suite* suite() {
  TCase* tc = tcase_create("exim_findings");
  tcase_add_test(tc, what_exim_says_of_itself);
  tcase_add_test(tc, its_transports);
  tcase_add_test(tc, where_its_modules_are);
  tcase_add_test(tc, why_it_takes_no_configuration);
  tcase_add_loop_test(tc, the_program, 0, static_cast<int>(std::size(kPrograms)));
  tcase_add_loop_test(tc, loader_and_module, 0, static_cast<int>(std::size(kModules)));
  tcase_add_test(tc, a_module_that_cannot_be_tried);
  tcase_add_test(tc, libraries);
  tcase_add_test(tc, configurations);
  tcase_add_test(tc, which_transports);
  tcase_add_test(tc, no_transport_of_ours);
  tcase_add_test(tc, a_transport_without_dane);
  Suite* suite = suite_create("exim_findings");
  suite_add_tcase(suite, tc);
  return suite;
}

}  // namespace

int main() {
  return run_suite(suite());
}
