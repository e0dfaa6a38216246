// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/resolver_identity.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <set>

#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

ResolverSettings settings(const char* resolver, const char* dnssec = "",
                          const std::string& anchors = "") {
  return assert_ok(parse_resolver_options({resolver, dnssec, anchors}));
}

struct Files {
  OwnDirectory directory;
  SystemFiles system;

  Files() {
    for (const char* name : {"resolv.conf", "root.key", "other.key", "unbound.conf"})
      write_file(directory.file(name), name);
    system.resolv_conf = directory.file("resolv.conf");
    system.trust_anchor_files = {directory.file("missing.key"), directory.file("root.key")};
  }
};

}  // namespace

START_TEST(the_same_twice) {
  Files files;
  const auto one = resolver_identity(settings("auto"), files.system);
  ck_assert_uint_eq(one.size(), 16);
  ck_assert(one == resolver_identity(settings("auto"), files.system));
}
END_TEST

START_TEST(each_setting_counts) {
  Files files;
  const auto key = files.directory.file("other.key"), conf = files.directory.file("unbound.conf");
  std::set<Bytes> seen;
  for (const auto& one :
       {settings("auto"), settings("system"), settings("recursive"), settings("forward:192.0.2.1"),
        settings("forward:192.0.2.2"), settings("forward:192.0.2.1@54"),
        settings("forward:192.0.2.1,192.0.2.2"), settings("forward:192.0.2.1", "resolver"),
        settings("auto", "", key), settings("auto", "", files.directory.file("root.key")),
        settings(conf.c_str())})
    ck_assert(seen.insert(resolver_identity(one, files.system)).second);
}
END_TEST

struct Change {
  const char* file;
  const char* resolver;
  bool counts;
};

const Change kChanges[] = {
    {"resolv.conf", "auto", true},        {"resolv.conf", "system", true},
    {"resolv.conf", "recursive", false},  {"root.key", "auto", true},
    {"root.key", "recursive", true},      {"missing.key", "auto", true},
    {"other.key", "auto", false},         {"unbound.conf", "/unbound.conf", true},
    {"root.key", "/unbound.conf", false},
};

START_TEST(each_file_counts) {
  const Change& row = kChanges[_i];
  Files files;
  const std::string resolver =
      *row.resolver == '/' ? files.directory.file("unbound.conf") : row.resolver;
  const auto before = resolver_identity(settings(resolver.c_str()), files.system);
  // Of the same length and within the same tick of the clock it is told apart as another file.
  const auto aside = files.directory.file("aside");
  write_file(aside, row.file);
  ck_assert_int_eq(rename(aside.c_str(), files.directory.file(row.file).c_str()), 0);
  ck_assert_msg(
      (resolver_identity(settings(resolver.c_str()), files.system) != before) == row.counts,
      "%s with %s", row.file, row.resolver);
}
END_TEST

int main() {
  Suite* suite = suite_create("resolver_identity");
  TCase* all = tcase_create("all");
  tcase_add_test(all, the_same_twice);
  tcase_add_test(all, each_setting_counts);
  tcase_add_loop_test(all, each_file_counts, 0, static_cast<int>(std::size(kChanges)));
  suite_add_tcase(suite, all);
  return run_suite(suite);
}
