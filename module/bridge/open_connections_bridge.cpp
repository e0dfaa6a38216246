// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/open_connections_bridge.h"

namespace danesmtp {

std::optional<OpenConnection> OpenConnectionsBridge::open_connection() {
  danesmtp_open_connection open{};
  if (!exim_.services.open_connection(exim_.handle, &open)) return std::nullopt;
  return OpenConnection{HostIndex(open.host), text_of(open.mark), text_of(open.cipher),
                        open.transactions};
}

UniqueFd OpenConnectionsBridge::use_open_connection() {
  return UniqueFd(exim_.services.use_open_connection(exim_.handle));
}

void OpenConnectionsBridge::end_open_connection() {
  exim_.services.end_open_connection(exim_.handle);
}

bool OpenConnectionsBridge::further_message(HostIndex host, std::size_t transactions,
                                            std::size_t most) {
  return exim_.services.further_message(exim_.handle, host.value(), transactions, most) != 0;
}

void OpenConnectionsBridge::leave_open(UniqueFd socket, const OpenConnection& open) {
  const danesmtp_open_connection left{open.host.value(), open.transactions, open.mark.c_str(),
                                      open.cipher.c_str()};
  exim_.services.leave_open(exim_.handle, socket.release(), &left);
}

}  // namespace danesmtp
