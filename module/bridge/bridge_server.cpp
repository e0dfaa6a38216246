// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/bridge_server.h"

#include "core/bytes.h"
#include "core/format.h"
#include "net/close_on_exec.h"
#include "route/hosts_file.h"

namespace danesmtp {
namespace {

std::string text_of(const char* text) {
  return text ? text : "";
}

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

danesmtp_status bridge_status(Status status) {
  switch (status) {
    case Status::Delivered:
      return DANESMTP_DELIVERED;
    case Status::Deferred:
      return DANESMTP_DEFERRED;
    case Status::Failed:
      return DANESMTP_FAILED;
  }
  return DANESMTP_DEFERRED;
}

danesmtp_cause bridge_cause(Cause cause) {
  switch (cause) {
    case Cause::None:
      return DANESMTP_CAUSE_NONE;
    case Cause::System:
      return DANESMTP_CAUSE_SYSTEM;
    case Cause::ConnectTimeout:
      return DANESMTP_CAUSE_CONNECT_TIMEOUT;
    case Cause::Timeout:
      return DANESMTP_CAUSE_TIMEOUT;
    case Cause::Closed:
      return DANESMTP_CAUSE_CLOSED;
    case Cause::Format:
      return DANESMTP_CAUSE_FORMAT;
    case Cause::TlsRequired:
      return DANESMTP_CAUSE_TLS_REQUIRED;
    case Cause::TlsFailure:
      return DANESMTP_CAUSE_TLS_FAILURE;
    case Cause::AuthMissing:
      return DANESMTP_CAUSE_AUTH_MISSING;
    case Cause::AuthProblem:
      return DANESMTP_CAUSE_AUTH_PROBLEM;
    case Cause::Dns:
      return DANESMTP_CAUSE_DNS;
    case Cause::UnknownHost:
      return DANESMTP_CAUSE_UNKNOWN_HOST;
    case Cause::HostIsLocal:
      return DANESMTP_CAUSE_HOST_IS_LOCAL;
    case Cause::Mail4xx:
      return DANESMTP_CAUSE_MAIL_4XX;
    case Cause::Rcpt4xx:
      return DANESMTP_CAUSE_RCPT_4XX;
    case Cause::Data4xx:
      return DANESMTP_CAUSE_DATA_4XX;
    case Cause::HostRetry:
      return DANESMTP_CAUSE_HOST_RETRY;
    case Cause::Filter:
      return DANESMTP_CAUSE_FILTER;
    case Cause::Headers:
      return DANESMTP_CAUSE_HEADERS;
    case Cause::Expansion:
      return DANESMTP_CAUSE_EXPANSION;
    case Cause::Utf8:
      return DANESMTP_CAUSE_UTF8;
  }
  return DANESMTP_CAUSE_NONE;
}

std::uint32_t trust_flags(PeerTrust trust) {
  std::uint32_t flags = 0;
  if (trust != PeerTrust::None) flags |= DANESMTP_CERT_VERIFIED;
  if (trust == PeerTrust::Dane) flags |= DANESMTP_DANE_VERIFIED;
  return flags;
}

danesmtp_ocsp bridge_ocsp(OcspResult result) {
  switch (result) {
    case OcspResult::NotRequested:
      return DANESMTP_OCSP_NOT_REQUESTED;
    case OcspResult::NoResponse:
      return DANESMTP_OCSP_NO_RESPONSE;
    case OcspResult::NotVerified:
      return DANESMTP_OCSP_NOT_VERIFIED;
    case OcspResult::Failed:
      return DANESMTP_OCSP_FAILED;
    case OcspResult::Verified:
      return DANESMTP_OCSP_VERIFIED;
  }
  return DANESMTP_OCSP_NOT_REQUESTED;
}

std::uint32_t bridge_flags(const RecipientOutcome& outcome) {
  std::uint32_t flags = 0;
  if (outcome.text_is_for_sender) flags |= DANESMTP_PASS_MESSAGE;
  if (outcome.first_of_transaction) flags |= DANESMTP_FIRST;
  if (outcome.pipelined) flags |= DANESMTP_PIPELINED;
  if (outcome.host_secure) flags |= DANESMTP_HOST_SECURE;
  if (outcome.continued) flags |= DANESMTP_CONTINUED;
  if (outcome.chunked) flags |= DANESMTP_CHUNKED;
  if (outcome.prdr) flags |= DANESMTP_PRDR;
  if (outcome.downconverted) flags |= DANESMTP_DOWNCONVERTED;
  if (outcome.dsn == DsnSupport::Yes) flags |= DANESMTP_DSN_YES;
  if (outcome.dsn == DsnSupport::No) flags |= DANESMTP_DSN_NO;
  return flags | trust_flags(outcome.trust);
}

const char* null_if_empty(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

HostState host_state_of(int state) {
  switch (state) {
    case DANESMTP_HOST_USABLE:
      return HostState::Usable;
    case DANESMTP_HOST_USABLE_EXPIRED:
      return HostState::UsableExpired;
    case DANESMTP_HOST_WAITING:
      return HostState::Waiting;
    case DANESMTP_HOST_EXPIRED:
      return HostState::Expired;
    case DANESMTP_HOST_NO_ADDRESS:
      return HostState::NoAddress;
    case DANESMTP_HOST_LOCAL:
      return HostState::Local;
    case DANESMTP_HOST_BUSY:
      return HostState::Busy;
    default:
      return HostState::AddressLater;
  }
}

WriteFailureKind write_failure_of(int code) {
  switch (code) {
    case DANESMTP_WRITE_FILTER:
      return WriteFailureKind::Filter;
    case DANESMTP_WRITE_HEADERS:
      return WriteFailureKind::Headers;
    case DANESMTP_WRITE_SIGNING:
      return WriteFailureKind::Signing;
    default:
      return WriteFailureKind::Io;
  }
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

AuthEnd auth_end_of(int end) {
  switch (end) {
    case DANESMTP_AUTH_DONE:
      return AuthEnd::Authenticated;
    case DANESMTP_AUTH_NOT:
      return AuthEnd::NotAuthenticated;
    case DANESMTP_AUTH_PROBLEM:
      return AuthEnd::Problem;
    default:
      return AuthEnd::Failed;
  }
}

int deferred(RetryChange change) {
  return change == RetryChange::Deferred ? 1 : 0;
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
  imported.events_wanted = batch.events_wanted != 0;
  imported.all_or_nothing = batch.all_or_nothing != 0;
  imported.utf8_downconvert = downconvert_of(batch.downconvert);
  imported.dsn_ret = text_of(batch.dsn_ret);
  imported.dsn_envid = text_of(batch.dsn_envid);
  imported.by_data_only = batch.by_data_only != 0;
  for (std::size_t i = 0; i < batch.recipient_count; ++i)
    imported.recipients.push_back(import_recipient(batch.recipients[i]));
  imported.hosts = import_hosts(batch);
  return imported;
}

void BridgeServer::note(std::string_view line) {
  s_.log_main(exim_, std::string(line).c_str());
}

bool BridgeServer::debugging() const {
  return s_.debugging(exim_) == DANESMTP_DEBUG_ALL;
}

void BridgeServer::debug(std::string_view line) {
  if (debugging()) s_.debug(exim_, std::string(line).c_str());
}

void BridgeServer::dialogue(std::string_view line) {
  // Indented as the lines of Exim's own driver are.
  if (s_.debugging(exim_) != DANESMTP_DEBUG_NOTHING) s_.debug(exim_, format("  {}", line).c_str());
}

void BridgeServer::log_host(std::size_t host, const std::string& text, int system_errno) {
  s_.log_host(exim_, host, text.c_str(), system_errno);
}

void BridgeServer::log_message(std::size_t host, const std::string& text) {
  s_.message_log(exim_, host, text.c_str());
}

void BridgeServer::log_refusal(std::size_t host, const std::string& text) {
  s_.log_refusal(exim_, host, text.c_str());
}

void BridgeServer::about(const std::vector<std::size_t>& recipients) {
  s_.about(exim_, recipients.data(), recipients.size());
}

bool BridgeServer::in_hosts_file(const std::string& name, const std::string& address) {
  return hosts_file_has("/etc/hosts", name, address);
}

int BridgeServer::option_number(const char* name, int fallback) {
  return s_.option_int(exim_, name, fallback);
}

std::string BridgeServer::option_text(const char* name) {
  return text_of(s_.option_text(exim_, name));
}

Error BridgeServer::expansion_failed(const char* option) const {
  return {ErrorKind::BadInput,
          format("failed to expand option {}: {}", option, text_of(s_.expansion_error(exim_)))};
}

Result<std::string> BridgeServer::option_expanded(const char* name) {
  int failed = 0;
  const char* value = s_.option_expanded(exim_, name, &failed);
  if (failed) return tl::unexpected(expansion_failed(name));
  return text_of(value);
}

Result<bool> BridgeServer::option_flag(const char* name) {
  int failed = 0;
  const int value = s_.option_flag(exim_, name, &failed);
  if (failed) return tl::unexpected(expansion_failed(name));
  return value != 0;
}

Result<bool> BridgeServer::host_in(const char* option, std::size_t host) {
  const int answer = s_.host_in(exim_, option, host);
  if (answer == DANESMTP_CANNOT_TELL)
    return fail(ErrorKind::DnsFailure,
                format("a look-up failed while matching the host with option {}", option));
  return answer == DANESMTP_YES;
}

Result<bool> BridgeServer::domain_in(const char* option, const std::string& domain) {
  const int answer = s_.domain_in(exim_, option, domain.c_str());
  if (answer == DANESMTP_CANNOT_TELL)
    return fail(ErrorKind::DnsFailure,
                format("a look-up failed while matching {} with option {}", domain, option));
  return answer == DANESMTP_YES;
}

Result<std::uint16_t> BridgeServer::service_port() {
  const int port = s_.service_port(exim_);
  if (port <= 0 || port > 65535) return fail(ErrorKind::BadInput, "option port cannot be used");
  return static_cast<std::uint16_t>(port);
}

void BridgeServer::set_tls_variables(const TlsVariables& variables) {
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
  v.channel_binding = null_if_empty(variables.channel_binding.base64);
  v.channel_binding_exporter = variables.channel_binding.type == ChannelBindingType::Exporter;
  v.extended_master_secret = variables.channel_binding.extended_master_secret;
  s_.set_tls_variables(exim_, &v);
}

void BridgeServer::take_over(AddressBatch&) {
  s_.take_over(exim_);
}

HostState BridgeServer::host_state(std::size_t host, std::uint16_t port) {
  return host_state_of(s_.host_state(exim_, host, port));
}

void BridgeServer::leave_host(std::size_t host) {
  s_.leave_host(exim_, host);
}

bool BridgeServer::tried_since_arrival(std::size_t host) {
  return s_.host_tried_since_arrival(exim_, host) != 0;
}

std::string BridgeServer::last_failure(std::size_t host) {
  return text_of(s_.host_last_failure(exim_, host));
}

bool BridgeServer::retries_over(std::size_t host) {
  return s_.host_retry_over(exim_, host) != 0;
}

tl::expected<UniqueFd, ConnectFailure> BridgeServer::connect(std::size_t host, std::uint16_t port) {
  const danesmtp_connected answer = s_.connect(exim_, host, port);
  if (answer.fd >= 0) return UniqueFd(answer.fd);
  return tl::unexpected(ConnectFailure{answer.system_errno, answer.timed_out != 0});
}

std::optional<OpenConnection> BridgeServer::open_connection() {
  danesmtp_open_connection open{};
  if (!s_.open_connection(exim_, &open)) return std::nullopt;
  return OpenConnection{open.host, text_of(open.mark), text_of(open.cipher), open.transactions};
}

UniqueFd BridgeServer::use_open_connection() {
  return UniqueFd(s_.use_open_connection(exim_));
}

void BridgeServer::end_open_connection() {
  s_.end_open_connection(exim_);
}

bool BridgeServer::further_message(std::size_t host, std::size_t transactions, std::size_t most) {
  return s_.further_message(exim_, host, transactions, most) != 0;
}

void BridgeServer::leave_open(UniqueFd socket, const OpenConnection& open) {
  const danesmtp_open_connection left{open.host, open.transactions, open.mark.c_str(),
                                      open.cipher.c_str()};
  s_.leave_open(exim_, socket.release(), &left);
}

AuthReport BridgeServer::authenticate(std::size_t host, int fd, const std::string& mechanisms) {
  close_all_on_exec();
  const danesmtp_authenticated answer = s_.authenticate(exim_, host, fd, mechanisms.c_str());
  AuthReport report{auth_end_of(answer.end), text_of(answer.text), text_of(answer.command),
                    AuthFault::Closed};
  if (answer.timed_out) report.fault = AuthFault::Timeout;
  if (answer.garbled) report.fault = AuthFault::Garbled;
  return report;
}

Result<std::optional<std::string>> BridgeServer::mail_auth() {
  int failed = 0;
  const char* value = s_.mail_auth(exim_, &failed);
  if (failed) return tl::unexpected(expansion_failed("authenticated_sender"));
  if (!value) return std::optional<std::string>();
  return std::optional<std::string>(value);
}

tl::expected<void, WriteFailure> BridgeServer::write_message(int fd, MessageForm form) {
  std::int32_t system_errno = 0;
  const char* why = nullptr;
  const int wire = form == MessageForm::Plain ? DANESMTP_FORM_PLAIN : DANESMTP_FORM_DOTTED;
  close_all_on_exec();  // a transport filter is another program
  const int code = s_.write_message(exim_, fd, wire, &system_errno, &why);
  if (code == DANESMTP_WRITTEN) return {};
  return tl::unexpected(WriteFailure{write_failure_of(code), system_errno, text_of(why)});
}

Result<std::string> BridgeServer::ascii_address(const std::string& address) {
  const char* why = nullptr;
  const char* converted = s_.ascii_address(exim_, address.c_str(), &why);
  if (converted) return std::string(converted);
  return fail(ErrorKind::BadInput,
              format("{} cannot be sent without SMTPUTF8: {}", printable(address), text_of(why)));
}

void BridgeServer::set_outcome(std::size_t recipient, const RecipientOutcome& outcome) {
  danesmtp_result result{};
  result.status = bridge_status(outcome.status);
  result.cause = bridge_cause(outcome.cause);
  result.system_errno = outcome.system_errno;
  result.reply_code = outcome.reply_code;
  result.host = outcome.host ? static_cast<std::int32_t>(*outcome.host) : -1;
  result.flags = bridge_flags(outcome);
  result.duration_us = outcome.duration.count();
  result.message = outcome.text.c_str();
  if (!outcome.cipher.empty()) result.cipher = outcome.cipher.c_str();
  if (!outcome.peer_dn.empty()) result.peer_dn = outcome.peer_dn.c_str();
  result.ocsp = bridge_ocsp(outcome.ocsp);
  s_.set_result(exim_, recipient, &result);
}

void BridgeServer::journal(const std::vector<std::size_t>& recipients) {
  s_.journal(exim_, recipients.data(), recipients.size());
}

void BridgeServer::retry_host(std::size_t host, std::size_t recipient, RetryChange change) {
  s_.retry_host(exim_, host, recipient, deferred(change));
}

void BridgeServer::retry_message(std::size_t host, std::size_t recipient, RetryChange change) {
  s_.retry_message(exim_, host, recipient, deferred(change));
}

void BridgeServer::retry_recipient(std::size_t recipient, RetryChange change) {
  if (change == RetryChange::Deferred)
    s_.retry_recipient(exim_, recipient);
  else
    s_.retry_recipient_clear(exim_, recipient);
}

void BridgeServer::retry_skipped(std::size_t recipient) {
  s_.retry_skipped(exim_, recipient);
}

void BridgeServer::retry_routing(std::size_t recipient, const std::string& name) {
  s_.retry_routing(exim_, recipient, name.c_str());
}

void BridgeServer::session_step(char letter) {
  s_.session_step(exim_, letter);
}

void BridgeServer::event(std::size_t host, std::size_t recipient, const char* name,
                         const std::string& data) {
  s_.event(exim_, host, recipient, name, data.c_str());
}

std::string BridgeServer::ask_event(std::size_t host, std::size_t recipient, const char* name,
                                    const std::string& data) {
  return text_of(s_.event(exim_, host, recipient, name, data.c_str()));
}

void BridgeServer::delegate(const std::vector<std::size_t>& recipients) {
  s_.delegate(exim_, recipients.data(), recipients.size());
}

}  // namespace danesmtp
