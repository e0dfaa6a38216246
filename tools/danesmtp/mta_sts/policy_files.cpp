// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "core/dns_name.h"
#include "core/format.h"
#include "net/file_lock.h"

namespace danesmtp::tool {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFirstLine = "danesmtp-mta-sts 1";
constexpr const char* kNewFile = ".new";  // no domain begins with a dot
constexpr const char* kLockFile = ".lock";
constexpr std::size_t kLongestFile = kLongestPolicy + 1024;

tl::unexpected<Error> failure(const std::string& path) {
  return fail(ErrorKind::Io, format("{}: {}", path, std::strerror(errno)));
}

// What is behind "name: " on the next line; the text is left with what follows.
std::optional<std::string_view> take_value(std::string_view& text, std::string_view name) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  if (end == std::string_view::npos || !line.starts_with(name)) return std::nullopt;
  text.remove_prefix(end + 1);
  return line.substr(name.size());
}

std::optional<WallTime> time_in(std::string_view digits) {
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

// Nothing: there is none, or it is no file of ours.
std::optional<std::string> content_of(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat facts {};
  if (!fd || ::fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  std::string text;
  std::array<char, 4096> some{};
  for (ssize_t got = 0; (got = ::read(fd.get(), some.data(), some.size())) > 0;) {
    text.append(some.data(), static_cast<std::size_t>(got));
    if (text.size() > kLongestFile) return std::nullopt;
  }
  return text;
}

bool write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

std::string file_text(const std::string& domain, const KeptPolicy& kept) {
  return format("{}\ndomain: {}\nid: {}\nfetched: {}\n\n{}", kFirstLine, domain, kept.id,
                kept.fetched.time_since_epoch().count(), kept.text);
}

std::optional<KeptPolicy> kept_policy(const std::string& domain, const std::string& text) {
  std::string_view rest = text;
  if (take_value(rest, kFirstLine) != "" || take_value(rest, "domain: ") != domain)
    return std::nullopt;
  const auto id = take_value(rest, "id: ");
  const auto fetched = id ? take_value(rest, "fetched: ") : std::nullopt;
  const auto time = fetched ? time_in(*fetched) : std::nullopt;
  if (!time || take_value(rest, "") != "") return std::nullopt;
  auto policy = parse_policy(rest);
  if (!policy) return std::nullopt;
  return KeptPolicy{std::string(*id), std::string(rest), *std::move(policy), *time};
}

Result<PolicyFiles> PolicyFiles::open(const std::string& directory) {
  PolicyFiles files;
  files.directory_ = directory;
  const auto lock = files.path(kLockFile);
  files.lock_ = UniqueFd(::open(lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!files.lock_) return failure(lock);
  if (!lock_octets(files.lock_.get(), 0, 0))
    return fail(ErrorKind::Io, format("{}: another daemon uses it", directory));
  return files;
}

PolicyFiles PolicyFiles::look_at(const std::string& directory) {
  PolicyFiles files;
  files.directory_ = directory;
  return files;
}

std::map<std::string, KeptPolicy> PolicyFiles::all(std::size_t most) const {
  std::map<std::string, KeptPolicy> found;
  if (directory_.empty()) return found;
  std::error_code code;
  for (const auto& file : fs::directory_iterator(directory_, code)) {
    const auto domain = file.path().filename().string();
    if (found.size() == most) break;
    if (auto kept = one(domain)) found.emplace(domain, *std::move(kept));
  }
  return found;
}

std::optional<KeptPolicy> PolicyFiles::one(const std::string& domain) const {
  const auto name = DnsName::parse(domain);
  if (directory_.empty() || !name || name->text() != domain) return std::nullopt;
  const auto text = content_of(path(domain));
  return text ? kept_policy(domain, *text) : std::nullopt;
}

Result<void> PolicyFiles::keep(const std::string& domain, const KeptPolicy& kept) const {
  if (directory_.empty()) return {};
  const auto made = path(kNewFile);
  const UniqueFd fd(
      ::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd || !write_whole(fd.get(), file_text(domain, kept))) return failure(made);
  if (::rename(made.c_str(), path(domain).c_str()) != 0) return failure(path(domain));
  return {};
}

void PolicyFiles::drop(const std::string& domain) const {
  if (!directory_.empty()) ::unlink(path(domain).c_str());
}

}  // namespace danesmtp::tool
