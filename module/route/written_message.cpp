// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/written_message.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "smtp/message_file.h"

namespace danesmtp {
namespace {

// A message of at least so many octets is not copied where its body can be sent from the spool.
constexpr auto kLarge = std::uint64_t{64} * 1024;

tl::unexpected<WriteFailure> not_written(const Error& error) {
  return tl::unexpected(WriteFailure{WriteFailureKind::Io, 0, error.text});
}

// What the mail server has to write: all, or the headers of a message whose body is sent from where
// it is.
using Write = tl::expected<void, WriteFailure> (*)(Message&, int fd, MessageForm form);

tl::expected<WrittenMessage, WriteFailure> written(const AttemptContext& attempt,
                                                   std::uint64_t expected_size, MessageForm form,
                                                   Write write) {
  auto file = make_message_file(attempt.batch.spool_directory, expected_size);
  if (!file) return not_written(file.error());
  auto done = write(attempt.server, file->get(), form);
  if (!done) return tl::unexpected(done.error());
  auto extent = whole_file(*file);
  if (!extent) return not_written(extent.error());
  return WrittenMessage{std::move(*file), {*extent, form, std::nullopt}};
}

// The body of a large message, if it can be sent from where it is. One without a newline at its end
// would not end with a line of a single dot.
std::optional<MeasuredBody> large_body(const AttemptContext& attempt, MessageForm form) {
  if (attempt.batch.message_size < kLarge) return std::nullopt;
  const auto stored = attempt.server.stored_body();
  if (!stored) return std::nullopt;
  const auto body = measure(*stored, form);
  if (!body || (form == MessageForm::Dotted && !body->ends_with_newline)) return std::nullopt;
  return *body;
}

}  // namespace

tl::expected<WrittenMessage, WriteFailure> write_message(const AttemptContext& attempt,
                                                         MessageForm form) {
  const auto body = large_body(attempt, form);
  if (!body)
    return written(
        attempt, attempt.batch.message_size, form,
        [](Message& message, int fd, MessageForm as) { return message.write_message(fd, as); });
  auto message = written(attempt, 0, form,
                         [](Message& from, int fd, MessageForm) { return from.write_headers(fd); });
  if (message) message->data.body = *body;
  return message;
}

}  // namespace danesmtp
