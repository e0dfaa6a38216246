// SPDX-License-Identifier: GPL-2.0-or-later
// The words of pages for the rows of outcome/failure_rows.
#pragma once

#include "outcome/failure_policy.h"

namespace danesmtp::docs {

inline const char* happening(Happening what) {
  switch (what) {
    case Happening::Refused4xx:
      return "a 4xx reply";
    case Happening::Refused5xx:
      return "a 5xx reply";
    case Happening::NoAnswer:
      return "no answer in time";
    case Happening::Closed:
      return "the connection is closed";
    case Happening::Garbled:
      return "a reply that fits nothing";
    case Happening::IoError:
      return "a system error";
    case Happening::TlsFailed:
      return "TLS fails";
    case Happening::BadSetting:
      return "a setting that cannot be used";
  }
  return "";
}

inline const char* consequence(const FailureRow& row) {
  if (row.status == Status::Failed) return "bounce";
  switch (row.scope) {
    case FailureScope::Host:
      return "retry record for the host; next host, else wait";
    case FailureScope::Message:
      return "next host, else wait; the host is not blamed";
    case FailureScope::Recipient:
      return "retry record for the recipient; next host, else wait";
    case FailureScope::Delivery:
      return "wait; no other host is tried";
    case FailureScope::Unsuited:
      return "next host, else a bounce; the host is not blamed";
  }
  return "";
}

}  // namespace danesmtp::docs
