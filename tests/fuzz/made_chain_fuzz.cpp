// SPDX-License-Identifier: GPL-2.0-or-later
// Chains of valid certificates, with nothing wrong, or with one thing wrong in one of them, and a
// record for one of them. What must come of it is known: a verdict for nothing wrong, or for what
// is wrong above the anchor or where nobody looks; none for the rest. And by the web's PKI, with
// the root as the anchor: that of a chain as it should be, and of none with anything wrong below
// the root. RFC 5280 4.1 and 6.1, RFC 7671 5, RFC 7672 3.1, RFC 8461 4.2. Input: octets of choice,
// one after the other (Plan).
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "dane/dane_verify.h"
#include "dane/tlsa_match.h"
#include "fuzz/memory_file.h"
#include "route/webpki_judge.h"

using namespace danesmtp;
using fuzz::must;

namespace {

// What is wrong with a certificate.
enum class Wrong {
  Nothing,
  Expired,
  Future,
  NotCa,            // of a CA
  NoConstraints,    // of a CA: no basicConstraints
  PathTooLong,      // of a CA: a path length that does not reach to the leaf
  NoCertSign,       // of a CA: a key usage without keyCertSign
  ClientOnly,       // purposes without that of a server
  Critical,         // an unknown extension that must be understood
  OtherIssuer,      // the issuer's name is another one
  OtherSigner,      // signed by a key that is nobody's
  BrokenSignature,  // one bit of it
  OtherName,        // of the leaf: not the host's
  Excluded,         // of a CA: constraints that exclude the host's name
};
constexpr int kWrongs = 14;

constexpr std::size_t kMost = 4;
constexpr std::size_t kNobody = kMost;  // the place of a key that is nobody's
constexpr const char* kHost = "mx.mail.lab";
const WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};
const std::time_t kAt = std::chrono::system_clock::to_time_t(kNow);
constexpr std::time_t kDay = 86400;

enum class Order { Right, Reversed, Twice, AnchorLeftOut };

struct Plan {
  std::size_t count;  // leaf, CAs, root
  Wrong wrong;
  std::size_t where;   // the certificate that it is wrong with
  std::size_t anchor;  // the one that the record is of; 0: the leaf
  TlsaSelector selector;
  TlsaMatching matching;
  Order order;
  bool other_record;  // its data is that of a certificate of nobody's
};

Plan plan_of(fuzz::Input& input) {
  Plan plan{};
  plan.count = 2 + input.octet() % (kMost - 1);
  plan.wrong = static_cast<Wrong>(input.octet() % kWrongs);
  plan.where = input.octet() % plan.count;
  plan.anchor = input.octet() % plan.count;
  plan.selector = static_cast<TlsaSelector>(input.octet() % 2);
  plan.matching = static_cast<TlsaMatching>(input.octet() % 3);
  plan.order = static_cast<Order>(input.octet() % 4);
  plan.other_record = input.octet() % 4 == 3;
  return plan;
}

class Key {
 public:
  Key() {
    must(gnutls_x509_privkey_init(&key_) >= 0);
    must(gnutls_x509_privkey_generate(key_, GNUTLS_PK_ECDSA,
                                      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) >= 0);
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() { gnutls_x509_privkey_deinit(key_); }
  gnutls_x509_privkey_t get() const { return key_; }

 private:
  gnutls_x509_privkey_t key_ = nullptr;
};

const std::array<Key, kMost + 1>& keys() {
  static const std::array<Key, kMost + 1> made;
  return made;
}

class Maker {
 public:
  Maker(const Plan& plan, std::size_t place) : plan_(plan), place_(place) {
    must(gnutls_x509_crt_init(&made_) >= 0);
  }
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;
  ~Maker() { gnutls_x509_crt_deinit(made_); }

  Bytes der() {
    gnutls_x509_crt_set_version(made_, 3);
    const auto serial = static_cast<char>(place_ + 1);
    gnutls_x509_crt_set_serial(made_, &serial, 1);
    gnutls_x509_crt_set_dn(made_, name_of(place_).c_str(), nullptr);
    gnutls_x509_crt_set_key(made_, keys()[place_].get());
    set_dates();
    set_constraints();
    set_usage();
    if (place_ == 0) set_host();
    if (is(Wrong::Critical)) set_critical();
    return signed_octets();
  }

 private:
  bool is(Wrong wrong) const { return plan_.wrong == wrong && plan_.where == place_; }
  bool is_ca() const { return place_ > 0; }
  std::size_t issuer() const { return std::min(place_ + 1, plan_.count - 1); }
  static std::string name_of(std::size_t place) {
    return "CN=certificate " + std::to_string(place);
  }

