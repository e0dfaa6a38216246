// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache_findings.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "as_user.h"
#include "cache/census.h"
#include "core/format.h"

namespace danesmtp::tool {
namespace {

constexpr unsigned kOthers = 0077;

Result<std::size_t> count_entries(const std::string& path) {
  const auto file = CacheFile::open_existing(path);
  if (!file) return tl::unexpected(file.error());
  std::size_t entries = 0;
  auto done = go_through(*file, [&](const Occupant&) { return ++entries, true; });
  if (!done) return done;
  return entries;
}

std::string mode_text(const CacheFacts& facts) {
  return format("mode {:04o}", facts.mode);
}

}  // namespace

CacheFacts examine_cache(const std::string& file, const std::string& user) {
  CacheFacts facts;
  facts.file = file;
  facts.user = user;
  struct stat status {};
  if (file.empty()) return facts;
  facts.there = ::lstat(file.c_str(), &status) == 0;
  if (!facts.there && errno != ENOENT) facts.trouble = std::strerror(errno);
  if (!facts.there) return facts;
  facts.owner = user_name(status.st_uid);
  facts.mode = status.st_mode & 07777;
  facts.size = static_cast<std::uint64_t>(status.st_size);
  const auto entries = count_entries(file);
  if (entries)
    facts.entries = *entries;
  else
    facts.trouble = entries.error().text;
  return facts;
}

Finding judge_cache(const CacheFacts& facts) {
  const auto file = printable(facts.file);
  if (file.empty())
    return {"cache", Health::Ok, "dane_cache is empty: each delivery asks by itself", {}};
  if (!facts.there && facts.trouble.empty())
    return {"cache", Health::Ok, format("{} is not there yet: a delivery makes it", file), {}};
  if (!facts.there)
    return {"cache", Health::Warning, format("{}: {}", file, facts.trouble),
            "run the doctor as root, or as the user of Exim"};
  if (!facts.user.empty() && facts.owner != facts.user)
    return {"cache", Health::Warning,
            format("{} is owned by {}, and deliveries run as {}: it is not used", file,
                   printable(facts.owner), printable(facts.user)),
            format("rm {} (a delivery makes it anew)", file)};
  if ((facts.mode & kOthers) != 0)
    return {"cache", Health::Warning,
            format("{} has {}: it has TLS sessions in it, for nobody else to read", file,
                   mode_text(facts)),
            format("chmod 600 {}", file)};
  if (!facts.trouble.empty())
    return {"cache", Health::Warning, printable(facts.trouble) + ": it is not used",
            format("rm {} (a delivery makes it anew)", file)};
  return {"cache",
          Health::Ok,
          format("{}: {} entries, {} KiB, of {}, {}", file, facts.entries, facts.size / 1024,
                 printable(facts.owner), mode_text(facts)),
          {}};
}

}  // namespace danesmtp::tool
