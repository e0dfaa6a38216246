// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/openssl_names.h"

#include <gnutls/x509.h>

#include <algorithm>
#include <cctype>

#include "core/format.h"
#include "tls/openssl_suites.h"
#include "x509/certificate.h"
#include "x509/gnutls_handles.h"

namespace danesmtp {
namespace {

struct AttributeName {
  std::string_view oid;
  const char* name;
};

// OpenSSL's short names of what subjects have.
constexpr AttributeName kAttributes[] = {
    {"2.5.4.3", "CN"},
    {"2.5.4.4", "SN"},
    {"2.5.4.5", "serialNumber"},
    {"2.5.4.6", "C"},
    {"2.5.4.7", "L"},
    {"2.5.4.8", "ST"},
    {"2.5.4.9", "street"},
    {"2.5.4.10", "O"},
    {"2.5.4.11", "OU"},
    {"2.5.4.12", "title"},
    {"2.5.4.13", "description"},
    {"2.5.4.15", "businessCategory"},
    {"2.5.4.17", "postalCode"},
    {"2.5.4.42", "GN"},
    {"2.5.4.43", "initials"},
    {"2.5.4.97", "organizationIdentifier"},
    {"0.9.2342.19200300.100.1.1", "UID"},
    {"0.9.2342.19200300.100.1.25", "DC"},
    {"1.2.840.113549.1.9.1", "emailAddress"},
    {"1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"},
    {"1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"},
    {"1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"},
};

std::string attribute_name(std::string_view oid) {
  for (const auto& [known, name] : kAttributes)
    if (oid == known) return name;
  return std::string(oid);
}

// What separates attributes with a backslash, octets that are not printable ASCII as \xHH.
std::string attribute_value(const gnutls_datum_t& value) {
  std::string text;
  for (unsigned i = 0; i < value.size; ++i) {
    const unsigned char octet = value.data[i];
    if (octet == '/' || octet == '+') text += '\\';
    if (octet >= ' ' && octet <= '~')
      text += static_cast<char>(octet);
    else
      text += format("\\x{:02X}", octet);
  }
  return text;
}

std::string suite_name(const TlsInfo& info) {
  for (const auto& suite : openssl_suites())
    if (iana_name(suite.gnutls_name) == info.standard_cipher) return suite.name;
  return info.standard_cipher;
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string openssl_subject(ByteView der) {
  auto certificate = read_by_gnutls(der);
  gnutls_x509_dn_t subject = nullptr;
  if (!certificate || gnutls_x509_crt_get_subject(certificate->get(), &subject) < 0) return {};
  std::string text;
  for (int set = 0, at = 0;;) {
    gnutls_x509_ava_st attribute{};
    if (gnutls_x509_dn_get_rdn_ava(subject, set, at, &attribute) < 0) {
      if (at == 0) return text;
      ++set, at = 0;
      continue;
    }
    text += format("{}{}={}", at == 0 ? '/' : '+',
                   attribute_name(reinterpret_cast<const char*>(attribute.oid.data)),
                   attribute_value(attribute.value));
    ++at;
  }
}

TlsInfo named_for(const TlsDialect& dialect, TlsInfo info) {
  if (dialect.library == TlsLibrary::Openssl) {
    info.cipher = format("{}:{}:{}", info.version, suite_name(info), info.key_bits);
    info.group = in_lower_case(info.group);
    if (!info.chain.empty()) info.peer_dn = openssl_subject(info.chain.front());
  }
  if (dialect.logs_group && !info.group.empty()) info.cipher += ":" + info.group;
  return info;
}

}  // namespace danesmtp
