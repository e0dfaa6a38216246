// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/events_bridge.h"

#include "bridge/trust.h"

namespace danesmtp {
namespace {

std::uint32_t resumption_flags(const ResumptionSteps& steps) {
  const auto& [wanted, offered, ticket, used] = steps;
  std::uint32_t flags = 0;
  if (wanted) flags |= DANESMTP_RESUMPTION_WANTED;
  if (offered) flags |= DANESMTP_RESUMPTION_OFFERED;
  if (ticket) flags |= DANESMTP_RESUMPTION_TICKET;
  if (used) flags |= DANESMTP_RESUMPTION_USED;
  return flags;
}

}  // namespace

void EventsBridge::set_tls_variables(const TlsVariables& variables) {
  danesmtp_tls_variables v{};
  v.sni = null_if_empty(variables.sni);
  v.version = null_if_empty(variables.version);
  v.cipher = null_if_empty(variables.cipher);
  v.standard_cipher = null_if_empty(variables.standard_cipher);
  v.peer_dn = null_if_empty(variables.peer_dn);
  v.peer_certificate = null_if_empty(variables.peer_certificate);
  v.key_bits = variables.key_bits;
  v.tlsa_usages = variables.tlsa_usages;
  v.flags = trust_flags(variables.trust);
  v.ocsp = bridge_ocsp(variables.ocsp);
  v.resumption = resumption_flags(variables.resumption);
  v.channel_binding = null_if_empty(variables.channel_binding.base64);
  v.channel_binding_exporter = variables.channel_binding.type == ChannelBindingType::Exporter;
  v.extended_master_secret = variables.channel_binding.extended_master_secret;
  exim_.services.set_tls_variables(exim_.handle, &v);
}

void EventsBridge::session_step(char letter) {
  exim_.services.session_step(exim_.handle, letter);
}

void EventsBridge::event(HostIndex host, RecipientIndex recipient, const char* name,
                         const std::string& data) {
  exim_.services.event(exim_.handle, host.value(), recipient.value(), name, data.c_str());
}

std::string EventsBridge::ask_event(HostIndex host, RecipientIndex recipient, const char* name,
                                    const std::string& data) {
  return text_of(
      exim_.services.event(exim_.handle, host.value(), recipient.value(), name, data.c_str()));
}

}  // namespace danesmtp
