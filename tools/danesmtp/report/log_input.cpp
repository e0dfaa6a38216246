// SPDX-License-Identifier: GPL-2.0-or-later
#include "log_input.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/format.h"
#include "line_splitter.h"
#include "net/unique_fd.h"

namespace danesmtp::tool {
namespace {

Result<UniqueFd> open_log(const std::string& path) {
  UniqueFd fd(path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() >= 0) return fd;
  return fail(ErrorKind::Io, format("{}: {}", path, std::strerror(errno)));
}

// The octets of a file, one read(2) at a time.
class Octets {
 public:
  explicit Octets(UniqueFd fd) : fd_(std::move(fd)) {}

  // Empty: that was all. Valid until the next call. Io.
  Result<std::string_view> next() {
    ssize_t count = 0;
    do {
      count = ::read(fd_.get(), buffer_.data(), buffer_.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) return fail(ErrorKind::Io, std::strerror(errno));
    return std::string_view(buffer_.data(), static_cast<std::size_t>(count));
  }

 private:
  UniqueFd fd_;
  std::array<char, std::size_t{256} * 1024> buffer_{};
};

// Gives decoded octets until there are no more, or until `enough`.
Result<void> decode_all(Octets& octets, const Decoder::Take& take,
                        const std::function<bool()>& enough,
                        const std::function<void(std::uint64_t)>& progressed) {
  std::unique_ptr<Decoder> decoder;
  std::uint64_t read = 0;
  while (!enough()) {
    auto part = octets.next();
    if (!part) return tl::unexpected(part.error());
    if (part->empty()) return decoder ? decoder->finish() : Result<void>();
    if (!decoder) decoder = decoder_for(*part);
    if (auto decoded = decoder->decode(*part, take); !decoded) return decoded;
    read += part->size();
    progressed(read);
  }
  return {};
}

Result<void> named(const std::string& path, Result<void> result) {
  if (result) return result;
  return fail(result.error().kind, format("{}: {}", path, result.error().text));
}

}  // namespace

Result<void> read_lines(const std::string& path, const LineSink& sink) {
  auto fd = open_log(path);
  if (!fd) return tl::unexpected(fd.error());
  Octets octets(std::move(*fd));
  LineSplitter splitter(sink);
  auto done = decode_all(
      octets, [&](std::string_view part) { splitter.add(part); }, [] { return false; },
      sink.progressed);
  splitter.finish();
  return named(path, std::move(done));
}

Result<std::string> first_line(const std::string& path) {
  auto fd = open_log(path);
  if (!fd) return tl::unexpected(fd.error());
  Octets octets(std::move(*fd));
  std::string beginning;
  auto done = decode_all(
      octets,
      [&](std::string_view part) {
        if (beginning.size() < LineSplitter::kLongest)
          beginning.append(part.substr(0, LineSplitter::kLongest));
      },
      [&] {
        return beginning.size() >= LineSplitter::kLongest ||
               beginning.find('\n') != std::string::npos;
      },
      [](std::uint64_t) {});
  if (!done && beginning.empty()) return tl::unexpected(named(path, std::move(done)).error());
  return beginning.substr(0, beginning.find('\n'));
}

}  // namespace danesmtp::tool
