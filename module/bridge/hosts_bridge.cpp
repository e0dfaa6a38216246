// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/hosts_bridge.h"

#include "core/format.h"

namespace danesmtp {
namespace {

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

}  // namespace

void HostsBridge::take_over(AddressBatch&) {
  exim_.services.take_over(exim_.handle);
}

Result<HostState> HostsBridge::host_state(HostIndex host, std::uint16_t port) {
  const int state = exim_.services.host_state(exim_.handle, host.value(), port);
  if (state != DANESMTP_HOST_NO_INTERFACE) return host_state_of(state);
  const auto why = text_of(exim_.services.expansion_error(exim_.handle));
  return fail(ErrorKind::BadInput, format("option interface cannot be used: {}", why));
}

void HostsBridge::leave_host(HostIndex host) {
  exim_.services.leave_host(exim_.handle, host.value());
}

bool HostsBridge::tried_since_arrival(HostIndex host) {
  return exim_.services.host_tried_since_arrival(exim_.handle, host.value()) != 0;
}

std::string HostsBridge::last_failure(HostIndex host) {
  return text_of(exim_.services.host_last_failure(exim_.handle, host.value()));
}

bool HostsBridge::retries_over(HostIndex host) {
  return exim_.services.host_retry_over(exim_.handle, host.value()) != 0;
}

tl::expected<UniqueFd, ConnectFailure> HostsBridge::connect(HostIndex host, std::uint16_t port) {
  const danesmtp_connected answer = exim_.services.connect(exim_.handle, host.value(), port);
  if (answer.fd >= 0) return UniqueFd(answer.fd);
  return tl::unexpected(ConnectFailure{answer.system_errno, answer.timed_out != 0});
}

}  // namespace danesmtp
