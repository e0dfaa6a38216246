// SPDX-License-Identifier: GPL-2.0-or-later
// The core library's one exported symbol. Everything that could be thrown ends here: an exception
// that reached Exim would end the delivery process and freeze the message. Status is preset to
// "deferred", and the journal makes it final, so whatever happens, no recipient is lost and none is
// served twice.
#include <unistd.h>

#include <exception>
#include <string>

#include "bridge/batch_import.h"
#include "bridge/bridge_server.h"
#include "cache/file_store.h"
#include "cache/hourly.h"
#include "core/bytes.h"
#include "core/format.h"
#include "deliver.h"
#include "dns/record_resolver.h"
#include "dns/resolver_config.h"
#include "net/confinement.h"
#include "route/callout_policy.h"
#include "sts/daemon_policies.h"
#include "tlsrpt/report_attempts.h"

namespace {

using namespace danesmtp;

ResolverOptions resolver_options(Configuration& options) {
  return {options.option_text(kDaneResolver), options.option_text(kDaneDnssec),
          options.option_text(kDaneTrustAnchorFile)};
}

// As the exim user, in the directory that is Exim's own.
ResolverSurroundings surroundings(Log& log, const std::string& spool_directory, Store& store) {
  ResolverSurroundings around;
  around.store = &store;
  around.memory_file = spool_directory + "/danesmtp-resolver";
  around.note = [&log](const std::string& line) { log.note(line); };
  return around;
}

// A cache that cannot be used is no reason to let mail wait, nor to tell of it with every message.
FileStore::Note once_an_hour(Log& log, const std::string& spool_directory) {
  return [&log, stamp = spool_directory + "/danesmtp-note"](const std::string& why) {
    const auto line = format("DANE: nothing is kept for later deliveries: {}", printable(why));
    if (log.debugging()) log.debug(line);
    if (first_this_hour(stamp)) log.note(line);
  };
}

Result<std::string> absolute_path(Configuration& options, const TextOption& option) {
  auto path = options.option_expanded(option);
  if (path && !path->empty() && path->front() != '/')
    return fail(ErrorKind::BadInput,
                format("option {}: \"{}\" is no absolute path", option.name, *path));
  return path;
}

// Root makes no file that the exim user could not use.
Result<std::string> store_path(Configuration& options) {
  auto path = absolute_path(options, kDaneCache);
  return ::geteuid() == 0 ? Result<std::string>("") : path;
}

// `why` must outlive the call: Exim reads it after we have returned. Nothing is allocated: there
// may be no memory, and an exception in a handler would end the process.
int refuse(const char** why, const char* text, const char* more = "") noexcept {
  static char line[400];
  std::size_t length = 0;
  for (const char* part : {text, more})
    for (; *part && length + 1 < sizeof(line); ++part) line[length++] = *part;
  line[length] = '\0';
  *why = line;
  return 1;
}

// As hourly as the above, and of something else. Root makes no stamp that the exim user could not
// use.
std::function<void(const std::string&)> report_trouble(Log& log,
                                                       const std::string& spool_directory) {
  return [&log, stamp = spool_directory + "/danesmtp-report"](const std::string& why) {
    const auto line = format("TLSRPT: reports are lost: {}", printable(why));
    if (log.debugging()) log.debug(line);
    if (::geteuid() != 0 && first_this_hour(stamp)) log.note(line);
  };
}

// Likewise.
DaemonPolicies::Trouble daemon_trouble(Log& log, const std::string& spool_directory) {
  return [&log, stamp = spool_directory + "/danesmtp-sts"](const std::string& why) {
    const auto line = format("MTA-STS: delivered as without a policy: {}", printable(why));
    if (log.debugging()) log.debug(line);
    if (first_this_hour(stamp)) log.note(line);
  };
}

// A message that requires TLS is not given up because a daemon is down.
DaemonDown while_down(Configuration& options, RequireTls requirement) {
  const bool waits =
      requirement == RequireTls::Always || options.option_text(kDaneMtaStsFail) == "defer";
  return waits ? DaemonDown::Waits : DaemonDown::Ignored;
}

// Nothing: switched off, for the domain that the server is about.
Result<std::optional<danesmtp_socketmap>> policy_daemon(Configuration& options) {
  const auto text = options.option_expanded(kDaneMtaSts);
  if (!text) return tl::unexpected(text.error());
  if (text->empty()) return std::nullopt;
  danesmtp_socketmap daemon{};
  if (const char* why = danesmtp_read_socketmap(text->c_str(), &daemon))
    return fail(ErrorKind::BadInput,
                format("option {}: \"{}\": {}", kDaneMtaSts.name, printable(*text), why));
  return daemon;
}

// Whom the options name, who may be another one for the next domain of a message. An option that
// cannot be read leaves nobody without a policy.
class PoliciesByOption final : public StsPolicies {
 public:
  // All outlive it.
  PoliciesByOption(MailServer& server, Store& store, const AddressBatch& batch)
      : server_(server), store_(store), batch_(batch) {}

