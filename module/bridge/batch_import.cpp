// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/batch_import.h"

#include "bridge/exim_link.h"

namespace danesmtp {
namespace {

BatchHost import_host(const danesmtp_host& host) {
  BatchHost imported;
  imported.name = text_of(host.name);
  imported.asked_name = text_of(host.asked_name);
  imported.address = text_of(host.address);
  if (host.port > 0 && host.port <= 65535) imported.port = static_cast<std::uint16_t>(host.port);
  if (host.mx >= 0) imported.mx = host.mx;
  if (host.lookup == DANESMTP_LOOKUP_NONE_BY_ROUTER) imported.lookup = AddressLookup::NoneByRouter;
  if (host.lookup == DANESMTP_LOOKUP_FAILED) imported.lookup = AddressLookup::Failed;
  return imported;
}

std::vector<BatchHost> import_hosts(const danesmtp_batch& batch) {
  std::vector<BatchHost> hosts;
  for (std::size_t i = 0; i < batch.host_count; ++i) hosts.push_back(import_host(batch.hosts[i]));
  return hosts;
}

Utf8Downconvert downconvert_of(int mode) {
  switch (mode) {
    case DANESMTP_DOWNCONVERT_ALWAYS:
      return Utf8Downconvert::Always;
    case DANESMTP_DOWNCONVERT_IF_NEEDED:
      return Utf8Downconvert::IfNeeded;
    default:
      return Utf8Downconvert::Never;
  }
}

// Whatever is none of the words asks for the most.
RequireTls requirement_of(int word) {
  switch (word) {
    case DANESMTP_REQUIRE_TLS_NO:
      return RequireTls::No;
    case DANESMTP_REQUIRE_TLS_WHERE_POSSIBLE:
      return RequireTls::WherePossible;
    default:
      return RequireTls::Always;
  }
}

BatchRecipient import_recipient(const danesmtp_recipient& recipient) {
  BatchRecipient imported;
  imported.address = text_of(recipient.address);
  imported.domain = text_of(recipient.domain);
  imported.route = recipient.route == DANESMTP_ROUTE_MX ? RouteKind::Mx : RouteKind::Fixed;
  for (std::size_t i = 0; i < recipient.rename_count; ++i)
    imported.renames.push_back(
        {text_of(recipient.renames[i].from), text_of(recipient.renames[i].to)});
  imported.mx_names = text_of(recipient.mx_names);
  imported.by_srv = recipient.by_srv != 0;
  imported.dsn_notify = text_of(recipient.dsn_notify);
  imported.dsn_orcpt = text_of(recipient.dsn_orcpt);
  imported.dsn_last_hop = recipient.dsn_last_hop != 0;
  return imported;
}

}  // namespace

AddressBatch import_batch(const danesmtp_batch& batch) {
  AddressBatch imported;
  imported.transport_name = text_of(batch.transport_name);
  imported.sender = text_of(batch.sender);
  imported.spool_directory = text_of(batch.spool_directory);
  imported.suffixes = text_of(batch.suffixes);
  imported.message_size = batch.message_size;
  imported.smtputf8 = batch.smtputf8 != 0;
  if (batch.tls_library == DANESMTP_TLS_OPENSSL) imported.tls.library = TlsLibrary::Openssl;
  imported.tls.logs_group = batch.logs_group != 0;
  imported.tls.openssl_options = text_of(batch.openssl_options);
  imported.events_wanted = batch.events_wanted != 0;
  imported.reports_wanted = batch.reports_wanted != 0;
  imported.all_or_nothing = batch.all_or_nothing != 0;
  imported.utf8_downconvert = downconvert_of(batch.downconvert);
  imported.dsn_ret = text_of(batch.dsn_ret);
  imported.dsn_envid = text_of(batch.dsn_envid);
  imported.require_tls = requirement_of(batch.require_tls);
  imported.by_data_only = batch.by_data_only != 0;
  for (std::size_t i = 0; i < batch.recipient_count; ++i)
    imported.recipients.push_back(import_recipient(batch.recipients[i]));
  imported.hosts = import_hosts(batch);
  return imported;
}

}  // namespace danesmtp
