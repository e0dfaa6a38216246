// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/openssl_cipher_list.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace danesmtp {
namespace {

using Suites = std::vector<OpensslSuite>;
using Test = bool (*)(const OpensslSuite&);

struct Keyword {
  const char* word;
  Test matches;
};

bool is_dhe(const OpensslSuite& s) {
  return s.kx == GNUTLS_KX_DHE_RSA || s.kx == GNUTLS_KX_DHE_DSS;
}
bool is_ecdhe(const OpensslSuite& s) {
  return s.kx == GNUTLS_KX_ECDHE_RSA || s.kx == GNUTLS_KX_ECDHE_ECDSA;
}
bool is_static_rsa(const OpensslSuite& s) {
  return s.kx == GNUTLS_KX_RSA;
}
bool signs_by_rsa(const OpensslSuite& s) {
  return s.kx == GNUTLS_KX_RSA || s.kx == GNUTLS_KX_DHE_RSA || s.kx == GNUTLS_KX_ECDHE_RSA;
}
bool signs_by_dss(const OpensslSuite& s) {
  return s.kx == GNUTLS_KX_DHE_DSS;
}
bool signs_by_ecdsa(const OpensslSuite& s) {
  return s.kx == GNUTLS_KX_ECDHE_ECDSA;
}
bool any(const OpensslSuite&) {
  return true;
}

// Of the cipher's name as GnuTLS has it, "AES-128-GCM".
bool cipher_has(const OpensslSuite& s, std::string_view part) {
  return std::string_view(gnutls_cipher_get_name(s.cipher)).find(part) != std::string_view::npos;
}

constexpr Keyword kKeywords[] = {
    {"ALL", any},
    {"DEFAULT", any},
    {"HIGH", any},  // no other is among the suites
    {"kRSA", is_static_rsa},
    {"RSA", is_static_rsa},
    {"aRSA", signs_by_rsa},
    {"kDHE", is_dhe},
    {"kEDH", is_dhe},
    {"DHE", is_dhe},
    {"EDH", is_dhe},
    {"DH", is_dhe},
    {"kECDHE", is_ecdhe},
    {"kEECDH", is_ecdhe},
    {"ECDHE", is_ecdhe},
    {"EECDH", is_ecdhe},
    {"ECDH", is_ecdhe},
    {"aDSS", signs_by_dss},
    {"DSS", signs_by_dss},
    {"aECDSA", signs_by_ecdsa},
    {"ECDSA", signs_by_ecdsa},
    {"TLSv1.2", [](const OpensslSuite& s) { return s.oldest == GNUTLS_TLS1_2; }},
    {"TLSv1.0", [](const OpensslSuite& s) { return s.oldest < GNUTLS_TLS1_2; }},
    {"TLSv1", [](const OpensslSuite& s) { return s.oldest < GNUTLS_TLS1_2; }},
    {"SSLv3", [](const OpensslSuite& s) { return s.oldest < GNUTLS_TLS1_2; }},
    {"AES", [](const OpensslSuite& s) { return cipher_has(s, "AES"); }},
    {"AES128", [](const OpensslSuite& s) { return cipher_has(s, "AES-128"); }},
    {"AES256", [](const OpensslSuite& s) { return cipher_has(s, "AES-256"); }},
    {"AESGCM", [](const OpensslSuite& s) { return cipher_has(s, "AES") && cipher_has(s, "-GCM"); }},
    {"AESCCM", [](const OpensslSuite& s) { return cipher_has(s, "-CCM"); }},
    {"AESCCM8", [](const OpensslSuite& s) { return cipher_has(s, "-CCM-8"); }},
    {"CHACHA20", [](const OpensslSuite& s) { return cipher_has(s, "CHACHA20"); }},
    {"CAMELLIA", [](const OpensslSuite& s) { return cipher_has(s, "CAMELLIA"); }},
    {"CAMELLIA128", [](const OpensslSuite& s) { return cipher_has(s, "CAMELLIA-128"); }},
    {"CAMELLIA256", [](const OpensslSuite& s) { return cipher_has(s, "CAMELLIA-256"); }},
    {"CBC", [](const OpensslSuite& s) { return cipher_has(s, "-CBC"); }},
    {"SHA1", [](const OpensslSuite& s) { return s.mac == GNUTLS_MAC_SHA1; }},
    {"SHA", [](const OpensslSuite& s) { return s.mac == GNUTLS_MAC_SHA1; }},
    {"SHA256", [](const OpensslSuite& s) { return s.mac == GNUTLS_MAC_SHA256; }},
    {"SHA384", [](const OpensslSuite& s) { return s.mac == GNUTLS_MAC_SHA384; }},
};

bool matches_word(const OpensslSuite& suite, std::string_view word) {
  if (suite.name == word || iana_name(suite.gnutls_name) == word) return true;
  for (const auto& keyword : kKeywords)
    if (word == keyword.word) return keyword.matches(suite);
  return false;
}

// "ECDHE+AESGCM": what each of the words names.
bool matches(const OpensslSuite& suite, std::string_view words) {
  for (;;) {
    const auto plus = words.find('+');
    if (!matches_word(suite, words.substr(0, plus))) return false;
    if (plus == std::string_view::npos) return true;
    words.remove_prefix(plus + 1);
  }
}

// One pass over a list, as SSL_CTX_set_cipher_list() makes it.
class Reading {
 public:
  Reading() : universe_(openssl_suites()) {}

