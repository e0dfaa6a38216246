// SPDX-License-Identifier: GPL-2.0-or-later
// What a source said of one question, as octets for the cache: an answer with its DNSSEC state, or
// the error that it was. Octets that are not of this form are nothing, never another state.
#pragma once

#include <optional>

#include "core/bytes.h"
#include "core/dns_answer.h"
#include "core/result.h"

namespace danesmtp {

Bytes record_of(const Result<Answer<Bytes>>& said);

// `ttl`: what is left of it, in seconds.
std::optional<Result<Answer<Bytes>>> said_by(ByteView record, std::uint32_t ttl);

}  // namespace danesmtp
