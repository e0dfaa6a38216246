// SPDX-License-Identifier: GPL-2.0-or-later
// This machine's hosts file (hosts(5)): the administrator's word for a name that the configuration
// has, where Exim asks the C library. It needs no DNS to be believed. What that word is worth is
// decided in route/host_judge.
#pragma once

#include <string>

namespace danesmtp {

// Does a line of the file give the name this address? No file, or one that cannot be read: no.
bool hosts_file_has(const std::string& path, const std::string& name, const std::string& address);

}  // namespace danesmtp
