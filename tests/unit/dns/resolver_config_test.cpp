// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/resolver_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <map>

#include "unit/check_support.h"
#include "unit/dns/resolver_option_rows.h"
#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct ResolvConf {
  const char* name;
  const char* text;
  const char* servers;  // nullptr: refused
};

const ResolvConf kResolvConfs[] = {
    {"empty", "", "127.0.0.1"},
    {"only comments", "# nameserver 192.0.2.1\n;nameserver 192.0.2.2\n", "127.0.0.1"},
    {"one", "nameserver 192.0.2.1\n", "192.0.2.1"},
    {"no newline at the end", "search lab\nnameserver 192.0.2.1", "192.0.2.1"},
    {"three are taken, in order",
     "nameserver 192.0.2.1\nnameserver\t2001:db8::1\noptions edns0\nnameserver 192.0.2.3\n"
     "nameserver fe80::1%eth0 # router\n",
     "192.0.2.1 2001:db8::1 192.0.2.3"},
    {"a link-local one", "nameserver fe80::1%eth0 # router\n", "fe80::1%eth0"},
    {"one that cannot be used", "nameserver ns.lab\nnameserver 192.0.2.1\n", "192.0.2.1"},
    {"none that can be used", "nameserver ns.lab\n", nullptr},
    {"Windows line ends", "nameserver 192.0.2.1\r\n", "192.0.2.1"},
};

#define DS ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"

struct Anchors {
  const char* name;
  const char* text;
  const char* anchors;  // joined by '|'; nullptr: refused
};

const Anchors kAnchors[] = {
    {"empty", "", nullptr},
    {"only comments", "; root\n\n", nullptr},
    {"words", "hello world\n", nullptr},
    {"binary", "\x01\x02\xff(\n", nullptr},
    {"another type", ". 3600 IN A 192.0.2.1 1 2 3 4\n", nullptr},
    {"another zone only", "lab. IN DS 1 13 2 AABB\n", nullptr},
    {"too short", ". IN DS 20326 8 2\n", nullptr},
    {"a named algorithm", ". IN DS 20326 RSASHA256 2 AABB\n", nullptr},
    {"a good line and a broken one", DS "\ngarbage\n", nullptr},
    {"an open parenthesis", ". IN DNSKEY ( 257 3 8\nAwEAA\n", nullptr},
    {"BIND's form", "trust-anchors {\n. initial-key 257 3 8 \"AwEAA\";\n};\n", nullptr},
    {"a revoked key only", ". IN DNSKEY 385 3 8 AwEAAa\n", nullptr},  // RFC 5011 2.1
    {"a key on probation only",
     ". 172800 IN DNSKEY 257 3 8 AwEAAa ;{id = 1} ;;state=1 [ ADDPEND ] ;;count=3\n", nullptr},
    {"DS", DS "\n", DS},
    {"DS with a time and no class", ".\t3600\tDS\t1 13 2 AA BB\r\n", ". IN DS 1 13 2 AA BB"},
    {"class before time, lower case", ". in 3600 dnskey 257 3 13 abcd",
     ". IN DNSKEY 257 3 13 abcd"},
    {"parentheses", ". IN DNSKEY 257 3 8 ( AwEAA ; first\n  aBcD\n) ; done\n",
     ". IN DNSKEY 257 3 8 AwEAA aBcD"},
    {"a file of automatic updates",
     "; autotrust trust anchor file\n;;id: . 1\n"
     ".\t86400\tIN\tDNSKEY\t257 3 8 AwEAAold ;{id = 1} ;;state=3 [ MISSING ] ;;count=0\n"
     ".\t86400\tIN\tDNSKEY\t257 3 8 AwEAAnow ;{id = 2} ;;state=2 [  VALID  ] ;;count=0\n"
     ".\t86400\tIN\tDNSKEY\t257 3 8 AwEAAnew ;{id = 3} ;;state=1 [ ADDPEND ] ;;count=9\n"
     ".\t86400\tIN\tDNSKEY\t385 3 8 AwEAAbad ;{id = 4} ;;state=4 [ REVOKED ] ;;count=0\n",
     ". IN DNSKEY 257 3 8 AwEAAold|. IN DNSKEY 257 3 8 AwEAAnow"},
    {"another zone beside the root", DS "\nlab. IN DS 1 13 2 AABB\n", DS "|lab. IN DS 1 13 2 AABB"},
};

ResolverSettings settings_of(const ResolverOptions& options) {
  return assert_ok(parse_resolver_options(options));
}

// As resolver_options.txt writes it.
std::string text_of(const ResolverSettings& settings) {
  static const std::map<Upstream, std::string> upstreams = {
      {Upstream::Auto, "auto"},
      {Upstream::System, "system"},
      {Upstream::Recursive, "recursive"},
      {Upstream::Forward, "forward"},
      {Upstream::UnboundConf, "unbound.conf"}};
  std::string text = upstreams.at(settings.upstream);
  text += settings.dnssec == DnssecMode::Validate ? " validate" : " believe";
  for (const auto& server : settings.servers) text += " " + server_text(server);
  return text;
}

}  // namespace

START_TEST(option_texts) {
  const OptionRow& row = option_rows()[static_cast<std::size_t>(_i)];
  const auto options = core_options(row);
  if (row.refusal.empty()) {
    const auto settings = settings_of(options);
    assert_text(text_of(settings), row.result);
    assert_text(settings.trust_anchor_file, options.trust_anchor_file);
    assert_text(settings.unbound_conf,
                settings.upstream == Upstream::UnboundConf ? options.resolver : "");
    return;
  }
  auto error = assert_error(parse_resolver_options(options), ErrorKind::BadInput);
  assert_contains(error.text, row.refusal);
  ck_assert_msg(error.text.find('\n') == std::string::npos, "%s: two lines", row.line.c_str());
}
END_TEST

