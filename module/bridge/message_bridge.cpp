// SPDX-License-Identifier: GPL-2.0-or-later
#include "bridge/message_bridge.h"

#include "core/bytes.h"
#include "core/format.h"
#include "net/close_on_exec.h"

namespace danesmtp {
namespace {

WriteFailureKind write_failure_of(int code) {
  switch (code) {
    case DANESMTP_WRITE_FILTER:
      return WriteFailureKind::Filter;
    case DANESMTP_WRITE_HEADERS:
      return WriteFailureKind::Headers;
    case DANESMTP_WRITE_SIGNING:
      return WriteFailureKind::Signing;
    default:
      return WriteFailureKind::Io;
  }
}

}  // namespace

tl::expected<void, WriteFailure> MessageBridge::write_message(int fd, MessageForm form) {
  return write(fd, form == MessageForm::Plain ? DANESMTP_FORM_PLAIN : DANESMTP_FORM_DOTTED);
}

tl::expected<void, WriteFailure> MessageBridge::write_headers(int fd) {
  return write(fd, DANESMTP_FORM_HEADERS);
}

std::optional<StoredBody> MessageBridge::stored_body() {
  danesmtp_stored_body body{};
  if (exim_.services.stored_body(exim_.handle, &body) == 0) return std::nullopt;
  return StoredBody{body.fd, body.begin, body.crlf != 0 ? LineEnds::CrLf : LineEnds::Lf};
}

tl::expected<void, WriteFailure> MessageBridge::write(int fd, danesmtp_form form) {
  std::int32_t system_errno = 0;
  const char* why = nullptr;
  close_all_on_exec();  // a transport filter is another program
  const int code = exim_.services.write_message(exim_.handle, fd, form, &system_errno, &why);
  if (code == DANESMTP_WRITTEN) return {};
  return tl::unexpected(WriteFailure{write_failure_of(code), system_errno, text_of(why)});
}

Result<std::string> MessageBridge::ascii_address(const std::string& address) {
  const char* why = nullptr;
  const char* converted = exim_.services.ascii_address(exim_.handle, address.c_str(), &why);
  if (converted) return std::string(converted);
  return fail(ErrorKind::BadInput,
              format("{} cannot be sent without SMTPUTF8: {}", printable(address), text_of(why)));
}

}  // namespace danesmtp
