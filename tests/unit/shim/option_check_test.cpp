// SPDX-License-Identifier: GPL-2.0-or-later
// The shim's check of our options, without an Exim: it refuses what the core refuses, for the same
// reason, and nothing else; and the files that they name.
extern "C" {
#include "shim/shim.h"
}

#include <iterator>
#include <string>

#include "unit/dns/resolver_option_rows.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct danesmtp_options set_options;

// Exim's texts are not const.
struct Value {
  std::optional<std::string> text;
  uschar* pointer() { return text ? reinterpret_cast<uschar*>(text->data()) : nullptr; }
};

std::string fault_of(const OptionRow& row) {
  Value resolver{row.resolver}, dnssec{row.dnssec}, anchor{row.trust_anchor_file};
  struct danesmtp_options options {};
  options.dane_resolver = resolver.pointer();
  options.dane_dnssec = dnssec.pointer();
  options.dane_trust_anchor_file = anchor.pointer();
  const char* fault = own_options_fault(&options);
  return fault ? fault : "";
}

// Behind the last `"`: the core writes what is not printable otherwise.
std::string reason_of(const std::string& message) {
  return message.substr(message.rfind('"') + 1);
}

struct Word {
  uschar* danesmtp_options::*option;
  const char* value;
  const char* fault;  // "": none
};

const Word kWords[] = {
    {&danesmtp_options::dane_callouts, nullptr, ""},
    {&danesmtp_options::dane_callouts, "skip", ""},
    {&danesmtp_options::dane_callouts, "defer", ""},
    {&danesmtp_options::dane_callouts, "", "option dane_callouts: \"\" is not skip or defer"},
    {&danesmtp_options::dane_callouts, "Skip",
     "option dane_callouts: \"Skip\" is not skip or defer"},
    {&danesmtp_options::dane_callouts, "deferred",
     "option dane_callouts: \"deferred\" is not skip or defer"},
    {&danesmtp_options::dane_insecure_mx, nullptr, ""},
    {&danesmtp_options::dane_insecure_mx, "dane", ""},
    {&danesmtp_options::dane_insecure_mx, "may", ""},
    {&danesmtp_options::dane_insecure_mx, "no",
     "option dane_insecure_mx: \"no\" is not dane or may"},
    {&danesmtp_options::dane_mta_sts, nullptr, ""},
    {&danesmtp_options::dane_mta_sts, "", ""},
    {&danesmtp_options::dane_mta_sts, "unix:/run/mta-sts/map", ""},
    {&danesmtp_options::dane_mta_sts, "inet:127.0.0.1:8461:postfix", ""},
    {&danesmtp_options::dane_mta_sts, "unix:$spool_directory/map", ""},
    {&danesmtp_options::dane_mta_sts, "/run/mta-sts/map",
     "option dane_mta_sts: \"/run/mta-sts/map\": it is neither unix:PATH nor inet:HOST:PORT"},
    {&danesmtp_options::dane_mta_sts, "inet:daemon.lab:8461",
     "option dane_mta_sts: \"inet:daemon.lab:8461\": the host is not localhost, an IPv4 address, "
     "or "
     "an IPv6 address in brackets"},
    {&danesmtp_options::dane_mta_sts_fail, nullptr, ""},
    {&danesmtp_options::dane_mta_sts_fail, "ignore", ""},
    {&danesmtp_options::dane_mta_sts_fail, "defer", ""},
    {&danesmtp_options::dane_mta_sts_fail, "wait",
     "option dane_mta_sts_fail: \"wait\" is not ignore or defer"},
    {&danesmtp_options::dane_require_tls, nullptr, ""},
    {&danesmtp_options::dane_require_tls, "", ""},
    {&danesmtp_options::dane_require_tls, "yes", ""},
    {&danesmtp_options::dane_require_tls, "True", ""},
    {&danesmtp_options::dane_require_tls, "1", ""},
    {&danesmtp_options::dane_require_tls, "NO", ""},
    {&danesmtp_options::dane_require_tls, "false", ""},
    {&danesmtp_options::dane_require_tls, "0", ""},
    {&danesmtp_options::dane_require_tls, "${if def:h_Require-TLS:{yes}}", ""},
    {&danesmtp_options::dane_require_tls, "always",
     "option dane_require_tls: \"always\" is not yes or no"},
    {&danesmtp_options::dane_require_tls, "yes ",
     "option dane_require_tls: \"yes \" is not yes or no"},
    {&danesmtp_options::dane_tls_resumption, nullptr, ""},
    {&danesmtp_options::dane_tls_resumption, "yes", ""},
    {&danesmtp_options::dane_tls_resumption, "no", ""},
    {&danesmtp_options::dane_tls_resumption, "true",
     "option dane_tls_resumption: \"true\" is not yes or no"},
    {&danesmtp_options::dane_tlsrpt_socket, nullptr, ""},
    {&danesmtp_options::dane_tlsrpt_socket, "", ""},
    {&danesmtp_options::dane_tlsrpt_socket, "/run/tlsrpt/collectd.socket", ""},
    {&danesmtp_options::dane_tlsrpt_socket, "$spool_directory/tlsrpt", ""},
    {&danesmtp_options::dane_tlsrpt_socket, "unix:/run/tlsrpt",
     "option dane_tlsrpt_socket: \"unix:/run/tlsrpt\" is no absolute path"},
};

