// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/bytes.h"

#include <optional>

#include "core/format.h"

namespace danesmtp {
namespace {

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (auto byte : bytes) text += format("{:02x}", byte);
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail(ErrorKind::BadInput, "an odd number of hexadecimal digits");
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = hex_digit(text[i]);
    auto low = hex_digit(text[i + 1]);
    if (!high || !low) return fail(ErrorKind::BadInput, "not a hexadecimal digit");
    bytes.push_back(static_cast<std::uint8_t>((*high << 4) | *low));
  }
  return bytes;
}

void append_number(Bytes& to, std::uint64_t number, std::size_t octets) {
  for (std::size_t left = octets; left > 0; --left)
    to.push_back(static_cast<std::uint8_t>(number >> 8 * (left - 1)));
}

std::uint64_t number_in(ByteView octets) {
  std::uint64_t number = 0;
  for (const auto octet : octets) number = number << 8 | octet;
  return number;
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string printable(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (char c : text) {
    if (c == '\n')
      line += "\\n";
    else if (c == '\r')
      line += "\\r";
    else if (c == '\t')
      line += "\\t";
    else if (c == '\\')
      line += "\\\\";
    else if (c >= ' ' && c <= '~')
      line += c;
    else
      line += format("\\{:03o}", static_cast<unsigned char>(c));
  }
  return line;
}

}  // namespace danesmtp
