// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls/openssl_suites.h"

#include <array>
#include <cstdint>
#include <optional>

namespace danesmtp {
namespace {

struct NamedCodePoint {
  std::uint16_t code_point;
  const char* name;
};

// Those of openssl-ciphers(1) that need a certificate of the server and encrypt.
constexpr NamedCodePoint kNames[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x1304, "TLS_AES_128_CCM_SHA256"},
    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
    {0x002F, "AES128-SHA"},
    {0x0035, "AES256-SHA"},
    {0x003C, "AES128-SHA256"},
    {0x003D, "AES256-SHA256"},
    {0x0041, "CAMELLIA128-SHA"},
    {0x0084, "CAMELLIA256-SHA"},
    {0x00BA, "CAMELLIA128-SHA256"},
    {0x00C0, "CAMELLIA256-SHA256"},
    {0x009C, "AES128-GCM-SHA256"},
    {0x009D, "AES256-GCM-SHA384"},
    {0xC09C, "AES128-CCM"},
    {0xC09D, "AES256-CCM"},
    {0xC0A0, "AES128-CCM8"},
    {0xC0A1, "AES256-CCM8"},
    {0x0033, "DHE-RSA-AES128-SHA"},
    {0x0039, "DHE-RSA-AES256-SHA"},
    {0x0067, "DHE-RSA-AES128-SHA256"},
    {0x006B, "DHE-RSA-AES256-SHA256"},
    {0x0045, "DHE-RSA-CAMELLIA128-SHA"},
    {0x0088, "DHE-RSA-CAMELLIA256-SHA"},
    {0x00BE, "DHE-RSA-CAMELLIA128-SHA256"},
    {0x00C4, "DHE-RSA-CAMELLIA256-SHA256"},
    {0x009E, "DHE-RSA-AES128-GCM-SHA256"},
    {0x009F, "DHE-RSA-AES256-GCM-SHA384"},
    {0xC09E, "DHE-RSA-AES128-CCM"},
    {0xC09F, "DHE-RSA-AES256-CCM"},
    {0xC0A2, "DHE-RSA-AES128-CCM8"},
    {0xC0A3, "DHE-RSA-AES256-CCM8"},
    {0xCCAA, "DHE-RSA-CHACHA20-POLY1305"},
    {0x0032, "DHE-DSS-AES128-SHA"},
    {0x0038, "DHE-DSS-AES256-SHA"},
    {0x0040, "DHE-DSS-AES128-SHA256"},
    {0x006A, "DHE-DSS-AES256-SHA256"},
    {0x00A2, "DHE-DSS-AES128-GCM-SHA256"},
    {0x00A3, "DHE-DSS-AES256-GCM-SHA384"},
    {0xC009, "ECDHE-ECDSA-AES128-SHA"},
    {0xC00A, "ECDHE-ECDSA-AES256-SHA"},
    {0xC023, "ECDHE-ECDSA-AES128-SHA256"},
    {0xC024, "ECDHE-ECDSA-AES256-SHA384"},
    {0xC072, "ECDHE-ECDSA-CAMELLIA128-SHA256"},
    {0xC073, "ECDHE-ECDSA-CAMELLIA256-SHA384"},
    {0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {0xC02C, "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {0xC0AC, "ECDHE-ECDSA-AES128-CCM"},
    {0xC0AD, "ECDHE-ECDSA-AES256-CCM"},
    {0xC0AE, "ECDHE-ECDSA-AES128-CCM8"},
    {0xC0AF, "ECDHE-ECDSA-AES256-CCM8"},
    {0xCCA9, "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {0xC013, "ECDHE-RSA-AES128-SHA"},
    {0xC014, "ECDHE-RSA-AES256-SHA"},
    {0xC027, "ECDHE-RSA-AES128-SHA256"},
    {0xC028, "ECDHE-RSA-AES256-SHA384"},
    {0xC076, "ECDHE-RSA-CAMELLIA128-SHA256"},
    {0xC077, "ECDHE-RSA-CAMELLIA256-SHA384"},
    {0xC02F, "ECDHE-RSA-AES128-GCM-SHA256"},
    {0xC030, "ECDHE-RSA-AES256-GCM-SHA384"},
    {0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305"},
};

const char* name_of(std::uint16_t code_point) {
  for (const auto& row : kNames)
    if (row.code_point == code_point) return row.name;
  return nullptr;
}

}  // namespace

std::vector<OpensslSuite> openssl_suites() {
  std::vector<OpensslSuite> suites;
  for (std::size_t index = 0;; ++index) {
    std::array<unsigned char, 2> id{};
    OpensslSuite suite;
    const char* gnutls_name = gnutls_cipher_suite_info(index, id.data(), &suite.kx, &suite.cipher,
                                                       &suite.mac, &suite.oldest);
    if (gnutls_name == nullptr) return suites;
    const char* name = name_of(static_cast<std::uint16_t>(id[0] << 8 | id[1]));
    if (name == nullptr) continue;
    suite.name = name;
    suite.gnutls_name = gnutls_name;
    suites.push_back(std::move(suite));
  }
}

std::string iana_name(std::string_view gnutls_name) {
  std::string name(gnutls_name);
  for (std::string_view kx : {"TLS_ECDHE_RSA_", "TLS_ECDHE_ECDSA_", "TLS_DHE_RSA_", "TLS_DHE_DSS_",
                              "TLS_RSA_", "TLS_DH_ANON_", "TLS_ECDH_ANON_"})
    if (gnutls_name.starts_with(kx)) return name.insert(kx.size(), "WITH_");
  return name;
}

}  // namespace danesmtp
