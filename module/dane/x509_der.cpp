// SPDX-License-Identifier: GPL-2.0-or-later
// Reads and writes the little DER that is needed; see the header. ITU-T X.690 8.1 and 10.1.
#include "dane/x509_der.h"

#include <optional>

namespace danesmtp {
namespace {

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kBitString = 0x03;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kVersion = 0xa0;  // [0] EXPLICIT

struct Element {
  std::uint8_t tag;
  ByteView whole;
  ByteView contents;
};

struct Length {
  std::size_t value;
  std::size_t octets;  // how many octets it took to say so
};

// The length octets at the start of `bytes`, in their shortest form: DER has no other.
std::optional<Length> read_length(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  if (bytes[0] < 0x80) return Length{bytes[0], 1};
  std::size_t count = bytes[0] & 0x7fU;
  if (count == 0 || count > 4 || bytes.size() < 1 + count || bytes[1] == 0) return std::nullopt;
  std::size_t value = 0;
  for (std::size_t i = 1; i <= count; ++i) value = (value << 8) | bytes[i];
  if (value < 0x80) return std::nullopt;
  return Length{value, 1 + count};
}

// Takes elements one after another off a sequence of octets.
class Elements {
 public:
  explicit Elements(ByteView bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  bool next_is(std::uint8_t tag) const { return !rest_.empty() && rest_[0] == tag; }

  std::optional<Element> take(std::uint8_t tag) {
    if (!next_is(tag)) return std::nullopt;
    auto length = read_length(rest_.subspan(1));
    if (!length) return std::nullopt;
    std::size_t header = 1 + length->octets;
    if (length->value > rest_.size() - header) return std::nullopt;
    Element element{tag, rest_.first(header + length->value), rest_.subspan(header, length->value)};
    rest_ = rest_.subspan(element.whole.size());
    return element;
  }

 private:
  ByteView rest_;
};

// The contents of `der` when it is one SEQUENCE and nothing else.
std::optional<ByteView> lone_sequence(ByteView der) {
  Elements outer(der);
  auto sequence = outer.take(kSequence);
  if (!sequence || !outer.at_end()) return std::nullopt;
  return sequence->contents;
}

// The to-be-signed part, when the three parts of a certificate are there and no fourth.
std::optional<ByteView> signed_part(ByteView der) {
  auto certificate = lone_sequence(der);
  if (!certificate) return std::nullopt;
  Elements parts(*certificate);
  auto tbs = parts.take(kSequence);
  if (!tbs || !parts.take(kSequence) || !parts.take(kBitString) || !parts.at_end())
    return std::nullopt;
  return tbs->contents;
}

// RFC 5280 4.1: version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo.
std::optional<CertificateFields> walk(ByteView der) {
  auto tbs = signed_part(der);
  if (!tbs) return std::nullopt;
  Elements fields(*tbs);
  if (fields.next_is(kVersion) && !fields.take(kVersion)) return std::nullopt;
  if (!fields.take(kInteger) || !fields.take(kSequence)) return std::nullopt;
  auto issuer = fields.take(kSequence);
  auto validity = fields.take(kSequence);
  auto subject = fields.take(kSequence);
  auto key = fields.take(kSequence);
  if (!issuer || !validity || !subject || !key || !is_public_key_info(key->whole))
    return std::nullopt;
  return CertificateFields{issuer->whole, subject->whole, key->whole};
}

void append_length(Bytes& out, std::size_t length) {
  if (length < 0x80) {
    out.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  Bytes digits;
  for (; length != 0; length >>= 8) digits.push_back(static_cast<std::uint8_t>(length & 0xff));
  out.push_back(static_cast<std::uint8_t>(0x80 | digits.size()));
  out.insert(out.end(), digits.rbegin(), digits.rend());
}

}  // namespace

// RFC 6698 2.1.2, D-092: the fields as the octets that stand in the certificate.
Result<CertificateFields> certificate_fields(ByteView der) {
  auto fields = walk(der);
  if (!fields) return fail(ErrorKind::BadInput, "not a certificate in DER");
  return *fields;
}

bool is_public_key_info(ByteView der) {
  auto contents = lone_sequence(der);
  if (!contents) return false;
  Elements parts(*contents);
  return parts.take(kSequence) && parts.take(kBitString) && parts.at_end();
}

Result<ByteView> signed_octets(ByteView der) {
  auto contents = lone_sequence(der);
  if (contents) {
    auto first = Elements(*contents).take(kSequence);
    if (first) return first->whole;
  }
  return fail(ErrorKind::BadInput, "not signed data in DER");
}

Result<ByteView> public_key_octets(ByteView public_key_info) {
  auto contents = lone_sequence(public_key_info);
  if (contents) {
    Elements parts(*contents);
    auto algorithm = parts.take(kSequence);
    auto key = parts.take(kBitString);
    if (algorithm && key && parts.at_end() && !key->contents.empty() && key->contents[0] == 0)
      return key->contents.subspan(1);
  }
  return fail(ErrorKind::BadInput, "not a public key in DER");
}

Result<ByteView> sequence_contents(ByteView der) {
  auto contents = lone_sequence(der);
  if (!contents) return fail(ErrorKind::BadInput, "not one SEQUENCE in DER");
  return *contents;
}

Bytes der_element(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  std::size_t length = 0;
  for (auto part : parts) length += part.size();
  Bytes out{tag};
  append_length(out, length);
  for (auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace danesmtp
