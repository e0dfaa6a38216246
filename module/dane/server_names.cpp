// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. GnuTLS only reads the names. Its own comparison is not that of RFC 7672: its
// wildcards let "*x.example.org" stand for "mx.example.org", and no CN counts beside an address, a
// URI or an e-mail, nor one of several.
#include "dane/server_names.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

namespace danesmtp {
namespace {

constexpr std::size_t kUsualName = 256;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// D-090, D-091: octet by octet, so a NUL in the certificate is one octet more.
bool same_name(std::string_view presented, std::string_view name) {
  return std::equal(presented.begin(), presented.end(), name.begin(), name.end(),
                    [](char a, char b) { return lower(a) == b; });
}

// RFC 7672 3.2.3, D-089: a wildcard is the whole leftmost label and stands for one label. Not for a
// top-level domain's children.
std::string covering_wildcard(const std::string& name) {
  auto dot = name.find('.');
  if (dot == std::string::npos || name.find('.', dot + 1) == std::string::npos) return {};
  return "*" + name.substr(dot);
}

// Gives room and how much of it there is; returns a code of GnuTLS.
using Reader = std::function<int(char*, std::size_t*)>;

// What `reader` puts there, whatever its size; empty when there is nothing.
std::string read_text(const Reader& reader, int& code) {
  std::string text(kUsualName, '\0');
  std::size_t size = text.size();
  code = reader(text.data(), &size);
  if (code == GNUTLS_E_SHORT_MEMORY_BUFFER) {
    text.resize(size + 1);
    size = text.size();
    code = reader(text.data(), &size);
  }
  text.resize(code < 0 ? 0 : std::min(size, text.size()));
  return text;
}

std::vector<std::string> dns_names(gnutls_x509_crt_t certificate) {
  std::vector<std::string> names;
  int type = 0;
  for (unsigned i = 0; type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE; ++i) {
    std::string text = read_text(
        [&](char* into, std::size_t* size) {
          return gnutls_x509_crt_get_subject_alt_name(certificate, i, into, size, nullptr);
        },
        type);
    // One that cannot be read might be a dNSName.
    if (type == GNUTLS_SAN_DNSNAME || (type < 0 && type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE))
      names.push_back(text);
    if (type < 0) break;
  }
  return names;
}

std::vector<std::string> common_names(gnutls_x509_crt_t certificate) {
  std::vector<std::string> names;
  for (int code = 0; code >= 0;) {
    const auto index = static_cast<unsigned>(names.size());
    names.push_back(read_text(
        [&](char* into, std::size_t* size) {
          return gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, index, 0,
                                               into, size);
        },
        code));
  }
  return names;
}

bool any_is(const std::vector<std::string>& names, const std::string& name) {
  const std::string wildcard = covering_wildcard(name);
  return !name.empty() &&
         std::any_of(names.begin(), names.end(), [&](const std::string& presented) {
           return same_name(presented, name) ||
                  (!wildcard.empty() && same_name(presented, wildcard));
         });
}

}  // namespace

bool has_dns_name(const Certificate& certificate, const std::string& name) {
  return any_is(dns_names(certificate.handle.get()), name);
}

bool is_for_host(const Certificate& certificate, const std::string& name) {
  auto names = dns_names(certificate.handle.get());
  // D-088
  if (names.empty()) names = common_names(certificate.handle.get());
  return any_is(names, name);
}

}  // namespace danesmtp
