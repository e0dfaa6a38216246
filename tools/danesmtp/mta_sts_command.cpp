// SPDX-License-Identifier: GPL-2.0-or-later
// `danesmtp mta-sts-daemon`: policies of MTA-STS, fetched and kept for dane_mta_sts and for
// Postfix, so that no delivery has to (RFC 8461, doc/decisions/0033).
#include <curl/curl.h>
#include <sys/signalfd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <memory>

#include "command.h"
#include "core/format.h"
#include "dns/record_resolver.h"
#include "mta_sts/map_answer.h"
#include "mta_sts/map_listener.h"
#include "mta_sts/map_server.h"
#include "pem_input.h"
#include "probe_arguments.h"
#include "source_pool.h"
#include "time_input.h"

namespace danesmtp::tool {
namespace {

constexpr unsigned kThreads = 16;

struct DaemonOptions {
  ResolverArguments resolver;
  std::string listen;
  std::string group;
  std::string cache;
  std::string anchors;
  std::string query;
};

void declare(CLI::App& app, DaemonOptions& o) {
  auto* listen =
      app.add_option("--listen", o.listen, "Answer there: unix:PATH or inet:ADDRESS:PORT")
          ->type_name("PLACE");
  app.add_option("--group", o.group, "Whose members may use the socket at PATH")
      ->needs(listen)
      ->type_name("GROUP");
  app.add_option("--cache", o.cache, "Keep policies in this directory")->type_name("DIRECTORY");
  app.add_option("--anchors", o.anchors,
                 "PEM file: whom to trust for policies' hosts, instead of the system's")
      ->type_name("FILE");
  app.add_option("--query", o.query, "Ask for the policy of one domain, and tell; no daemon")
      ->excludes(listen)
      ->type_name("DOMAIN");
  add_resolver_arguments(app, o.resolver);
}

WallTime now() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

FetchPolicy fetcher(const std::string& anchors, const std::atomic<bool>* give_up) {
  return [anchors, give_up](const DnsName& host, const std::vector<std::string>& addresses) {
    return fetch_policy({host, addresses, anchors, kFetchTime, give_up});
  };
}

// One thread's: it has a resolver of its own over a source that it shares.
class Visitor {
 public:
  Visitor(SourcePool& pool, unsigned number, std::chrono::milliseconds question_time,
          FetchPolicy fetch)
      : fetch_(std::move(fetch)) {
    auto source = std::make_unique<PooledSource>(pool, number);
    source_ = source.get();
    resolver_ = std::make_unique<RecordResolver>(std::move(source), question_time);
  }

  Finding visit(const Errand& errand) {
    const auto domain = DnsName::parse(errand.domain);
    if (!domain) return NoRecord{};
    auto finding = visit_domain(*domain, errand.known_id, *resolver_, fetch_);
    const auto* error = std::get_if<Error>(&finding);
    // A source that could not be opened would say so for ever.
    if (error != nullptr && error->for_operator) source_->renew();
    return finding;
  }

 private:
  FetchPolicy fetch_;
  PooledSource* source_ = nullptr;
  std::unique_ptr<RecordResolver> resolver_;
};

// A mistake of the administrator's, told before anybody is served.
Result<PolicyFiles> files_of(const DaemonOptions& options) {
  if (options.cache.empty()) return PolicyFiles();
  return PolicyFiles::open(options.cache);
}

Result<void> anchors_can_be_read(const DaemonOptions& options) {
  if (options.anchors.empty()) return {};
  if (const auto read = read_certificates(options.anchors); !read)
    return fail(ErrorKind::BadInput, format("--anchors: {}", read.error().text));
  return {};
}

Result<danesmtp_socketmap> place_of(const std::string& text) {
  danesmtp_socketmap place{};
  const char* why = danesmtp_read_socketmap(text.c_str(), &place);
  if (!why) return place;
  return fail(ErrorKind::BadInput, format("--listen: \"{}\": {}", printable(text), why));
}

UniqueFd signals_of_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return UniqueFd(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

Result<void> serve(const DaemonOptions& options, const ResolverSettings& settings) {
  const auto place = place_of(options.listen);
  if (!place) return tl::unexpected(place.error());
  const auto files = files_of(options);
  if (!files) return tl::unexpected(files.error());
  const auto stop = signals_of_end();
  const auto listener = listen_at(*place, options.group);
  if (!listener) return tl::unexpected(listener.error());
  const PolicyBook::Tell tell = [](const std::string& line) { std::cerr << line << std::endl; };
  PolicyBook book(*files, tell, now());
  tell(format("listening at {}, {} policies known", options.listen, book.size()));
  std::atomic<bool> give_up = false;
  SourcePool pool(settings, kThreads);
  unsigned number = 0;
  Visitors visitors(kThreads, [&] {
    auto visitor = std::make_shared<Visitor>(pool, number++, settings.question_time,
                                             fetcher(options.anchors, &give_up));
    return [visitor](const Errand& errand) { return visitor->visit(errand); };
  });
  auto served = MapServer(listener->get(), book, visitors).run(stop.get());
  give_up = true;
  end_listening(*place);
  return served;
}

std::string answer_to(const std::string& domain, const Finding& finding) {
  if (const auto* found = std::get_if<Published>(&finding)) return answer_of(domain, found->policy);
  if (const auto* fault = std::get_if<StsFault>(&finding)) return answer_of(domain, *fault);
  if (const auto* error = std::get_if<Error>(&finding)) return temporary(printable(error->text));
  return no_policy();
}

std::string kept_text(const std::optional<KeptPolicy>& kept) {
  if (!kept) return {};
  return format("kept: policy {}: {}, fetched {}, until {}\n", kept->id,
                mode_text(kept->policy.mode), to_rfc3339(kept->fetched), to_rfc3339(kept->end()));
}

int query(const DaemonOptions& options, const ResolverSettings& settings) {
  const auto domain = DnsName::parse(options.query);
  if (!domain) return complain(format("--query: {}", domain.error().text));
  const auto resolver = make_resolver(settings);
  const auto finding =
      visit_domain(*domain, std::nullopt, *resolver, fetcher(options.anchors, nullptr));
  std::cout << domain->text() << ": " << to_text(finding) << '\n'
            << kept_text(PolicyFiles::look_at(options.cache).one(domain->text()))
            << "answer: " << printable(answer_to(domain->text(), finding)) << '\n';
  const bool known =
      std::holds_alternative<Published>(finding) || std::holds_alternative<NoRecord>(finding);
  return known ? kDone : kNotAuthenticated;
}

int run(const DaemonOptions& options) {
  if (options.listen.empty() && options.query.empty())
    return complain("--listen is needed, or --query");
  const auto settings = resolver_settings(options.resolver);
  if (!settings) return complain(settings.error().text);
  if (const auto good = anchors_can_be_read(options); !good) return complain(good.error().text);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) return complain("libcurl cannot start");
  if (!options.query.empty()) return query(options, *settings);
  const auto served = serve(options, *settings);
  return served ? kDone : complain(served.error().text);
}

}  // namespace

Command add_mta_sts_daemon_command(CLI::App& parent) {
  auto* app = parent.add_subcommand("mta-sts-daemon", "fetch and keep the policies of MTA-STS");
  auto options = std::make_shared<DaemonOptions>();
  declare(*app, *options);
  app->footer(
      "Exit codes: 0 ended by a signal, or the domain has a policy or says that it has none; 1 "
      "its policy\ncannot be had; 2 unusable arguments or files. danesmtp-mta-sts-daemon(1) tells "
      "more.");
  return {app, [options] { return run(*options); }};
}

}  // namespace danesmtp::tool
