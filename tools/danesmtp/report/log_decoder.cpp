// SPDX-License-Identifier: GPL-2.0-or-later
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "log_input.h"

namespace danesmtp::tool {
namespace {

constexpr auto kChunk = std::size_t{128} * 1024;

class PlainDecoder final : public Decoder {
 public:
  Result<void> decode(std::string_view octets, const Take& take) override {
    take(octets);
    return {};
  }
  Result<void> finish() const override { return {}; }
};

// Several members may follow each other, as rotated logs that were put together have them.
class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() { ready_ = inflateInit2(&stream_, kGzip) == Z_OK; }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Result<void> decode(std::string_view octets, const Take& take) override;
  Result<void> finish() const override {
    if (!in_member_) return {};
    return fail(ErrorKind::BadInput, "the gzip data is cut off");
  }

 private:
  static constexpr int kGzip = 15 + 16;  // the largest window, a gzip header

  z_stream stream_{};
  bool ready_ = false;
  bool in_member_ = false;
  std::array<char, kChunk> out_{};
};

Result<void> GzipDecoder::decode(std::string_view octets, const Take& take) {
  std::string in(octets);  // zlib wants it writable
  stream_.next_in = reinterpret_cast<Bytef*>(in.data());
  stream_.avail_in = static_cast<uInt>(in.size());
  while (ready_ && stream_.avail_in > 0) {
    in_member_ = true;
    int code = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      code = inflate(&stream_, Z_NO_FLUSH);
      take({out_.data(), out_.size() - stream_.avail_out});
    } while (code == Z_OK && stream_.avail_out == 0);
    if (code == Z_STREAM_END) {
      in_member_ = false;
      inflateReset(&stream_);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return fail(ErrorKind::BadInput, "the gzip data is broken");
    }
  }
  if (!ready_) return fail(ErrorKind::BadInput, "no memory for gzip data");
  return {};
}

struct ZstdFree {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdDecoder final : public Decoder {
 public:
  Result<void> decode(std::string_view octets, const Take& take) override;
  Result<void> finish() const override {
    if (!in_frame_) return {};
    return fail(ErrorKind::BadInput, "the zstd data is cut off");
  }

 private:
  std::unique_ptr<ZSTD_DCtx, ZstdFree> context_{ZSTD_createDCtx()};
  bool in_frame_ = false;
  std::array<char, kChunk> out_{};
};

// The library refuses windows over 128 MiB.
Result<void> ZstdDecoder::decode(std::string_view octets, const Take& take) {
  ZSTD_inBuffer in{octets.data(), octets.size(), 0};
  bool full = false;
  while (in.pos < in.size || full) {
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(left)) return fail(ErrorKind::BadInput, "the zstd data is broken");
    take({out_.data(), out.pos});
    full = out.pos == out.size && left > 0;
    in_frame_ = left > 0;
  }
  return {};
}

}  // namespace

std::unique_ptr<Decoder> decoder_for(std::string_view beginning) {
  if (beginning.substr(0, 2) == "\x1f\x8b") return std::make_unique<GzipDecoder>();
  if (beginning.substr(0, 4) == "\x28\xb5\x2f\xfd") return std::make_unique<ZstdDecoder>();
  return std::make_unique<PlainDecoder>();
}

}  // namespace danesmtp::tool
