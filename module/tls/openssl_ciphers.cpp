// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/openssl_ciphers.h"

#include <gnutls/gnutls.h>

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "core/format.h"
#include "core/words.h"
#include "tls/openssl_cipher_list.h"

namespace danesmtp {
namespace {

using Suites = std::vector<OpensslSuite>;

struct Versions {
  bool tls12 = true;
  bool tls13 = true;
};

// As Exim reads openssl_options: the last word on a switch counts.
Versions versions_of(std::string_view options) {
  Versions versions;
  for (auto word : words_of(options, " \t\n")) {
    const bool off = word.front() == '+';
    if (word.substr(1) == "no_tlsv1_2") versions.tls12 = !off;
    if (word.substr(1) == "no_tlsv1_3") versions.tls13 = !off;
  }
  return versions;
}

std::string version_switches(const Versions& versions) {
  return std::string(versions.tls12 ? "" : ":-VERS-TLS1.2") +
         (versions.tls13 ? "" : ":-VERS-TLS1.3");
}

struct GroupName {
  std::string_view openssl;
  const char* gnutls;
};

constexpr GroupName kGroups[] = {
    {"prime256v1", "SECP256R1"},
    {"secp256r1", "SECP256R1"},
    {"P-256", "SECP256R1"},
    {"secp384r1", "SECP384R1"},
    {"P-384", "SECP384R1"},
    {"secp521r1", "SECP521R1"},
    {"P-521", "SECP521R1"},
    {"X25519", "X25519"},
    {"x25519", "X25519"},
    {"X448", "X448"},
    {"x448", "X448"},
    {"ffdhe2048", "FFDHE2048"},
    {"ffdhe3072", "FFDHE3072"},
    {"ffdhe4096", "FFDHE4096"},
    {"ffdhe6144", "FFDHE6144"},
    {"ffdhe8192", "FFDHE8192"},
};

std::string group_item(std::string_view name) {
  while (name.starts_with('?') || name.starts_with('*')) name.remove_prefix(1);
  for (const auto& [openssl, gnutls] : kGroups)
    if (name == openssl) return format(":+GROUP-{}", gnutls);
  return {};
}

// Nothing for "auto", and where no group is known.
std::string group_choice(std::string_view groups) {
  std::string items;
  for (auto name : words_of(groups, ":/ ")) {
    if (name == "auto") return {};
    items += group_item(name);
  }
  return items.empty() ? items : ":-GROUP-ALL" + items;
}

bool names_no_group(std::string_view groups) {
  const auto names = words_of(groups, ":/ ");
  return !names.empty() && std::none_of(names.begin(), names.end(), [](auto name) {
    return name == "auto" || !group_item(name).empty();
  });
}

// TLS 1.3 keeps the ciphers of the list, or where it leaves none, all that are not forbidden.
Suites tls13_suites(const CipherChoice& choice) {
  Suites named, shared;
  for (const auto& suite : choice.suites)
    if (suite.is_tls13()) named.push_back(suite);
  if (!named.empty()) return named;
  for (const auto& suite : choice.tls13)
    if (std::any_of(choice.suites.begin(), choice.suites.end(),
                    [&](const auto& listed) { return listed.cipher == suite.cipher; }))
      shared.push_back(suite);
  return shared.empty() ? choice.tls13 : shared;
}

// Each name once, in order of appearance.
class Items {
 public:
  void add(const char* name) {
    if (name != nullptr && seen_.insert(name).second) text_ += format(":+{}", name);
  }
  const std::string& text() const { return text_; }

 private:
  std::set<std::string> seen_;
  std::string text_;
};

const char* profile(int level) {
  constexpr std::array<const char*, 6> kProfiles = {"",
                                                    ":%PROFILE_LOW",
                                                    ":%PROFILE_MEDIUM",
                                                    ":%PROFILE_HIGH",
                                                    ":%PROFILE_ULTRA",
                                                    ":%PROFILE_FUTURE"};
  return kProfiles.at(static_cast<std::size_t>(level));
}

// Empty: no suite is left, in a version that is allowed.
std::string cipher_choice(const CipherChoice& choice, Versions& versions) {
  Suites suites;
  if (versions.tls12)
    for (const auto& suite : choice.suites)
      if (!suite.is_tls13()) suites.push_back(suite);
  versions.tls12 = !suites.empty();
  const auto tls13 = tls13_suites(choice);
  versions.tls13 = versions.tls13 && !tls13.empty() && !choice.suites.empty();
  if (versions.tls13) suites.insert(suites.end(), tls13.begin(), tls13.end());
  if (suites.empty()) return {};

  Items kx, ciphers, macs;
  for (const auto& suite : suites) {
    if (!suite.is_tls13()) kx.add(gnutls_kx_get_name(suite.kx));
    ciphers.add(gnutls_cipher_get_name(suite.cipher));
    macs.add(gnutls_mac_get_name(suite.mac));
  }
  return ":-KX-ALL:-CIPHER-ALL:-MAC-ALL" + kx.text() + ciphers.text() + macs.text() +
         profile(choice.security_level);
}

bool is_priority(const std::string& text) {
  gnutls_priority_t made = nullptr;
  if (gnutls_priority_init(&made, text.c_str(), nullptr) < 0) return false;
  gnutls_priority_deinit(made);
  return true;
}

// A word of GnuTLS's that is none of OpenSSL's.
bool is_in_gnutls_language(std::string_view ciphers) {
  const auto first = ciphers.substr(0, ciphers.find(':'));
  const bool known = first == "NORMAL" || first == "NONE" || first == "PFS" ||
                     first == "PERFORMANCE" || first == "SECURE128" || first == "SECURE192" ||
                     first == "SECURE256";
  return known && is_priority(std::string(ciphers));
}

void remark(TranslatedWishes& wishes, std::string_view what) {
  wishes.remark += format("{}{}", wishes.remark.empty() ? "" : "; ", what);
}

}  // namespace

TranslatedWishes priority_from_openssl(const OpensslWishes& wishes) {
  TranslatedWishes translated;
  Versions versions = versions_of(wishes.options);
  if (!versions.tls12 && !versions.tls13) {
    remark(translated, "openssl_options leave no version of TLS that can be used");
    versions = {};
  }
  std::string base = "NORMAL", choice;
  if (is_in_gnutls_language(wishes.ciphers)) {
    base = wishes.ciphers;
  } else if (!wishes.ciphers.empty()) {
    Versions left = versions;
    choice = cipher_choice(read_cipher_list(wishes.ciphers), left);
    if (choice.empty())
      remark(translated, format("\"{}\" names no cipher suite that can be used", wishes.ciphers));
    else
      versions = left;
  }
  if (names_no_group(wishes.groups))
    remark(translated, format("tls_eccurve \"{}\" names no group that can be used", wishes.groups));
  const auto all = base + choice + version_switches(versions) + group_choice(wishes.groups);
  if (all != "NORMAL") translated.priority = all;
  return translated;
}

}  // namespace danesmtp
