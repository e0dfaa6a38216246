// SPDX-License-Identifier: GPL-2.0-or-later
// What is said of a domain over the socketmap: to Postfix in the words of its TLS policies, and to
// danesmtp in those that Postfix does not look at (sts/policy_answer.h reads them). Pure.
#pragma once

#include <string>

#include "published_policy.h"
#include "sts/sts_policy.h"

namespace danesmtp::tool {

// In mode none: NOTFOUND. At most kLongestAnswer octets: lines for reports are left out where there
// is no room.
std::string answer_of(const std::string& domain, const PublishedPolicy& policy);

std::string answer_of(const std::string& domain, const StsFault& fault);

std::string no_policy();

// It is not known, for now.
std::string temporary(const std::string& why);

}  // namespace danesmtp::tool
