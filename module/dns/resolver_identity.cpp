// SPDX-License-Identifier: GPL-2.0-or-later
#include "dns/resolver_identity.h"

#include <sys/stat.h>

#include "cache/slot.h"
#include "core/format.h"

namespace danesmtp {
namespace {

// Which file it is, and which state of it.
std::string file_text(const std::string& path) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return path + " -\n";
  return format("{} {} {} {} {}.{} {}.{}\n", path, status.st_dev, status.st_ino, status.st_size,
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                status.st_ctim.tv_nsec);
}

std::string anchors_text(const ResolverSettings& settings, const SystemFiles& files) {
  if (settings.upstream == Upstream::UnboundConf) return {};  // they are in that file
  if (!settings.trust_anchor_file.empty()) return file_text(settings.trust_anchor_file);
  std::string text;
  for (const auto& path : files.trust_anchor_files) text += file_text(path);
  return text;
}

std::string upstream_text(const ResolverSettings& settings, const SystemFiles& files) {
  switch (settings.upstream) {
    case Upstream::Auto:
    case Upstream::System:
      return file_text(files.resolv_conf);
    case Upstream::Forward: {
      std::string text;
      for (const auto& server : settings.servers) text += server_text(server) + "\n";
      return text;
    }
    case Upstream::UnboundConf:
      return file_text(settings.unbound_conf);
    case Upstream::Recursive:
      break;
  }
  return {};
}

}  // namespace

Bytes resolver_identity(const ResolverSettings& settings, const SystemFiles& files) {
  const std::string text =
      format("{} {}\n{}{}", static_cast<int>(settings.upstream), static_cast<int>(settings.dnssec),
             anchors_text(settings, files), upstream_text(settings, files));
  Bytes identity;
  for (std::uint8_t use : {std::uint8_t{2}, std::uint8_t{3}})
    append_number(identity, hash_of(as_bytes(text), use), kResolverIdentity / 2);
  return identity;
}

}  // namespace danesmtp
