// SPDX-License-Identifier: GPL-2.0-or-later
// A message body that is sent from where the mail server keeps it, without a copy: how many octets
// it is on the wire. RFC 3030 2: BDAT has to say so beforehand. What stands in it it must not know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/result.h"
#include "smtp/wire_form.h"

namespace danesmtp {

// Octets of a file to be sent as they are: from its start, `size` of them.
struct FileExtent {
  int fd = -1;  // borrowed; its file offset is neither used nor moved
  std::uint64_t size = 0;
};

// From `begin` to the end of the file; as it is there, but for the form of its lines.
struct StoredBody {
  int fd = -1;  // borrowed; its file offset is neither used nor moved
  std::uint64_t begin = 0;
  LineEnds line_ends = LineEnds::Lf;
};

// It, as far as it went when it was measured.
struct MeasuredBody {
  StoredBody stored{};
  std::uint64_t end = 0;           // of the file, octets
  std::uint64_t wire_size = 0;     // octets, without a final dot
  bool ends_with_newline = false;  // or it is empty
};

// Reads it once. Io: it cannot be read.
[[nodiscard]] Result<MeasuredBody> measure(const StoredBody& stored, MessageForm form);

// Octets of the file from `offset`, as many as there are and fit, 0 at its end. Io as above.
[[nodiscard]] Result<std::size_t> read_at(int fd, std::span<std::uint8_t> into,
                                          std::uint64_t offset);

}  // namespace danesmtp
