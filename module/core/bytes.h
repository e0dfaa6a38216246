// SPDX-License-Identifier: GPL-2.0-or-later
// Octets as values, and their text forms. What they mean is not known here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace danesmtp {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Lower-case hexadecimal, two digits an octet.
std::string to_hex(ByteView bytes);

// The reverse; upper and lower case are accepted. BadInput for an odd length or another character.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

// A number in so many octets, the highest first (RFC 1035 2.3.2), at the end of `to`; at most
// eight, and what does not fit is left out.
void append_number(Bytes& to, std::uint64_t number, std::size_t octets);

// The number that these octets are, at most eight.
std::uint64_t number_in(ByteView octets);

// The same octets, seen as text and back; no copy.
std::string_view as_text(ByteView bytes);
ByteView as_bytes(std::string_view text);

// Remote text made fit for one line of a log: \n, \r, \t and \\ are written so, what else is not
// printable ASCII becomes \ooo. Exim turns "\n" into a line break when it quotes it in a bounce.
std::string printable(std::string_view text);

}  // namespace danesmtp
