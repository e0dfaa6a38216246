// SPDX-License-Identifier: GPL-2.0-or-later
// Names of the stages; see the header.
#include "smtp/trouble.h"

namespace danesmtp {

std::string_view stage_name(SmtpStage stage) {
  switch (stage) {
    case SmtpStage::Connect:
      return "connect";
    case SmtpStage::Greeting:
      return "greeting";
    case SmtpStage::Ehlo:
      return "ehlo";
    case SmtpStage::StartTls:
      return "starttls";
    case SmtpStage::Handshake:
      return "tls handshake";
    case SmtpStage::Verify:
      return "certificate verification";
    case SmtpStage::Auth:
      return "auth";
    case SmtpStage::Mail:
      return "mail from";
    case SmtpStage::Rcpt:
      return "rcpt to";
    case SmtpStage::Data:
      return "data";
    case SmtpStage::EndOfData:
      return "end of data";
    case SmtpStage::Quit:
      return "quit";
  }
  return "unknown";
}

}  // namespace danesmtp