  void set_dates() {
    const auto from = is(Wrong::Future) ? kAt + kDay : kAt - 30 * kDay;
    gnutls_x509_crt_set_activation_time(made_, from);
    gnutls_x509_crt_set_expiration_time(made_, is(Wrong::Expired) ? kAt - kDay : kAt + 30 * kDay);
  }

  void set_constraints() {
    if (!is_ca() || is(Wrong::NoConstraints)) return;
    const int below = static_cast<int>(place_) - 1;  // CAs between it and the leaf
    const int length = is(Wrong::PathTooLong) ? below - 1 : -1;
    gnutls_x509_crt_set_basic_constraints(made_, is(Wrong::NotCa) ? 0U : 1U,
                                          std::max(length, is(Wrong::PathTooLong) ? 0 : -1));
    if (is(Wrong::Excluded)) exclude_host();
  }

  void exclude_host() {
    gnutls_x509_name_constraints_t constraints = nullptr;
    must(gnutls_x509_name_constraints_init(&constraints) >= 0);
    static unsigned char lab[] = "mail.lab";
    const gnutls_datum_t name{lab, sizeof lab - 1};
    must(gnutls_x509_name_constraints_add_excluded(constraints, GNUTLS_SAN_DNSNAME, &name) >= 0);
    must(gnutls_x509_crt_set_name_constraints(made_, constraints, 1) >= 0);
    gnutls_x509_name_constraints_deinit(constraints);
  }