  void item(std::string_view text) {
    if (text.starts_with('@')) return command(text.substr(1));
    const char sign = text.front();
    if (sign != '!' && sign != '-' && sign != '+') return add(text);
    const auto words = text.substr(1);
    auto moved = taken(words);
    if (sign == '+') active_.insert(active_.end(), moved.begin(), moved.end());
    if (sign == '!')
      std::erase_if(universe_, [words](const auto& suite) { return matches(suite, words); });
  }

  CipherChoice choice() && {
    constexpr std::array<unsigned, 6> kBits = {0, 80, 112, 128, 192, 256};
    auto too_weak = [this, &kBits](const OpensslSuite& suite) {
      return suite.bits() < kBits.at(static_cast<std::size_t>(level_)) ||
             (level_ >= 3 && is_static_rsa(suite));
    };
    std::erase_if(active_, too_weak);
    std::erase_if(universe_,
                  [&](const auto& suite) { return !suite.is_tls13() || too_weak(suite); });
    return {std::move(active_), std::move(universe_), level_};
  }

 private:
  // Keywords do not name those of TLS 1.3.
  void add(std::string_view words) {
    for (const auto& suite : universe_) {
      const bool known = std::any_of(active_.begin(), active_.end(),
                                     [&](const auto& other) { return other.name == suite.name; });
      if (!known && matches(suite, words) && (!suite.is_tls13() || suite.name == words))
        active_.push_back(suite);
    }
  }

  Suites taken(std::string_view words) {
    const auto end =
        std::stable_partition(active_.begin(), active_.end(),
                              [words](const auto& suite) { return !matches(suite, words); });
    Suites out(end, active_.end());
    active_.erase(end, active_.end());
    return out;
  }

  void command(std::string_view text) {
    constexpr std::string_view kLevel = "SECLEVEL=";
    int level = 0;
    if (text == "STRENGTH")
      std::stable_sort(active_.begin(), active_.end(),
                       [](const auto& a, const auto& b) { return a.bits() > b.bits(); });
    if (!text.starts_with(kLevel)) return;
    text.remove_prefix(kLevel.size());
    std::from_chars(text.data(), text.data() + text.size(), level);
    if (level >= 0 && level <= 5) level_ = level;
  }

  Suites universe_;  // that has not been forbidden
  Suites active_;
  int level_ = 0;
};

}  // namespace

CipherChoice read_cipher_list(std::string_view list) {
  constexpr std::string_view kSeparators = ":,; ";
  Reading reading;
  while (!list.empty()) {
    if (kSeparators.find(list.front()) != std::string_view::npos) {
      list.remove_prefix(1);
      continue;
    }
    // "DEFAULT@SECLEVEL=2" is two items.
    const auto end = std::min({list.find_first_of(kSeparators), list.find('@', 1), list.size()});
    reading.item(list.substr(0, end));
    list.remove_prefix(end);
  }
  return std::move(reading).choice();
}

}  // namespace danesmtp
