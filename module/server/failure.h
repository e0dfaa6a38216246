// SPDX-License-Identifier: GPL-2.0-or-later
// What can go wrong on the mail server's side of a delivery; what it means is decided in
// outcome/failure_policy.
#pragma once

#include <string>

namespace danesmtp {

struct ConnectFailure {
  int system_errno = 0;
  bool timed_out = false;
};

enum class WriteFailureKind { Io, Filter, Headers, Signing };

struct WriteFailure {
  WriteFailureKind kind = WriteFailureKind::Io;
  int system_errno = 0;
  std::string text;
};

}  // namespace danesmtp
