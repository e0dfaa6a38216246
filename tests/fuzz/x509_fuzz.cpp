// SPDX-License-Identifier: GPL-2.0-or-later
// Readers of one certificate: whatever our walk accepts, GnuTLS and OpenSSL, where they accept it
// too, see with the same key, issuer and subject. RFC 5280 4.1, RFC 6698 2.1.2. The mutator bends
// lengths and tags field by field: false lengths that end where another field begins, explicit tags
// above all. At the end: what the walk accepts and another refuses, by the reason.
// Input: a certificate in DER.
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "certificate_facts.h"
#include "dane/server_names.h"
#include "fuzz/der_tree.h"
#include "fuzz/fuzz_support.h"
#include "tls/openssl_names.h"
#include "x509/certificate.h"

using namespace danesmtp;
using fuzz::is_printable;
using fuzz::must;

namespace {

using KeyId = std::array<unsigned char, 32>;

// What became of the inputs; printed when the process ends.
struct Counts {
  std::size_t inputs = 0, walked = 0, imported = 0, all_three = 0, only_we_refuse = 0;
  std::map<std::string, std::size_t> refused_by_gnutls, refused_by_openssl;

  ~Counts() {
    std::printf("%zu inputs; accepted: %zu by the walk, %zu by all three readers, %zu imported\n",
                inputs, walked, all_three, imported);
    std::printf("%zu refused by the walk alone\n", only_we_refuse);
    print("GnuTLS", refused_by_gnutls);
    print("OpenSSL", refused_by_openssl);
  }

  static void print(const char* who, const std::map<std::string, std::size_t>& reasons) {
    for (const auto& [reason, count] : reasons)
      std::printf("%zu accepted by the walk, refused by %s: %s\n", count, who, reason.c_str());
  }
} counts;

// The libraries are not instrumented: what they say of an input is what the fuzzer learns of them.
constexpr std::size_t kExtraCounters = 4096;
__attribute__((section("__libfuzzer_extra_counters"), used)) std::uint8_t extra[kExtraCounters];

void learn(bool walked, int gnutls_code, unsigned long openssl_reason) {
  const std::size_t mixed = static_cast<std::size_t>(-gnutls_code) * 31 + openssl_reason * 7;
  ++extra[(mixed * 2 + (walked ? 1 : 0)) % kExtraCounters];
}

// And which fields there are in which order, of what GnuTLS accepts.
void learn_fields(ByteView der) {
  auto nodes = fuzz::parse_nodes(der, 0);
  if (!nodes || nodes->empty() || nodes->front().children.empty()) return;
  std::size_t mixed = 1;
  for (const auto& field : nodes->front().children.front().children) mixed = mixed * 31 + field.tag;
  ++extra[mixed % kExtraCounters];
}

template <class Get>
bool has_octets(Get get, gnutls_x509_crt_t certificate, ByteView octets) {
  gnutls_datum_t read{};
  if (get(certificate, &read) < 0) return false;
  std::unique_ptr<unsigned char, GnutlsFree> owner(read.data);
  return same_bytes({read.data, read.size}, octets);
}

bool key_id_of(ByteView public_key_info, KeyId& id) {
  gnutls_pubkey_t raw = nullptr;
  if (gnutls_pubkey_init(&raw) < 0) return false;
  auto datum = as_datum(public_key_info);
  std::size_t size = id.size();
  const bool read = gnutls_pubkey_import(raw, &datum, GNUTLS_X509_FMT_DER) >= 0 &&
                    gnutls_pubkey_get_key_id(raw, GNUTLS_KEYID_USE_SHA256, id.data(), &size) >= 0;
  gnutls_pubkey_deinit(raw);
  return read;
}

GnutlsCertificate read_by_gnutls(ByteView der, int& code) {
  gnutls_x509_crt_t raw = nullptr;
  must(gnutls_x509_crt_init(&raw) >= 0);
  GnutlsCertificate certificate(raw);
  auto datum = as_datum(der);
  code = gnutls_x509_crt_import(raw, &datum, GNUTLS_X509_FMT_DER);
  return code < 0 ? nullptr : std::move(certificate);
}

void agree(gnutls_x509_crt_t certificate, const CertificateFields& fields) {
  must(has_octets(gnutls_x509_crt_get_raw_dn, certificate, fields.subject));
  must(has_octets(gnutls_x509_crt_get_raw_issuer_dn, certificate, fields.issuer));
  KeyId ours{}, theirs{};
  std::size_t size = theirs.size();
  const bool read =
      gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, theirs.data(), &size) >= 0;
  must(key_id_of(fields.public_key_info, ours) == read);
  must(!read || ours == theirs);
}

struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

bool has_name(const X509_NAME* name, ByteView octets) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  return X509_NAME_get0_der(const_cast<X509_NAME*>(name), &data, &size) == 1 &&
         same_bytes({data, size}, octets);
}

using OpensslCertificate = std::unique_ptr<X509, X509Free>;

OpensslCertificate read_by_openssl(ByteView der) {
  const unsigned char* at = der.data();
  ERR_clear_error();
  OpensslCertificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  return at == der.data() + der.size() ? std::move(certificate) : nullptr;
}

void agree(const X509* certificate, const CertificateFields& fields) {
  must(has_name(X509_get_subject_name(certificate), fields.subject));
  must(has_name(X509_get_issuer_name(certificate), fields.issuer));
  auto key = public_key_octets(fields.public_key_info);
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(certificate);
  must(bits != nullptr);
  if (key) must(same_bytes({bits->data, static_cast<std::size_t>(bits->length)}, *key));
}

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return reason == nullptr ? "octets behind it" : reason;
}

// Whether the octets have the name, or a wildcard that stands for it, in letters of any case.
bool has_text(Bytes der, std::string_view name) {
  for (auto& octet : der)
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<std::uint8_t>(octet - 'A' + 'a');
  const auto text = as_text(der);
  return text.find(name) != std::string_view::npos ||
         text.find("*" + std::string(name.substr(name.find('.')))) != std::string_view::npos;
}

void check_names(const Certificate& certificate, const Bytes& der) {
  for (const char* name : {"mx.lab", "mx.mail.lab"}) {
    const bool is_for = is_for_host(certificate, name);
    must(!has_dns_name(certificate, name) || is_for);
    must(!is_for || has_text(der, name));
  }
}

// What the log and the tool show of a server's certificate.
void check_facts(const Bytes& der) {
  must(is_printable(openssl_subject(der)));
  const auto facts = tool::certificate_facts(der);
  must(facts.has_value());
  must(is_printable(facts->subject) && is_printable(facts->issuer));
  for (const auto& name : facts->names) must(is_printable(name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView der(data, size);
  ++counts.inputs;
  int code = 0;
  auto fields = certificate_fields(der);
  auto by_gnutls = read_by_gnutls(der, code);
  auto by_openssl = read_by_openssl(der);
  // Of what most refuse nothing is learnt: the corpus stays among certificates.
  if ((fields.has_value() ? 1 : 0) + (by_gnutls ? 1 : 0) + (by_openssl ? 1 : 0) >= 2)
    learn(fields.has_value(), code, by_openssl ? 0 : ERR_peek_error());
  if (by_gnutls) learn_fields(der);
  if (const auto certificate = import_certificate({der.begin(), der.end()})) {
    ++counts.imported;
    check_names(*certificate, {der.begin(), der.end()});
    must(fields.has_value() && by_gnutls);
    check_facts({der.begin(), der.end()});
  }
  if (!fields) {
    if (by_gnutls && by_openssl) ++counts.only_we_refuse;
    return 0;
  }
  ++counts.walked;
  if (by_gnutls)
    agree(by_gnutls.get(), *fields);
  else
    ++counts.refused_by_gnutls[gnutls_strerror(code)];
  if (by_openssl)
    agree(by_openssl.get(), *fields);
  else
    ++counts.refused_by_openssl[openssl_reason()];
  if (by_gnutls && by_openssl) ++counts.all_three;
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t limit, unsigned seed) {
  return fuzz::put_tree(fuzz::bent(ByteView(data, size), ByteView(data, size), seed), data, limit);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data, std::size_t size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* out, std::size_t limit,
                                                 unsigned seed) {
  return fuzz::put_tree(fuzz::bent(ByteView(data, size), ByteView(other, other_size), seed), out,
                        limit);
}
