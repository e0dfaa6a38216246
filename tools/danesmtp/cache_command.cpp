// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp cache`: what deliveries keep for each other (dane_cache), and how to make them forget.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <memory>

#include "cache/census.h"
#include "command.h"
#include "core/format.h"
#include "dns/answer_record.h"
#include "dns/cached_source.h"
#include "dns/record_resolver.h"
#include "lookup/traced_resolver.h"
#include "sts/daemon_policies.h"

namespace danesmtp::tool {
namespace {

// Where the default of dane_cache leads to, on Debian and elsewhere.
constexpr std::array kUsualPlaces = {"/var/spool/exim4/db/danesmtp", "/var/spool/exim/db/danesmtp"};

struct CacheOptions {
  std::string file;
  std::string action;
  std::vector<std::string> names;
  bool all = false;
};

std::string file_of(const CacheOptions& options) {
  if (!options.file.empty()) return options.file;
  for (const char* path : kUsualPlaces)
    if (::access(path, F_OK) == 0) return path;
  return kUsualPlaces.front();
}

// Says one thing that was said before.
class Repeated final : public RecordSource {
 public:
  explicit Repeated(Result<Answer<Bytes>> said) : said_(std::move(said)) {}
  Result<Answer<Bytes>> ask(const DnsName&, RrType, Deadline) override { return said_; }

 private:
  Result<Answer<Bytes>> said_;
};

void ask_again(Resolver& resolver, RrType type, const DnsName& name) {
  switch (type) {
    case RrType::Mx:
      static_cast<void>(resolver.mx(name));
      return;
    case RrType::A:
      static_cast<void>(resolver.addresses(name, AddressFamily::Inet));
      return;
    case RrType::Aaaa:
      static_cast<void>(resolver.addresses(name, AddressFamily::Inet6));
      return;
    case RrType::Cname:
      static_cast<void>(resolver.cname(name));
      return;
    case RrType::Tlsa:
      static_cast<void>(resolver.tlsa(name));
      return;
    case RrType::Txt:
      static_cast<void>(resolver.txt(name));
      return;
    case RrType::Dnskey:
      return;
  }
}

// In the words of a delivery's debug output; empty: no answer of ours.
std::string answer_text(const Occupant& entry) {
  const auto question = question_of(entry.key);
  const auto said = said_by(entry.value, static_cast<std::uint32_t>(entry.left.count()));
  const auto name =
      question ? DnsName::from_dns_text(question->name) : fail(ErrorKind::BadInput, "no question");
  if (!said || !name) return {};
  std::string text;
  RecordResolver resolver(std::make_unique<Repeated>(*said), std::chrono::seconds(1));
  TracedResolver traced(resolver, [&](const LookUp& look_up) { text = to_text(look_up); });
  ask_again(traced, question->type, *name);
  return text;
}

std::string kind_of(const Occupant& entry) {
  if (entry.shelf == Shelf::Sessions) return "TLS session";
  if (sts_domain_of(entry.key)) return "MTA-STS answer";
  const auto said = said_by(entry.value, 0);
  if (!said) return "unreadable";
  if (!*said) return said->error().kind == ErrorKind::DnsBogus ? "bogus" : "failed";
  const std::string what = (*said)->records.empty() ? " absence" : " answer";
  return ((*said)->secure() ? "secure" : "insecure") + what;
}

Result<std::size_t> print_kinds(const CacheFile& file) {
  std::map<std::string, std::size_t> kinds;
  auto done =
      go_through(file, [&](const Occupant& entry) { return ++kinds[kind_of(entry)], true; });
  if (!done) return done;
  for (const auto& [kind, count] : kinds) std::cout << format("{}: {}\n", kind, count);
  if (kinds.empty()) std::cout << "nothing is kept\n";
  return done;
}

std::string content_of(const Occupant& entry) {
  if (entry.shelf == Shelf::Sessions) return format("{} octets", entry.value.size());
  const auto domain = sts_domain_of(entry.key);
  return printable(domain ? format("{}: {}", *domain, as_text(entry.value)) : answer_text(entry));
}

Result<std::size_t> print_entries(const CacheFile& file) {
  return go_through(file, [](const Occupant& entry) {
    std::cout << format("{} s left: {}: {}\n", entry.left.count(), kind_of(entry),
                        content_of(entry));
    return true;
  });
}

// The name itself, and the TLSA records of its ports.
bool is_of(const std::string& asked, const std::string& name) {
  return asked == name || (asked.starts_with("_") && asked.ends_with("._tcp." + name));
}

// Empty: it is about no name.
std::string asked_of(const Occupant& entry) {
  if (entry.shelf != Shelf::Answers) return {};
  if (const auto domain = sts_domain_of(entry.key)) return *domain;
  const auto question = question_of(entry.key);
  return question ? question->name : std::string();
}

Result<std::size_t> drop(const CacheFile& file, const CacheOptions& options) {
  std::vector<std::string> names;
  for (const auto& text : options.names) {
    auto name = DnsName::of_any_kind(text);
    if (!name) return tl::unexpected(name.error());
    names.push_back(name->text());
  }
  auto gone = go_through(file, [&](const Occupant& entry) {
    const auto asked = asked_of(entry);
    return !options.all && std::none_of(names.begin(), names.end(),
                                        [&](const auto& name) { return is_of(asked, name); });
  });
  if (gone) std::cout << format("{} forgotten\n", *gone);
  return gone;
}

Result<std::size_t> act(const CacheFile& file, const CacheOptions& options) {
  if (options.action == "stat") return print_kinds(file);
  if (options.action == "dump") return print_entries(file);
  return drop(file, options);
}

int run(const CacheOptions& options) {
  const bool dropping = options.action == "drop";
  if (dropping == (options.names.empty() && !options.all))
    return complain(dropping ? "cache drop: give the names to forget, or --all"
                             : format("cache {}: takes no name and no --all", options.action));
  const auto path = file_of(options);
  const auto file = CacheFile::open_existing(path);
  if (!file) return complain(file.error().text);
  const auto done = act(*file, options);
  if (!done) return complain(format("{}: {}", path, done.error().text));
  return kDone;
}

}  // namespace

Command add_cache_command(CLI::App& parent) {
  auto options = std::make_shared<CacheOptions>();
  auto* app = parent.add_subcommand("cache", "What deliveries keep for each other (dane_cache)");
  app->add_option("ACTION", options->action,
                  "stat: how much of what; dump: each entry; drop: forget")
      ->required()
      ->check(CLI::IsMember({"stat", "dump", "drop"}));
  app->add_option("NAME", options->names, "Of drop: the names whose records are forgotten");
  app->add_flag("--all", options->all, "Of drop: everything, TLS sessions included");
  app->add_option("--file", options->file, "The file that dane_cache names")->type_name("FILE");
  return {app, [options] { return run(*options); }};
}

}  // namespace danesmtp::tool
