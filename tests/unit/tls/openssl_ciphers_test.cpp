// SPDX-License-Identifier: GPL-2.0-or-later
// OpenSSL's language as GnuTLS's: which suites a list leaves, and that nothing makes a session
// weaker than the default (tests D-101, D-102).
#include "tls/openssl_ciphers.h"

#include <gnutls/gnutls.h>

#include <algorithm>
#include <set>

#include "tls/openssl_suites.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

struct Offer {
  std::set<std::string> suites;  // by OpenSSL's names, others by GnuTLS's
  std::string versions;
  bool usable = false;

  bool has(const char* name) const { return suites.count(name) != 0; }
};

std::string openssl_name(const std::string& gnutls_name) {
  for (const auto& suite : openssl_suites())
    if (suite.gnutls_name == gnutls_name) return suite.name;
  return gnutls_name;
}

// What GnuTLS would offer under a priority string, as tls/gnutls_session completes it.
Offer offer_of(const std::string& priority) {
  Offer offer;
  gnutls_priority_t made = nullptr;
  const auto used = (priority.empty() ? "NORMAL" : priority) + ":-VERS-TLS1.0:-VERS-TLS1.1";
  if (gnutls_priority_init(&made, used.c_str(), nullptr) < 0) return offer;
  offer.usable = true;
  unsigned index = 0;
  for (unsigned i = 0; gnutls_priority_get_cipher_suite_index(made, i, &index) !=
                       GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
       ++i) {
    const char* name = gnutls_cipher_suite_info(index, nullptr, nullptr, nullptr, nullptr, nullptr);
    if (name != nullptr) offer.suites.insert(openssl_name(name));
  }
  const unsigned* versions = nullptr;
  for (int left = gnutls_priority_protocol_list(made, &versions); left > 0; --left, ++versions)
    if (*versions == GNUTLS_TLS1_2 || *versions == GNUTLS_TLS1_3)
      offer.versions += gnutls_protocol_get_name(static_cast<gnutls_protocol_t>(*versions));
  gnutls_priority_deinit(made);
  return offer;
}

struct Row {
  const char* ciphers;
  std::set<std::string> offered;
};

const char* const k128 = "TLS_AES_128_GCM_SHA256";
const char* const k256 = "TLS_AES_256_GCM_SHA384";
const char* const kChacha = "TLS_CHACHA20_POLY1305_SHA256";

}  // namespace

