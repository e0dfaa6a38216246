// SPDX-License-Identifier: GPL-2.0-or-later
// Keys that are never used, and those next to them that are; wherever a key may come from.
#include "x509/key_limits.h"

#include <ctime>

#include "dane/tlsa_match.h"
#include "unit/dane/verdict_case.h"
#include "unit/x509/forged_certificate.h"

#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const Bytes kUsual{1, 0, 1};

struct KeyCase {
  const char* name;
  bool usable;
  Bytes (*key)();
};

const KeyCase kKeys[] = {
    {"2048 bits, 65537", true, [] { return rsa_key_info(2048, kUsual); }},
    {"2048 bits, 3", true, [] { return rsa_key_info(2048, {3}); }},
    {"16384 bits", true, [] { return rsa_key_info(16384, kUsual); }},
    {"16385 bits", false, [] { return rsa_key_info(16385, kUsual); }},
    {"65536 bits", false, [] { return rsa_key_info(65536, kUsual); }},
    {"an exponent of 64 bits", true, [] { return rsa_key_info(2048, Bytes(8, 0xff)); }},
    {"an exponent of 65 bits", false,
     [] {
       return rsa_key_info(2048, {1, 0, 0, 0, 0, 0, 0, 0, 1});
     }},
    {"an exponent of 2048 bits", false, [] { return rsa_key_info(2048, Bytes(255, 0xff)); }},
    {"the exponent 1", false, [] { return rsa_key_info(2048, {1}); }},
    {"the exponent 2", false, [] { return rsa_key_info(2048, {2}); }},
    {"an even exponent", false,
     [] {
       return rsa_key_info(2048, {1, 0, 2});
     }},
    {"an even modulus", false, [] { return rsa_key_info(2048, kUsual, 0x0a); }},
    {"DSA of 2048 and 256 bits", true, [] { return dsa_key_info(2048, 256); }},
    {"DSA of 10000 and 224 bits", true, [] { return dsa_key_info(10000, 224); }},
    {"DSA of 10001 bits", false, [] { return dsa_key_info(10001, 256); }},
    {"DSA with an order of 255 bits", false, [] { return dsa_key_info(2048, 255); }},
    {"DSA of an even modulus", false, [] { return dsa_key_info(2048, 256, 0x0a); }},
};

// Leaf and issuer of a lab; the key of one of them is another. What was signed with it is void.
struct Keyed {
  Lab lab;
  Bytes huge = rsa_key_info(65536, Bytes(8190, 0xff));
  Bytes leaf = with_field(lab.leaf.der, kKey, huge);
  Bytes issuer = with_field(lab.issuer.der, kKey, huge);
};

TlsaRecord record_of(const char* form, const Bytes& octets) {
  auto record = assert_ok(parse_tlsa_text(std::string(form) + " 00"));
  record.data = assert_ok(matching_data(record.matching, octets));
  return record;
}

const VerdictCase kPlaces[] = {
    {"the server's certificate, usage 3", refused(),
     [] {
       Keyed k;
       return Asked{{k.leaf}, {record_of("3 1 1", k.huge)}};
     }},
    {"the anchor, presented", refused(),
     [] {
       Keyed k;
       return Asked{{k.lab.leaf.der, k.issuer}, {record_of("2 1 1", k.huge)}};
     }},
    {"the anchor, published in full", refused(),
     [] {
       Keyed k;
       return Asked{{k.lab.leaf.der}, {record_of("2 0 0", k.issuer)}};
     }},
    {"the anchor, a bare key", refused(),
     [] {
       Keyed k;
       return Asked{{k.lab.leaf.der}, {record_of("2 1 0", k.huge)}};
     }},
    {"between leaf and anchor", refused(),
     [] {
       Keyed k;
       return Asked{{k.lab.leaf.der, k.issuer, k.lab.upper.der},
                    {record_for("2 1 1", k.lab.upper.der)}};
     }},
    {"beside the path", accepted(1),
     [] {
       Keyed k;
       return Asked{{k.lab.leaf.der, k.leaf, k.lab.issuer.der},
                    {record_for("2 1 1", k.lab.issuer.der)}};
     }},
};

}  // namespace

START_TEST(tells_usable_keys) {
  auto key = assert_ok(import_public_key(kKeys[_i].key()));
  std::string why = why_key_unusable(key.get());
  ck_assert_msg(why.empty() == kKeys[_i].usable, "%s: %s", kKeys[_i].name, why.c_str());
}
END_TEST

START_TEST(no_verdict_comes_of_an_unusable_key) {
  assert_verdict(kPlaces[_i]);
}
END_TEST

// tests D-107: an anchor whose signatures take 12 s to verify each, which is not begun.
START_TEST(costs_no_time) {
  Keyed k;
  Bytes algorithm{0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 11, 5, 0};
  auto parts = elements_of(with_field(k.lab.leaf.der, kAlgorithm, algorithm));
  parts[1] = algorithm;
  Bytes signature(8193, 0x5a);
  signature.front() = 0;
  Bytes leaf = der_element(0x30, {parts[0], parts[1], der_element(0x03, {signature})});
  const std::clock_t before = std::clock();
  auto verdict = verdict_on({{leaf, k.issuer}, {record_of("2 1 1", k.huge)}});
  const auto seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  ck_assert(!verdict.authenticated());
  ck_assert_msg(seconds < 2, "%.1f s of CPU", seconds);
}
END_TEST

// The anchor of a record in full decodes, so the record does not count as unusable (RFC 7672 2.2).
START_TEST(a_record_of_such_a_key_is_usable_and_matches_nobody) {
  Keyed k;
  assert_text(why_unusable(record_of("2 0 0", k.issuer)), "");
  assert_text(why_unusable(record_of("2 1 0", k.huge)), "");
}
END_TEST

START_TEST(the_search_ends_at_its_deadline) {
  Lab lab;
  std::vector<DnsName> names{dns_name("mx.lab")};
  PeerChain chain = lab.chain();
  std::vector<TlsaRecord> records{record_for("2 1 1", lab.root.der)};
  using namespace std::chrono_literals;
  ck_assert(verify_dane({chain, records, names, kNow, Deadline::in(60s)}).authenticated());
  auto verdict = verify_dane({chain, records, names, kNow, Deadline::in(0s)});
  ck_assert(!verdict.authenticated());
  assert_contains(verdict.reason, "no time left");
}
END_TEST

int main() {
  Suite* suite = suite_create("key_limits");
  TCase* tc = tcase_create("limits");
  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, tells_usable_keys, 0, static_cast<int>(std::size(kKeys)));
  tcase_add_loop_test(tc, no_verdict_comes_of_an_unusable_key, 0,
                      static_cast<int>(std::size(kPlaces)));
  tcase_add_test(tc, costs_no_time);
  tcase_add_test(tc, a_record_of_such_a_key_is_usable_and_matches_nobody);
  tcase_add_test(tc, the_search_ends_at_its_deadline);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