struct NamedFile {
  const char* path;
  const char* why;  // "": it can be read
};

const NamedFile kFiles[] = {
    {nullptr, ""},
    {"", ""},
    {"/dev/null", ""},
    {"/nonexistent", "cannot read /nonexistent: No such file or directory"},
    {"/tmp", "cannot read /tmp: Is a directory"},
};

struct FileOption {
  const char* name;
  uschar* danesmtp_options::*option;
};

const FileOption kFileOptions[] = {
    {"dane_resolver", &danesmtp_options::dane_resolver},
    {"dane_trust_anchor_file", &danesmtp_options::dane_trust_anchor_file},
};

std::string file_fault(const transport_instance& transport, const FileOption& option,
                       const char* path) {
  Value value;
  if (path) value.text = path;
  set_options = {};
  set_options.*option.option = value.pointer();
  const char* fault = own_files_fault(&transport);
  return fault ? fault : "";
}

}  // namespace

// What the rest of the shim gives to option_check.c.
extern "C" {
uid_t exim_uid = ::geteuid();
gid_t exim_gid = ::getegid();
struct danesmtp_options* own_options(const transport_instance*) {
  return &set_options;
}
}

START_TEST(says_what_the_core_says) {
  const OptionRow& row = option_rows()[static_cast<std::size_t>(_i)];
  const std::string fault = fault_of(row);
  const auto core = parse_resolver_options(core_options(row));
  ck_assert_msg(fault.empty() == core.has_value(), "%s: shim \"%s\", core \"%s\"", row.line.c_str(),
                fault.c_str(), core ? "" : core.error().text.c_str());
  ck_assert_msg(fault.empty() == row.refusal.empty(), "%s: %s", row.line.c_str(), fault.c_str());
  if (core) return;
  assert_contains(fault, row.refusal);
  assert_text(reason_of(fault), reason_of(core.error().text));
}
END_TEST

START_TEST(words) {
  const Word& row = kWords[_i];
  Value value;
  if (row.value) value.text = row.value;
  struct danesmtp_options options {};
  options.*row.option = value.pointer();
  const char* fault = own_options_fault(&options);
  assert_text(fault ? fault : "", row.fault);
}
END_TEST

START_TEST(a_long_value_is_shown_in_part) {
  OptionRow row;
  row.resolver = std::string(5000, 'x');
  const std::string fault = fault_of(row);
  assert_contains(fault, "option dane_resolver = \"xxx");
  assert_contains(fault, "xxx\": expected auto, system");
}
END_TEST

START_TEST(files) {
  for (const auto& option : kFileOptions)
    for (const auto& file : kFiles) {
      const std::string expected =
          *file.why ? "option " + std::string(option.name) + ": " + file.why : "";
      assert_text(file_fault({}, option, file.path), expected);
    }
}
END_TEST

// As the user of the delivery: root may read everything.
START_TEST(a_file_that_the_delivery_may_not_read) {
  char path[] = "/tmp/option_check_XXXXXX";
  const int fd = ::mkstemp(path);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(::fchmod(fd, 0), 0);
  const uid_t before = ::geteuid();
  const transport_instance nobody{1, 1, 65534, 65534};
  const std::string fault = file_fault(nobody, kFileOptions[0], path);
  ::close(fd);
  ::unlink(path);
  assert_text(fault,
              "option dane_resolver: cannot read " + std::string(path) + ": Permission denied");
  ck_assert_uint_eq(::geteuid(), before);
}
END_TEST

int main() {
  Suite* suite = suite_create("option_check");
  TCase* tc = tcase_create("options");
  const int rows = static_cast<int>(option_rows().size());
  if (rows < 50) return EXIT_FAILURE;  // the list was not found
  tcase_add_loop_test(tc, says_what_the_core_says, 0, rows);
  tcase_add_loop_test(tc, words, 0, static_cast<int>(std::size(kWords)));
  tcase_add_test(tc, a_long_value_is_shown_in_part);
  tcase_add_test(tc, files);
  tcase_add_test(tc, a_file_that_the_delivery_may_not_read);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