START_TEST(a_list_leaves_these_suites) {
  const Row rows[] = {
      {"ECDHE-RSA-AES128-GCM-SHA256", {k128, "ECDHE-RSA-AES128-GCM-SHA256"}},
      {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", {k128, "ECDHE-RSA-AES128-GCM-SHA256"}},
      {"ECDHE+AESGCM:!AES128",
       {k256, "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"}},
      {"ECDHE+AESGCM:-AES128:!ECDSA", {k256, "ECDHE-RSA-AES256-GCM-SHA384"}},
      {"EECDH+AESGCM+aRSA+AES256", {k256, "ECDHE-RSA-AES256-GCM-SHA384"}},
      {"AES256+kEDH+AESGCM,!DSS", {k256, "DHE-RSA-AES256-GCM-SHA384"}},
      {"ECDHE+CHACHA20;!aECDSA", {kChacha, "ECDHE-RSA-CHACHA20-POLY1305"}},
      // No suite of TLS 1.3 has such a cipher: those that are not forbidden stay.
      {"AES256-SHA:!AES128:!CHACHA20", {k256, "AES256-SHA", "AES256-GCM-SHA384"}},
      {"TLS_CHACHA20_POLY1305_SHA256", {kChacha}},
      {"ECDHE-RSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384", {k256, "ECDHE-RSA-AES256-GCM-SHA384"}},
      {"ECDHE-RSA-AES128-GCM-SHA256:NO-SUCH-SUITE:!aNULL:!eNULL:!RC4:!PSK:!MD5",
       {k128, "ECDHE-RSA-AES128-GCM-SHA256"}},
      {"HIGH:!kRSA:!DHE:!ECDSA:!CBC:!AESCCM:@SECLEVEL=5:@STRENGTH",
       {k256, kChacha, "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"}},
      {"ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384:@SECLEVEL=3",
       {k256, "ECDHE-RSA-AES256-GCM-SHA384"}},
  };
  for (const auto& row : rows) {
    const auto translated = priority_from_openssl({row.ciphers, "", ""});
    ck_assert_msg(translated.remark.empty(), "%s: %s", row.ciphers, translated.remark.c_str());
    const auto offer = offer_of(translated.priority);
    std::string seen;
    for (const auto& name : offer.suites) seen += name + " ";
    ck_assert_msg(offer.suites == row.offered, "%s -> %s -> %s", row.ciphers,
                  translated.priority.c_str(), seen.c_str());
  }
}
END_TEST

START_TEST(usual_lists_leave_what_is_usual) {
  for (const char* list :
       {"DEFAULT", "ALL", "HIGH", "HIGH:!aNULL:!MD5", "DEFAULT@SECLEVEL=2", "DEFAULT:@SECLEVEL=1",
        "ECDHE:DHE:!aNULL", "EECDH:EDH:AES:!3DES", "HIGH:!SSLv2:!SSLv3"}) {
    const auto offer = offer_of(priority_from_openssl({list, "", ""}).priority);
    ck_assert_msg(offer.has(k256) && offer.has(k128) && offer.has("ECDHE-RSA-AES256-GCM-SHA384"),
                  "%s", list);
  }
}
END_TEST

START_TEST(what_cannot_be_expressed_is_the_default_and_told) {
  for (const char* list : {"NO-SUCH-SUITE", "RC4:3DES:NULL", "ADH", "aNULL:@SECLEVEL=0", "!ALL",
                           "ALL:!ALL", "ECDHE-ARIA128-GCM-SHA256", "NORMAL:+NO-SUCH", ":::", "@",
                           "!", "+", "-", "@SECLEVEL=99", "SECURE256:nonsense"}) {
    const auto translated = priority_from_openssl({list, "", ""});
    ck_assert_msg(translated.priority.empty(), "%s: %s", list, translated.priority.c_str());
    ck_assert_msg(translated.remark.find(list) != std::string::npos, "%s: %s", list,
                  translated.remark.c_str());
  }
}
END_TEST

START_TEST(nothing_said_is_the_default_and_nothing_is_told) {
  const auto translated = priority_from_openssl({"", "+no_sslv2 +no_sslv3 +single_dh_use", "auto"});
  ck_assert_str_eq(translated.priority.c_str(), "");
  ck_assert_str_eq(translated.remark.c_str(), "");
}
END_TEST

START_TEST(a_priority_string_is_left_as_it_is) {
  const auto translated = priority_from_openssl({"NORMAL:-VERS-TLS1.3", "", ""});
  ck_assert_str_eq(translated.priority.c_str(), "NORMAL:-VERS-TLS1.3");
  ck_assert_str_eq(translated.remark.c_str(), "");
}
END_TEST

START_TEST(versions_can_be_forbidden) {
  assert_text(offer_of(priority_from_openssl({"", "+no_tlsv1_3", ""}).priority).versions, "TLS1.2");
  assert_text(offer_of(priority_from_openssl({"", "+no_tlsv1_2", ""}).priority).versions, "TLS1.3");
  const auto with_list = priority_from_openssl({"ECDHE+AESGCM", "+no_tlsv1_3", ""});
  assert_text(offer_of(with_list.priority).versions, "TLS1.2");
  const auto of_tls13 = priority_from_openssl({"TLS_AES_256_GCM_SHA384", "", ""});
  assert_text(offer_of(of_tls13.priority).versions, "TLS1.3");
  const auto again = priority_from_openssl({"", "+no_tlsv1_3 +all\t-no_tlsv1_3 -no_sslv3", ""});
  ck_assert_str_eq(again.priority.c_str(), "");

  const auto none = priority_from_openssl({"", "+no_tlsv1_2 +no_tlsv1_3", ""});
  ck_assert(none.priority.empty() && none.remark.find("openssl_options") != std::string::npos);
  const auto no_suite = priority_from_openssl({"TLS_AES_256_GCM_SHA384", "+no_tlsv1_3", ""});
  ck_assert_str_eq(no_suite.priority.c_str(), "NORMAL:-VERS-TLS1.3");
  ck_assert(!no_suite.remark.empty());
}
END_TEST

START_TEST(groups_can_be_chosen) {
  const auto chosen = priority_from_openssl({"", "", "?X25519:*prime256v1/P-384:kyber"});
  ck_assert_str_eq(chosen.priority.c_str(),
                   "NORMAL:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1");
  ck_assert(offer_of(chosen.priority).usable && chosen.remark.empty());
  const auto unknown = priority_from_openssl({"", "", "brainpoolP256r1"});
  ck_assert(unknown.priority.empty() && unknown.remark.find("tls_eccurve") != std::string::npos);
}
END_TEST

// tests D-101, D-102: also where the list asks for it
START_TEST(nothing_weaker_than_the_default) {
  for (const char* list : {"ALL:eNULL:aNULL:@SECLEVEL=0", "COMPLEMENTOFALL:ALL:LOW:EXP:RC4",
                           "DES-CBC3-SHA:RC4-SHA:AES128-SHA", "PSK:SRP:AES128-SHA"}) {
    const auto translated = priority_from_openssl({list, "-all -no_sslv3 -no_tlsv1", ""});
    const auto offer = offer_of(translated.priority);
    ck_assert(offer.usable && offer.has("AES128-SHA"));
    for (const auto& name : offer.suites)
      for (const char* weak : {"NULL", "ANON", "RC4", "3DES", "ARCFOUR", "PSK", "SRP"})
        ck_assert_msg(name.find(weak) == std::string::npos, "%s: %s", list, name.c_str());
    ck_assert_msg(translated.priority.find("+VERS") == std::string::npos, "%s", list);
  }
}
END_TEST

int main() {
  Suite* suite = suite_create("openssl_ciphers");
  TCase* cases = tcase_create("table");
  tcase_add_test(cases, a_list_leaves_these_suites);
  tcase_add_test(cases, usual_lists_leave_what_is_usual);
  tcase_add_test(cases, what_cannot_be_expressed_is_the_default_and_told);
  tcase_add_test(cases, nothing_said_is_the_default_and_nothing_is_told);
  tcase_add_test(cases, a_priority_string_is_left_as_it_is);
  tcase_add_test(cases, versions_can_be_forbidden);
  tcase_add_test(cases, groups_can_be_chosen);
  tcase_add_test(cases, nothing_weaker_than_the_default);
  suite_add_tcase(suite, cases);
  return run_suite(suite);
}
