// SPDX-License-Identifier: GPL-2.0-or-later
// Reads and writes the little DER that is needed; see the header. ITU-T X.690 8.1 and 10.1.
#include "x509/x509_der.h"

#include <optional>

namespace danesmtp {
namespace {

constexpr std::uint8_t kBoolean = 0x01;
constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kBitString = 0x03;
constexpr std::uint8_t kOctetString = 0x04;
constexpr std::uint8_t kObjectId = 0x06;
constexpr std::uint8_t kUtcTime = 0x17;
constexpr std::uint8_t kGeneralizedTime = 0x18;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kSet = 0x31;
constexpr std::uint8_t kVersion = 0xa0;          // [0] EXPLICIT
constexpr std::uint8_t kCertificates = 0xa0;     // [0] EXPLICIT, of a BasicOCSPResponse
constexpr std::uint8_t kIssuerUniqueId = 0x81;   // [1] IMPLICIT BIT STRING
constexpr std::uint8_t kSubjectUniqueId = 0x82;  // [2] IMPLICIT BIT STRING
constexpr std::uint8_t kExtensions = 0xa3;       // [3] EXPLICIT

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

// A tag of one octet that is a value's: not the end of contents (0), not the first octet of
// several.
bool is_plain_tag(std::uint8_t tag) {
  return tag != 0 && (tag & 0x1fU) != 0x1fU;
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

  // ANY: what it holds is opaque here, and to whoever else steps over it.
  std::optional<Element> take_any() {
    if (rest_.empty() || !is_plain_tag(rest_[0])) return std::nullopt;
    return take(rest_[0]);
  }

 private:
  ByteView rest_;
};

// The contents of `der` when it is one element with this tag and nothing else.
std::optional<ByteView> lone(std::uint8_t tag, ByteView der) {
  Elements outer(der);
  auto element = outer.take(tag);
  if (!element || !outer.at_end()) return std::nullopt;
  return element->contents;
}

std::optional<ByteView> lone_sequence(ByteView der) {
  return lone(kSequence, der);
}

// X.690 8.3.2: in two's complement, as short as can be. Negative and long serial numbers, which RFC
// 5280 4.1.2.2 forbids to CAs, are for users to put up with.
bool is_integer(ByteView contents) {
  if (contents.empty()) return false;
  if (contents.size() == 1) return true;
  const bool negative = (contents[1] & 0x80U) != 0;
  return contents[0] != (negative ? 0xff : 0x00);
}

// X.690 8.19: each component in base 128, as short as can be, and whole.
bool is_object_id(ByteView contents) {
  bool at_start = true;
  for (auto octet : contents) {
    if (at_start && octet == 0x80) return false;
    at_start = (octet & 0x80U) == 0;
  }
  return !contents.empty() && at_start;
}

// X.690 8.6.2 and 11.2.1: the unused bits are at most seven, of an octet that is there, and zero.
bool is_bit_string(ByteView contents) {
  if (contents.empty() || contents[0] > 7) return false;
  if (contents.size() == 1) return contents[0] == 0;
  return (contents.back() & ((1U << contents[0]) - 1)) == 0;
}

// RFC 5280 4.1.1.2: an OID, and parameters or none.
bool take_algorithm(Elements& from) {
  auto algorithm = from.take(kSequence);
  if (!algorithm) return false;
  Elements parts(algorithm->contents);
  auto id = parts.take(kObjectId);
  if (!id || !is_object_id(id->contents)) return false;
  return (parts.at_end() || parts.take_any()) && parts.at_end();
}

bool take_bit_string(Elements& from, std::uint8_t tag = kBitString) {
  auto bits = from.take(tag);
  return bits && is_bit_string(bits->contents);
}

// RFC 5280 4.1.2.4: SEQUENCE OF SET OF SEQUENCE {OID, any}; the SEQUENCE may be empty.
bool is_name(ByteView contents) {
  Elements names(contents);
  while (!names.at_end()) {
    auto set = names.take(kSet);
    if (!set || set->contents.empty()) return false;
    Elements attributes(set->contents);
    while (!attributes.at_end()) {
      auto attribute = attributes.take(kSequence);
      if (!attribute) return false;
      Elements parts(attribute->contents);
      auto type = parts.take(kObjectId);
      if (!type || !is_object_id(type->contents) || !parts.take_any() || !parts.at_end())
        return false;
    }
  }
  return true;
}

// RFC 5280 4.1.2.5. What the times say is not read here: usage 3 does not care (D-081).
bool is_validity(ByteView contents) {
  Elements times(contents);
  for (int i = 0; i < 2; ++i)
    if (!times.take(times.next_is(kUtcTime) ? kUtcTime : kGeneralizedTime)) return false;
  return times.at_end();
}

// RFC 5280 4.1.2.1: [0] EXPLICIT INTEGER, 0 to 2. Version 1 written out, which DER forbids for a
// default, is what both GnuTLS and OpenSSL read as version 1.
std::optional<int> take_version(Elements& from) {
  if (!from.next_is(kVersion)) return 0;
  auto explicit_tag = from.take(kVersion);
  auto number = explicit_tag ? lone(kInteger, explicit_tag->contents) : std::nullopt;
  if (!number || number->size() != 1 || (*number)[0] > 2) return std::nullopt;
  return (*number)[0];
}

// RFC 5280 4.1.2.9: {OID, BOOLEAN DEFAULT FALSE, OCTET STRING}. An empty list and a default that is
// written out are read alike by everybody, so they are no reason to refuse.
bool is_extensions(ByteView contents) {
  auto list = lone_sequence(contents);
  if (!list) return false;
  Elements extensions(*list);
  while (!extensions.at_end()) {
    auto extension = extensions.take(kSequence);
    if (!extension) return false;
    Elements parts(extension->contents);
    auto id = parts.take(kObjectId);
    if (!id || !is_object_id(id->contents)) return false;
    if (parts.next_is(kBoolean)) {
      auto critical = parts.take(kBoolean);
      if (!critical || critical->contents.size() != 1) return false;
    }
    if (!parts.take(kOctetString) || !parts.at_end()) return false;
  }
  return true;
}

// RFC 5280 4.1.2.8 and 4.1.2.9: in this order, and only in the versions that have them.
bool take_optional_fields(Elements& from, int version) {
  for (auto tag : {kIssuerUniqueId, kSubjectUniqueId})
    if (from.next_is(tag) && (version < 1 || !take_bit_string(from, tag))) return false;
  if (!from.next_is(kExtensions)) return true;
  auto extensions = from.take(kExtensions);
  return version == 2 && extensions && is_extensions(extensions->contents);
}

// The to-be-signed part, when the three parts of a certificate are there and no fourth.
std::optional<ByteView> signed_part(ByteView der) {
  auto certificate = lone_sequence(der);
  if (!certificate) return std::nullopt;
  Elements parts(*certificate);
  auto tbs = parts.take(kSequence);
  if (!tbs || !take_algorithm(parts) || !take_bit_string(parts) || !parts.at_end())
    return std::nullopt;
  return tbs->contents;
}

// RFC 5280 4.1: version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
// and the optional fields, each entered as deep as its type is fixed.
std::optional<CertificateFields> walk(ByteView der) {
  auto tbs = signed_part(der);
  if (!tbs) return std::nullopt;
  Elements fields(*tbs);
  auto version = take_version(fields);
  if (!version) return std::nullopt;
  auto serial = fields.take(kInteger);
  if (!serial || !is_integer(serial->contents) || !take_algorithm(fields)) return std::nullopt;
  auto issuer = fields.take(kSequence);
  auto validity = fields.take(kSequence);
  auto subject = fields.take(kSequence);
  auto key = fields.take(kSequence);
  if (!issuer || !validity || !subject || !key) return std::nullopt;
  if (!is_name(issuer->contents) || !is_validity(validity->contents) ||
      !is_name(subject->contents) || !is_public_key_info(key->whole))
    return std::nullopt;
  if (!take_optional_fields(fields, *version) || !fields.at_end()) return std::nullopt;
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
  return take_algorithm(parts) && take_bit_string(parts) && parts.at_end();
}

Result<ByteView> signed_octets(ByteView der) {
  if (auto contents = lone_sequence(der)) {
    Elements parts(*contents);
    auto data = parts.take(kSequence);
    bool whole = data && take_algorithm(parts) && take_bit_string(parts);
    if (whole && parts.next_is(kCertificates)) whole = parts.take(kCertificates).has_value();
    if (whole && parts.at_end()) return data->whole;
  }
  return fail(ErrorKind::BadInput, "not signed data in DER");
}

Result<ByteView> public_key_octets(ByteView public_key_info) {
  if (!is_public_key_info(public_key_info))
    return fail(ErrorKind::BadInput, "not a public key in DER");
  Elements parts(*lone_sequence(public_key_info));
  parts.take(kSequence);
  auto key = parts.take(kBitString);
  if (!key || key->contents[0] != 0) return fail(ErrorKind::BadInput, "not a key of whole octets");
  return key->contents.subspan(1);
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