  void set_usage() {
    const unsigned ca = is(Wrong::NoCertSign) ? GNUTLS_KEY_CRL_SIGN : GNUTLS_KEY_KEY_CERT_SIGN;
    gnutls_x509_crt_set_key_usage(made_, is_ca() ? ca : GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (is(Wrong::ClientOnly))
      gnutls_x509_crt_set_key_purpose_oid(made_, GNUTLS_KP_TLS_WWW_CLIENT, 0);
  }

  void set_host() {
    const std::string name = is(Wrong::OtherName) ? "mx.other.lab" : kHost;
    gnutls_x509_crt_set_subject_alt_name(made_, GNUTLS_SAN_DNSNAME, name.data(),
                                         static_cast<unsigned>(name.size()), GNUTLS_FSAN_SET);
  }

  void set_critical() {
    const std::uint8_t null[] = {5, 0};
    must(gnutls_x509_crt_set_extension_by_oid(made_, "1.3.6.1.4.1.99999.1", null, sizeof null, 1) >=
         0);
  }

  Bytes signed_octets() {
    gnutls_x509_crt_t issuer_certificate = nullptr;
    must(gnutls_x509_crt_init(&issuer_certificate) >= 0);
    const std::string name = is(Wrong::OtherIssuer) ? "CN=nobody" : name_of(issuer());
    gnutls_x509_crt_set_dn(issuer_certificate, name.c_str(), nullptr);
    const auto& key = is(Wrong::OtherSigner) ? keys()[kNobody] : keys()[issuer()];
    gnutls_x509_crt_set_key(issuer_certificate, key.get());
    must(gnutls_x509_crt_sign2(made_, issuer_certificate, key.get(), GNUTLS_DIG_SHA256, 0) >= 0);
    gnutls_x509_crt_deinit(issuer_certificate);
    gnutls_datum_t out{nullptr, 0};
    must(gnutls_x509_crt_export2(made_, GNUTLS_X509_FMT_DER, &out) >= 0);
    Bytes der(out.data, out.data + out.size);
    gnutls_free(out.data);
    if (is(Wrong::BrokenSignature)) der.back() ^= 1U;
    return der;
  }

  const Plan& plan_;
  std::size_t place_;
  gnutls_x509_crt_t made_ = nullptr;
};

bool is_of_ca(Wrong wrong) {
  return wrong == Wrong::NotCa || wrong == Wrong::NoConstraints || wrong == Wrong::NoCertSign ||
         wrong == Wrong::Excluded;
}

// Some things cannot be wrong with a leaf, or with a CA, or with a root: one that another has
// signed is none.
bool makes_sense(const Plan& plan) {
  if (is_of_ca(plan.wrong)) return plan.where > 0;
  if (plan.wrong == Wrong::PathTooLong) return plan.where > 1;
  if (plan.wrong == Wrong::OtherName) return plan.where == 0;
  if (plan.wrong == Wrong::OtherSigner && plan.other_record) return false;  // the same nobody
  if (plan.wrong == Wrong::OtherIssuer || plan.wrong == Wrong::OtherSigner)
    return plan.where + 1 < plan.count;
  return true;
}

enum class Expected { Match, NoMatch };

// What RFC 5280 6.1 says of the path from the leaf to the anchor, which is what the record is of:
// how an anchor is signed, and by whom, does not matter. That it is asked for the rest is decision
// 0003.
Expected of_usage_2(const Plan& plan) {
  const bool of_signature = plan.wrong == Wrong::OtherIssuer || plan.wrong == Wrong::OtherSigner ||
                            plan.wrong == Wrong::BrokenSignature;
  const bool asked = of_signature ? plan.where < plan.anchor : plan.where <= plan.anchor;
  return asked && plan.wrong != Wrong::Nothing ? Expected::NoMatch : Expected::Match;
}

// Of a key in full that no issuer's certificate was presented for nothing is known but that it
// signed (decision 0003).
Expected of_bare_key(const Plan& plan) {
  if (plan.where >= plan.anchor) return Expected::Match;
  const bool last = plan.where + 1 == plan.anchor;
  return last && plan.wrong == Wrong::OtherIssuer ? Expected::Match : of_usage_2(plan);
}

Expected expected_of(const Plan& plan) {
  if (plan.other_record) return Expected::NoMatch;
  if (plan.anchor == 0) return Expected::Match;  // RFC 7672 3.1.1: nothing else is looked at
  const bool left_out = plan.order == Order::AnchorLeftOut;
  if (left_out && plan.matching != TlsaMatching::Full) return Expected::NoMatch;
  const bool no_issuer = plan.wrong == Wrong::OtherIssuer && plan.where + 1 == plan.anchor;
  const bool key_in_full =
      plan.matching == TlsaMatching::Full && plan.selector == TlsaSelector::PublicKey;
  return key_in_full && (left_out || no_issuer) ? of_bare_key(plan) : of_usage_2(plan);
}

PeerChain shown(const Plan& plan, const PeerChain& made) {
  PeerChain chain = made;
  const auto anchor = chain.begin() + static_cast<long>(plan.anchor);
  if (plan.order == Order::Reversed) std::reverse(chain.begin() + 1, chain.end());
  if (plan.order == Order::Twice) chain.insert(chain.end(), made.begin() + 1, made.end());
  if (plan.order == Order::AnchorLeftOut && plan.anchor > 0) chain.erase(anchor);
  return chain;
}

std::string pem_of(const Bytes& der) {
  gnutls_datum_t pem{nullptr, 0};
  const auto datum = as_datum(der);
  must(gnutls_pem_base64_encode2("CERTIFICATE", &datum, &pem) >= 0);
  std::string text(reinterpret_cast<const char*>(pem.data), pem.size);
  gnutls_free(pem.data);
  return text;
}

std::time_t its_time(std::time_t* into) {
  if (into != nullptr) *into = kAt;
  return kAt;
}

// What is wrong with an anchor itself nobody has to see (RFC 5280 6.1.1 d).
void check_webpki(const Plan& plan, const PeerChain& made, const PeerChain& chain) {
  static const fuzz::MemoryFile anchor;
  gnutls_global_set_time_function(its_time);
  anchor.set(pem_of(made.back()));
  const auto verdict = judge_webpki({chain, kHost, anchor.path(), kNow});
  must(verdict.failure.has_value() == !verdict.why.empty());
  if (verdict.failure) return must(plan.wrong != Wrong::Nothing || plan.order != Order::Right);
  must(plan.wrong == Wrong::Nothing || plan.where + 1 == plan.count);
  must(verdict.issuer == made[1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  const Plan plan = plan_of(input);
  if (!makes_sense(plan)) return 0;
  PeerChain made;
  for (std::size_t place = 0; place < plan.count; ++place) made.push_back(Maker(plan, place).der());
  const auto usage = plan.anchor == 0 ? TlsaUsage::DaneEe : TlsaUsage::DaneTa;
  const Bytes of = plan.other_record ? Maker(plan, kNobody).der() : made[plan.anchor];
  const auto association = association_data({plan.selector, plan.matching}, of);
  must(association.has_value());
  const std::vector<TlsaRecord> records = {{usage, plan.selector, plan.matching, *association}};
  const std::vector<DnsName> names = {*DnsName::parse(kHost)};
  const auto chain = shown(plan, made);
  check_webpki(plan, made, chain);
  const auto verdict = verify_dane({chain, records, names, kNow});
  const auto expected = expected_of(plan);
  must(verdict.authenticated() == (expected == Expected::Match));
  if (verdict.match) must(verdict.match->depth == static_cast<int>(plan.anchor));
  return 0;
}
