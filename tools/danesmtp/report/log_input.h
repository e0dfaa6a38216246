// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of a log file, plain or compressed by gzip (RFC 1952) or zstd (RFC 8878), told by its
// first octets; in memory that has a bound, whatever is in the file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace danesmtp::tool {

// What octets become before lines are read.
class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  using Take = std::function<void(std::string_view)>;
  // Gives what comes of `octets`. BadInput: they are not what they should be.
  [[nodiscard]] virtual Result<void> decode(std::string_view octets, const Take& take) = 0;
  // At the end of the file. BadInput: it was cut off.
  [[nodiscard]] virtual Result<void> finish() const = 0;
};

// By the beginning of a file.
std::unique_ptr<Decoder> decoder_for(std::string_view beginning);

struct LineSink {
  std::function<void(std::string_view)> line;     // without its end
  std::function<void()> too_long;                 // once for each
  std::function<void(std::uint64_t)> progressed;  // octets of the file that were read
};

// All lines of the file; "-" is standard input. Io, BadInput: naming it; what came before the fault
// was given all the same.
[[nodiscard]] Result<void> read_lines(const std::string& path, const LineSink& sink);

// The first line, to put files in order; empty: there is none.
[[nodiscard]] Result<std::string> first_line(const std::string& path);

}  // namespace danesmtp::tool
