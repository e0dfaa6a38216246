// SPDX-License-Identifier: GPL-2.0-or-later
// How the DNS is asked: from the texts of dane_resolver, dane_dnssec and dane_trust_anchor_file
// (the tool's flags have the same form) to one checked value. parse_resolver_options() touches no
// file and serves to check a configuration; read_resolver_files() adds what resolv.conf and the
// trust anchor file say. A file that cannot give a trust anchor for the root is an error, never "no
// validation".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store.h"
#include "core/result.h"

namespace danesmtp {

// The option texts; an empty one means the default.
struct ResolverOptions {
  std::string resolver;           // dane_resolver: auto
  std::string dnssec;             // dane_dnssec: validate
  std::string trust_anchor_file;  // dane_trust_anchor_file: the first of the usual places
};

enum class Upstream {
  Auto,         // as System; as Recursive where those servers do not carry DNSSEC
  System,       // forward to the name servers of resolv.conf
  Recursive,    // ask from the root
  Forward,      // forward to the servers that the option names
  UnboundConf,  // as an unbound.conf says, trust anchors included
};

enum class DnssecMode {
  Validate,         // in this process
  BelieveResolver,  // the AD bit of the forwarder, on the administrator's word (D-004)
};

struct NameServer {
  std::string address;  // text form; an IPv6 address may have a "%zone"
  std::uint16_t port = 53;

  friend bool operator==(const NameServer&, const NameServer&) = default;
};

// "192.0.2.1@53"
std::string server_text(const NameServer& server);

struct ResolverSettings {
  Upstream upstream = Upstream::Auto;
  std::vector<NameServer> servers;  // of Forward
  std::string unbound_conf;         // of UnboundConf
  DnssecMode dnssec = DnssecMode::Validate;
  std::string trust_anchor_file;  // empty: the usual places
  std::chrono::milliseconds question_time =
      std::chrono::seconds(20);  // the longest wait for one answer
};

// BadInput: one line with the option's name and its value.
[[nodiscard]] Result<ResolverSettings> parse_resolver_options(const ResolverOptions& options);

// The name servers of a resolv.conf, in its order; lines that name no address are passed over. As
// resolv.conf(5) has it, no more than three are asked, and a file without nameserver lines means
// 127.0.0.1. BadInput: there are such
// lines and none of them can be used.
[[nodiscard]] Result<std::vector<NameServer>> parse_resolv_conf(std::string_view text);

// The DS and DNSKEY records of a zone-form file, one line each, as libunbound takes them. Left out
// are keys that RFC 5011 does not trust: revoked ones, and those that a file of automatic updates
// marks as not yet or no longer valid. BadInput: another kind of line, or nothing for the root is
// left.
[[nodiscard]] Result<std::vector<std::string>> parse_trust_anchors(std::string_view text);

// The whole of a resolv.conf or trust anchor file, or the errno: EFBIG for more than 1 MiB. A FIFO
// is not waited for.
[[nodiscard]] tl::expected<std::string, int> read_small_file(const std::string& path);

struct SystemFiles {
  std::string resolv_conf = "/etc/resolv.conf";
  std::vector<std::string> trust_anchor_files;
  std::vector<std::string> root_hints;  // none that can be read: those that libunbound has
};

// Where Debian, Fedora, openSUSE, Alpine, Arch and FreeBSD keep the root's trust anchor and hints.
SystemFiles usual_system_files();

// What the process that asks lends the resolver.
struct ResolverSurroundings {
  std::string memory_file;                       // resolver_memory.h; empty: none
  std::function<void(const std::string&)> note;  // a line for the administrator; empty: nobody
  SystemFiles files = usual_system_files();
  Store* store =
      nullptr;  // of other processes' answers, which outlives the resolver; none: asks all
  std::chrono::seconds keep_silence{0};  // how long it is kept there that no answer came in time
};

// What a resolver needs, read from the files.
struct ResolverSetup {
  std::vector<NameServer> servers;  // empty: recursive, or as unbound_conf says
  std::string unbound_conf;
  std::string root_hints;                  // a file; empty: those that libunbound has
  std::vector<std::string> trust_anchors;  // empty: those of unbound_conf
  std::string trust_anchor_file;           // where they are from
};

// BadInput: one line that names the file.
[[nodiscard]] Result<ResolverSetup> read_resolver_files(
    const ResolverSettings& settings, const SystemFiles& files = usual_system_files());

}  // namespace danesmtp
