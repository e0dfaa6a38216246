// SPDX-License-Identifier: GPL-2.0-or-later
// Who says so: all that decides which answers a resolver gives, so that those of another one are
// never taken for its own. Files are told apart by what stat(2) says of them; none is opened.
#pragma once

#include "core/bytes.h"
#include "dns/resolver_config.h"

namespace danesmtp {

constexpr std::size_t kResolverIdentity = 16;  // octets

// Of the trust anchors, the upstream and how it is believed.
Bytes resolver_identity(const ResolverSettings& settings, const SystemFiles& files);

}  // namespace danesmtp
