// SPDX-License-Identifier: GPL-2.0-or-later
#include "root_keys.h"

#include <gnutls/gnutls.h>

#include <memory>

#include "core/format.h"
#include "core/words.h"

namespace danesmtp::tool {
namespace {

constexpr unsigned kSep = 0x0001;      // RFC 4034 2.1.1
constexpr unsigned kRevoked = 0x0080;  // RFC 5011 2.1
constexpr std::size_t kBeforeKey = 4;  // flags, protocol, algorithm

struct GnutlsFree {
  void operator()(unsigned char* octets) const { gnutls_free(octets); }
};

std::optional<Bytes> from_base64(const std::string& text) {
  const gnutls_datum_t given{
      reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),  // it is only read
      static_cast<unsigned>(text.size())};
  gnutls_datum_t made{};
  if (gnutls_base64_decode2(&given, &made) != GNUTLS_E_SUCCESS) return std::nullopt;
  const std::unique_ptr<unsigned char, GnutlsFree> holder(made.data);
  return Bytes(made.data, made.data + made.size);
}

std::uint32_t number_of(std::string_view digits) {
  std::uint32_t number = 0;
  for (const char c : digits) number = number * 10 + static_cast<std::uint32_t>(c - '0');
  return number;
}

// Flags, protocol, algorithm and the key in base64, which may have spaces in it.
std::optional<KeyId> id_of_key_words(const std::vector<std::string_view>& words) {
  Bytes rdata;
  append_number(rdata, number_of(words[3]), 2);
  append_number(rdata, number_of(words[4]), 1);
  append_number(rdata, number_of(words[5]), 1);
  std::string text;
  for (std::size_t i = 6; i < words.size(); ++i) text += words[i];
  const auto key = from_base64(text);
  if (!key) return std::nullopt;
  rdata.insert(rdata.end(), key->begin(), key->end());
  return key_id(rdata);
}

}  // namespace

std::optional<KeyId> key_id(ByteView dnskey) {
  if (dnskey.size() <= kBeforeKey) return std::nullopt;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < dnskey.size(); ++i)
    sum += i % 2 == 0 ? std::uint32_t{dnskey[i]} << 8 : dnskey[i];
  sum += sum >> 16 & 0xffff;
  return KeyId{static_cast<std::uint16_t>(sum & 0xffff), dnskey[3]};
}

// OWNER IN TYPE and at least four more words, the first three of them numbers.
std::optional<KeyId> anchor_key_id(const std::string& anchor) {
  const auto words = words_of(anchor);
  if (words.size() < 7) return std::nullopt;
  if (words[2] == "DNSKEY") return id_of_key_words(words);
  return KeyId{static_cast<std::uint16_t>(number_of(words[3])),
               static_cast<std::uint8_t>(number_of(words[4]))};
}

std::vector<KeyId> signing_keys(const std::vector<Bytes>& dnskeys) {
  std::vector<KeyId> keys;
  for (const auto& rdata : dnskeys) {
    const auto id = key_id(rdata);
    const unsigned flags = id ? static_cast<unsigned>(rdata[0]) << 8 | rdata[1] : 0;
    if ((flags & kSep) != 0 && (flags & kRevoked) == 0) keys.push_back(*id);
  }
  return keys;
}

std::string tags_text(const std::vector<KeyId>& keys) {
  std::vector<std::string> tags;
  tags.reserve(keys.size());
  for (const auto& key : keys) tags.push_back(std::to_string(key.tag));
  return join(tags, ", ");
}

}  // namespace danesmtp::tool
