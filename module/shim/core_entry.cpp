// SPDX-License-Identifier: GPL-2.0-or-later
// The core library's one exported symbol. Everything that could be thrown ends here: an exception
// that reached Exim would end the delivery process and freeze the message. Status is preset to
// "deferred", and the journal makes it final, so whatever happens, no recipient is lost and none is
// served twice.
#include <exception>
#include <string>

#include "deliver.h"
#include "dns/record_resolver.h"
#include "dns/resolver_config.h"
#include "shim/bridge_server.h"

namespace {

using namespace danesmtp;

ResolverOptions resolver_options(BridgeServer& server) {
  return {server.option_text("dane_resolver"), server.option_text("dane_dnssec"),
          server.option_text("dane_trust_anchor_file")};
}

// `why` must outlive the call: Exim reads it after we have returned. Nothing is allocated: there
// may be no memory, and an exception in a handler would end the process.
int refuse(const char** why, const char* text, const char* more = "") noexcept {
  static char line[256];
  std::size_t length = 0;
  for (const char* part : {text, more})
    for (; *part && length + 1 < sizeof(line); ++part) line[length++] = *part;
  line[length] = '\0';
  *why = line;
  return 1;
}

int deliver_batch(const danesmtp_services& services, void* exim, danesmtp_batch& batch,
                  const char** why) {
  BridgeServer server(services, exim, batch);
  auto settings = parse_resolver_options(resolver_options(server));
  if (!settings) return refuse(why, settings.error().text.c_str());
  AddressBatch imported = import_batch(batch);
  deliver(server, make_resolver(*settings), imported);
  return 0;
}

extern "C" int danesmtp_deliver(const danesmtp_services* services, void* exim,
                                danesmtp_batch* batch, const char** why) noexcept {
  if (services->version != DANESMTP_BRIDGE_VERSION || services->size != sizeof(danesmtp_services))
    return refuse(why, "danesmtp: the module and its core library are of different versions");
  try {
    return deliver_batch(*services, exim, *batch, why);
  } catch (const std::exception& error) {
    return refuse(why, "danesmtp: internal error: ", error.what());
  } catch (...) {
    return refuse(why, "danesmtp: internal error");
  }
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const danesmtp_core_table danesmtp_core = {
    DANESMTP_BRIDGE_VERSION, sizeof(danesmtp_core_table), danesmtp_deliver};