  [[nodiscard]] Result<std::optional<StsPolicy>> of(const DnsName& domain,
                                                    Deadline deadline) override {
    if (server_.option_text(kDaneMtaSts).empty()) return std::nullopt;
    const auto daemon = policy_daemon(server_);
    if (!daemon) return tl::unexpected(daemon.error());
    if (!*daemon) return std::nullopt;
    DaemonPolicies policies(**daemon, while_down(server_, batch_.require_tls), store_,
                            daemon_trouble(server_, batch_.spool_directory));
    return policies.of(domain, deadline);
  }

 private:
  MailServer& server_;
  Store& store_;
  const AddressBatch& batch_;
};

// Everything is decided by now: nothing that goes wrong from here on is of any consequence for
// mail.
void report(BridgeServer& server, const AddressBatch& batch, const ResolverSettings& settings,
            Store& store) noexcept {
  try {
    if (server.tls_attempts().empty() || server.option_text(kDaneTlsrptSocket).empty()) return;
    const auto trouble = report_trouble(server, batch.spool_directory);
    const auto socket = absolute_path(server, kDaneTlsrptSocket);
    if (!socket) trouble(socket.error().text);
    if (!socket || socket->empty()) return;
    const auto resolver = [&] {
      auto around = surroundings(server, batch.spool_directory, store);
      around.keep_silence = kReportSilence;
      return make_resolver(settings, std::move(around));
    };
    report_attempts(server.tls_attempts(), {*socket, resolver, trouble}, server);
  } catch (...) {
    // No memory: the report is lost.
  }
}

int deliver_batch(const danesmtp_services& services, void* exim, danesmtp_batch& batch,
                  const char** why) {
  BridgeServer server({services, exim});
  auto settings = parse_resolver_options(resolver_options(server));
  if (!settings) return refuse(why, settings.error().text.c_str());
  AddressBatch imported = import_batch(batch);
  auto path = store_path(server);
  if (!path) return refuse(why, path.error().text.c_str());
  FileStore store(std::move(*path), once_an_hour(server, imported.spool_directory));
  PoliciesByOption sts(server, store, imported);
  auto resolver = make_resolver(*settings, surroundings(server, imported.spool_directory, store));
  deliver(server, std::move(resolver), imported, store, sts);
  report(server, imported, *settings, store);
  return 0;
}

extern "C" int danesmtp_deliver(const danesmtp_services* services, void* exim,
                                danesmtp_batch* batch, const char** why) noexcept {
  if (services->version != DANESMTP_BRIDGE_VERSION || services->size != sizeof(danesmtp_services))
    return refuse(why, "danesmtp: the module and its core library are of different versions");
  keep_out_of_core_files();  // passwords, keys, TLS sessions; Exim makes a process for each call
  try {
    return deliver_batch(*services, exim, *batch, why);
  } catch (const std::exception& error) {
    return refuse(why, "danesmtp: internal error: ", error.what());
  } catch (...) {
    return refuse(why, "danesmtp: internal error");
  }
}

danesmtp_policy bridge_policy(CalloutPolicy policy) {
  switch (policy) {
    case CalloutPolicy::None:
      return DANESMTP_POLICY_NONE;
    case CalloutPolicy::Found:
      return DANESMTP_POLICY_FOUND;
    case CalloutPolicy::Audited:
      return DANESMTP_POLICY_AUDITED;
    case CalloutPolicy::Unknown:
      break;
  }
  return DANESMTP_POLICY_UNKNOWN;
}

danesmtp_policy policy_of_batch(const danesmtp_services& services, void* exim,
                                danesmtp_batch& batch, const char** why) {
  BridgeServer server({services, exim});
  const auto end = Deadline::in(kCalloutLookUps);
  auto settings = parse_resolver_options(resolver_options(server));
  if (!settings) {
    refuse(why, settings.error().text.c_str());
    return DANESMTP_POLICY_UNKNOWN;
  }
  const AddressBatch imported = import_batch(batch);
  FileStore store(store_path(server).value_or(""), {});
  PoliciesByOption sts(server, store, imported);
  ResolverSurroundings around;
  around.store = &store;
  const auto answer = callout_policy(server, make_resolver(*settings, around), sts, imported, end);
  refuse(why, answer.why.c_str());
  return bridge_policy(answer.policy);
}

extern "C" int danesmtp_may_have_policy(const danesmtp_services* services, void* exim,
                                        danesmtp_batch* batch, const char** why) noexcept {
  if (services->version != DANESMTP_BRIDGE_VERSION || services->size != sizeof(danesmtp_services)) {
    refuse(why, "danesmtp: the module and its core library are of different versions");
    return DANESMTP_POLICY_UNKNOWN;
  }
  try {
    return policy_of_batch(*services, exim, *batch, why);
  } catch (const std::exception& error) {
    refuse(why, "danesmtp: internal error: ", error.what());
  } catch (...) {
    refuse(why, "danesmtp: internal error");
  }
  return DANESMTP_POLICY_UNKNOWN;
}

}  // namespace

extern "C" __attribute__((visibility("default")))
const danesmtp_core_table danesmtp_core = {DANESMTP_BRIDGE_VERSION, sizeof(danesmtp_core_table),
                                           danesmtp_deliver, danesmtp_may_have_policy};