START_TEST(resolv_conf) {
  const ResolvConf& row = kResolvConfs[_i];
  auto servers = parse_resolv_conf(row.text);
  if (!row.servers) {
    assert_error(servers, ErrorKind::BadInput);
    return;
  }
  std::string seen;
  for (const auto& server : assert_ok(servers)) {
    seen += (seen.empty() ? "" : " ") + server.address;
    ck_assert_uint_eq(server.port, 53);
  }
  ck_assert_msg(seen == row.servers, "%s: %s", row.name, seen.c_str());
}
END_TEST

// tests D-014
START_TEST(trust_anchors) {
  const Anchors& row = kAnchors[_i];
  auto anchors = parse_trust_anchors(row.text);
  ck_assert_msg(anchors.has_value() == (row.anchors != nullptr), "%s", row.name);
  if (!row.anchors) {
    assert_error(anchors, ErrorKind::BadInput);
    return;
  }
  std::string seen;
  for (const auto& anchor : *anchors) seen += (seen.empty() ? "" : "|") + anchor;
  ck_assert_msg(seen == row.anchors, "%s: %s", row.name, seen.c_str());
}
END_TEST

// Never "no anchor, so nothing is signed"; tests D-014, D-164
START_TEST(an_anchor_file_that_cannot_be_used_is_named) {
  OwnDirectory directory;
  const std::string bad[] = {directory.file("missing"), directory.file("empty", ""),
                             directory.file("garbage", "hello\n"), "/tmp",
                             directory.file("large", std::string(2 << 20, '\n'))};
  for (const auto& file : bad) {
    auto setup = read_resolver_files(settings_of({"forward:127.0.0.1", "", file}));
    assert_contains(assert_error(setup, ErrorKind::BadInput).text, file);
    setup = read_resolver_files(settings_of({"/etc/unbound.conf", "", file}));
    assert_contains(assert_error(setup, ErrorKind::BadInput).text, file);
  }
}
END_TEST

START_TEST(the_usual_places) {
  OwnDirectory directory;
  SystemFiles files{directory.file("resolv.conf"), {directory.file("a"), directory.file("b")}, {}};
  auto settings = settings_of({});
  auto error = assert_error(read_resolver_files(settings, files), ErrorKind::BadInput);
  assert_contains(error.text, directory.file("b"));
  assert_contains(error.text, "dane_trust_anchor_file");

  directory.file("b", DS "\n");
  auto setup = assert_ok(read_resolver_files(settings, files));
  assert_text(setup.trust_anchor_file, directory.file("b"));
  ck_assert_uint_eq(setup.trust_anchors.size(), 1);
  ck_assert(setup.servers == (std::vector<NameServer>{{"127.0.0.1", 53}}));  // no resolv.conf

  directory.file("a", "");  // there, but of no use: an error, not a reason to go on
  assert_error(read_resolver_files(settings, files), ErrorKind::BadInput);
}
END_TEST

START_TEST(what_each_mode_reads) {
  OwnDirectory directory;
  SystemFiles files{directory.file("resolv.conf", "nameserver 192.0.2.7\n"),
                    {directory.file("key", DS "\n")},
                    {directory.file("no-hints"), directory.file("hints", ". NS a.\n")}};
  auto system = assert_ok(read_resolver_files(settings_of({}), files));
  ck_assert(system.servers == (std::vector<NameServer>{{"192.0.2.7", 53}}));

  auto recursive = assert_ok(read_resolver_files(settings_of({"recursive", "", ""}), files));
  ck_assert(recursive.servers.empty());
  assert_text(recursive.root_hints, directory.file("hints"));
  assert_text(system.root_hints, directory.file("hints"));  // auto
  ck_assert(
      assert_ok(read_resolver_files(settings_of({"system", "", ""}), files)).root_hints.empty());
  ck_assert_uint_eq(recursive.trust_anchors.size(), 1);

  auto conf = assert_ok(read_resolver_files(settings_of({"/u.conf", "", ""}), files));
  assert_text(conf.unbound_conf, "/u.conf");
  ck_assert(conf.trust_anchors.empty());  // its own

  files.trust_anchor_files.clear();
  auto believed = assert_ok(read_resolver_files(settings_of({"", "resolver", ""}), files));
  ck_assert(believed.trust_anchors.empty());

  directory.file("resolv.conf", "nameserver ns.lab\n");
  auto error = assert_error(read_resolver_files(settings_of({"", "resolver", ""}), files),
                            ErrorKind::BadInput);
  assert_contains(error.text, files.resolv_conf);
}
END_TEST

int main() {
  Suite* suite = suite_create("resolver_config");
  TCase* tc = tcase_create("texts");
  const int rows = static_cast<int>(option_rows().size());
  if (rows < 50) return EXIT_FAILURE;  // the list was not found
  tcase_add_loop_test(tc, option_texts, 0, rows);
  tcase_add_loop_test(tc, resolv_conf, 0, static_cast<int>(std::size(kResolvConfs)));
  tcase_add_loop_test(tc, trust_anchors, 0, static_cast<int>(std::size(kAnchors)));
  suite_add_tcase(suite, tc);
  tc = tcase_create("files");
  tcase_add_test(tc, an_anchor_file_that_cannot_be_used_is_named);
  tcase_add_test(tc, the_usual_places);
  tcase_add_test(tc, what_each_mode_reads);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
