// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/dns_name.h"

#include <iterator>

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Refused {
  const char* why;
  std::string text;
};

const Refused kRefused[] = {
    {"empty", ""},
    {"the root", "."},
    {"an empty label", "a..b"},
    {"a leading dot", ".a"},
    {"two trailing dots", "a.."},
    {"an IPv4 address", "192.0.2.1"},
    {"an IPv6 address", "2001:db8::1"},
    {"an address literal", "[192.0.2.1]"},
    {"an IPv4 address after IDNA mapping",
     "1.0.\xc2\xb2"
     "2.0"},
    {"an IPv6 literal", "[IPv6:2001:db8::1]"},
    {"a space", "a b.example"},
    {"a wildcard", "*.example"},
    {"a NUL octet", std::string("a\0b.example", 11)},
    {"a NUL octet at the end", std::string("a.example\0", 10)},
    {"a label of 64", std::string(64, 'a') + ".example"},
    {"a name of 254", std::string(62, 'a') + "." + std::string(63, 'b') + "." +
                          std::string(63, 'c') + "." + std::string(63, 'd')},
    {"broken UTF-8", "\xff\xfe.example"},
};

struct Accepted {
  const char* text;
  const char* name;
};

const Accepted kAccepted[] = {
    {"example", "example"},
    {"MX.Example.COM", "mx.example.com"},
    {"mx.example.com.", "mx.example.com"},
    {"_25._tcp.mx.example.com", "_25._tcp.mx.example.com"},
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},  // D-090
    {"1.2.3.4.5", "1.2.3.4.5"},
};

}  // namespace

START_TEST(refuses) {
  assert_error(DnsName::parse(kRefused[_i].text), ErrorKind::BadInput);
}
END_TEST

// tests D-090
START_TEST(accepts) {
  auto name = assert_ok(DnsName::parse(kAccepted[_i].text));
  assert_text(name.text(), kAccepted[_i].name);
}
END_TEST

START_TEST(a_name_of_253_is_the_longest) {
  std::string longest = std::string(61, 'a') + "." + std::string(63, 'b') + "." +
                        std::string(63, 'c') + "." + std::string(63, 'd');
  ck_assert_uint_eq(longest.size(), 253);
  assert_text(assert_ok(DnsName::parse(longest)).text(), longest);
}
END_TEST

START_TEST(wire_form) {
  const Bytes good = {2, 'm', 'X', 3, 'l', 'a', 'b', 0, 'x'};
  assert_text(assert_ok(DnsName::from_wire(good)).text(), "mx.lab");
  const Bytes bad[] = {{},           {0},           {2, 'm'},    {3, 'm', 'x', 0},
                       {64, 'a', 0}, {2, 'm', 'x'}, {0xc0, 0x0c}};
  for (const auto& wire : bad) assert_error(DnsName::from_wire(wire), ErrorKind::BadInput);
}
END_TEST

// RFC 2181 11: a name of the DNS may have any octets. Equal names have one text, and none that is
// no host name has the text of one.
START_TEST(names_that_are_no_host_names) {
  const struct {
    Bytes wire;
    const char* dns_text;  // as libraries print it
    const char* text;
  } rows[] = {
      {{3, 'a', '/', 'B', 3, 'l', 'a', 'b', 0}, "a/B.lab", "a\\047b.lab"},
      {{3, 'a', '.', 'b', 3, 'l', 'a', 'b', 0}, "a\\.b.lab.", "a\\046b.lab"},
      {{3, 'a', 0, 'b', 0}, "a\\000b", "a\\000b"},
      {{2, '\\', '1', 0}, "\\\\1", "\\0921"},
      {{1, '*', 3, 'l', 'a', 'b', 0}, "*.lab", "\\042.lab"},
      {{2, 'a', 255, 0}, "a\\255", "a\\255"},
      {{3, '1', '9', '2', 1, '0', 1, '2', 1, '1', 0}, "192.0.2.1", "192.0.2.1"},
  };
  for (const auto& row : rows) {
    const auto name = assert_ok(DnsName::from_wire(row.wire));
    assert_text(name.text(), row.text);
    ck_assert(assert_ok(DnsName::from_dns_text(row.dns_text)) == name);
    ck_assert(assert_ok(DnsName::from_dns_text(name.text())) == name);
  }
  ck_assert(!DnsName::from_dns_text("a/b.lab")->is_host_name());
  ck_assert(DnsName::from_dns_text("_a-b.lab")->is_host_name());
  const std::string long_label(64, 'a');
  for (const std::string& text :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), std::string("a\\"),
        std::string("a\\25"), std::string("a\\256"), long_label})
    assert_error(DnsName::from_dns_text(text), ErrorKind::BadInput);
}
END_TEST

START_TEST(the_longest_name_of_the_dns) {
  const std::string label(63, '/');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, '/');
  assert_ok(DnsName::from_dns_text(longest));
  assert_error(DnsName::from_dns_text(longest + "/"), ErrorKind::BadInput);
}
END_TEST

// What Exim has from a configuration or a record: U-labels are converted, odd octets kept.
START_TEST(names_of_any_kind) {
  assert_text(assert_ok(DnsName::of_any_kind("b\xc3\xbc"
                                             "cher.lab"))
                  .text(),
              "xn--bcher-kva.lab");
  assert_text(assert_ok(DnsName::of_any_kind("a/b.lab")).text(), "a\\047b.lab");
  for (const char* text : {"192.0.2.1", "[192.0.2.1]", "2001:db8::1", ""})
    assert_error(DnsName::of_any_kind(text), ErrorKind::BadInput);
}
END_TEST

// tests D-061: the real port is part of the name
START_TEST(tlsa_owner_has_the_port) {
  auto name = assert_ok(DnsName::parse("mx.lab"));
  assert_text(assert_ok(name.tlsa_owner(2525)).text(), "_2525._tcp.mx.lab");
}
END_TEST

int main() {
  Suite* suite = suite_create("dns_name");
  TCase* tc = tcase_create("parse");
  tcase_add_loop_test(tc, refuses, 0, static_cast<int>(std::size(kRefused)));
  tcase_add_loop_test(tc, accepts, 0, static_cast<int>(std::size(kAccepted)));
  tcase_add_test(tc, a_name_of_253_is_the_longest);
  tcase_add_test(tc, wire_form);
  tcase_add_test(tc, names_that_are_no_host_names);
  tcase_add_test(tc, the_longest_name_of_the_dns);
  tcase_add_test(tc, names_of_any_kind);
  tcase_add_test(tc, tlsa_owner_has_the_port);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
