// SPDX-License-Identifier: GPL-2.0-or-later
// The address that a connection of ours comes from, as its peer sees it.
#pragma once

#include <string>

namespace danesmtp {

// Text form. Empty: the socket is not connected to `peer` (text form) itself, as through a proxy,
// and so nobody knows.
std::string own_address_towards(int fd, const std::string& peer);

}  // namespace danesmtp
