// SPDX-License-Identifier: GPL-2.0-or-later
// Result<T>: a value or an Error. Every function that returns one is [[nodiscard]].
#pragma once

#include <tl/expected.hpp>

#include "core/error.h"

namespace danesmtp {

template <class T>
using Result = tl::expected<T, Error>;

// The error as what a function that returns a Result can return; `text` as in Error.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string text) {
  return tl::unexpected<Error>(Error{kind, std::move(text)});
}

// The same for an error that names our own resolver, files or options (Error::for_operator).
inline tl::unexpected<Error> fail_for_operator(ErrorKind kind, std::string text) {
  return tl::unexpected<Error>(Error{kind, std::move(text), true});
}

// The same error in the words of whoever was told of it.
inline Error retold(Error error, std::string text) {
  error.text = std::move(text);
  return error;
}

}  // namespace danesmtp
