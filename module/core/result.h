// SPDX-License-Identifier: GPL-2.0-or-later
// Result<T>: a value or an Error. Every function that returns one is [[nodiscard]].
#pragma once

#include <tl/expected.hpp>

#include "core/error.h"

namespace danesmtp {

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string text) {
  return tl::unexpected<Error>(Error{kind, std::move(text)});
}

}  // namespace danesmtp
