// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

namespace danesmtp::tool {

// As whom deliveries run.
struct DeliveryUser {
  std::string name;
  unsigned uid = 0;
  unsigned gid = 0;
};

// By name or number; none: the system does not know it.
std::optional<DeliveryUser> find_user(const std::string& name_or_number);

std::string user_name(unsigned uid);

// Why this user cannot read the file, as access(2) says it; empty: it can be read. By a process
// that becomes that user, so only for root.
std::string unreadable_by(const DeliveryUser& user, const std::string& path);
// The same of writing.
std::string unwritable_by(const DeliveryUser& user, const std::string& path);

}  // namespace danesmtp::tool
