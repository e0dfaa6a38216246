// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/resolver_memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "core/format.h"
#include "net/unique_fd.h"

namespace danesmtp {
namespace {

constexpr std::string_view kHead = "danesmtp-resolver 1\n";
constexpr std::size_t kMaxFile = 4096;
constexpr std::int64_t kLongest = 3600;  // seconds

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Of our own user, a plain file and small: anything else is not ours.
std::string read_own_file(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) return {};
  char text[kMaxFile];
  const ssize_t got = ::read(file.get(), text, sizeof(text));
  return got > 0 && got < static_cast<ssize_t>(kMaxFile)
             ? std::string(text, static_cast<std::size_t>(got))
             : std::string();
}

// The line at the front of `text`, which moves behind it.
std::optional<std::string_view> take_line(std::string_view& text) {
  auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

bool in_time(std::string_view line) {
  std::int64_t expiry = 0;
  auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), expiry);
  if (error != std::errc() || end != line.data() + line.size()) return false;
  return now() < expiry && expiry <= now() + kLongest;
}

tl::unexpected<Error> cannot_write(const std::string& path) {
  return fail(ErrorKind::Io, format("{}: {}", path, std::strerror(errno)));
}

}  // namespace

std::optional<std::string> ResolverMemory::recall() const {
  if (file_.empty()) return std::nullopt;
  const std::string all = read_own_file(file_);
  std::string_view text = all;
  if (text.substr(0, kHead.size()) != kHead) return std::nullopt;
  text.remove_prefix(kHead.size());
  auto expiry = take_line(text);
  auto question = take_line(text);
  auto choice = take_line(text);
  if (!expiry || !question || !choice || !text.empty()) return std::nullopt;
  if (*question != question_ || !in_time(*expiry)) return std::nullopt;
  return std::string(*choice);
}

// Written aside and renamed: a reader sees one or the other.
Result<void> ResolverMemory::remember(const std::string& choice, std::chrono::seconds time) const {
  if (file_.empty()) return {};
  const std::string aside = format("{}.{}", file_, ::getpid());
  ::unlink(aside.c_str());  // of a process that died
  UniqueFd file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return cannot_write(aside);
  const auto text = format("{}{}\n{}\n{}\n", kHead, now() + time.count(), question_, choice);
  const bool written =
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (written && std::rename(aside.c_str(), file_.c_str()) == 0) return {};
  auto error = cannot_write(file_);
  ::unlink(aside.c_str());
  return error;
}

void ResolverMemory::forget() const {
  if (!file_.empty()) ::unlink(file_.c_str());
}

}  // namespace danesmtp
