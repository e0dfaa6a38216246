// SPDX-License-Identifier: GPL-2.0-or-later
// The one connection of an SMTP session: lines in, octets out, in clear or over TLS, every step
// bound by a deadline. RFC 5321 2.3.8 and 4.5.3, RFC 3207 4.2. Owns the socket and the TLS session
// on it. Once a step has failed the channel is closed for good: half a line or half a record cannot
// be resumed. It must not know what the lines mean.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/deadline.h"
#include "core/result.h"
#include "net/unique_fd.h"
#include "smtp/message_data.h"
#include "tls/gnutls_session.h"

namespace danesmtp {

// What goes out with a message.
struct Around {
  std::string_view before{};
  std::string_view after{};
};

class LineChannel {
 public:
  static constexpr std::size_t kMaxLine = 4096;  // octets, without the line ending

  // A connected stream socket; it is made non-blocking and close-on-exec.
  explicit LineChannel(UniqueFd socket);

  // The next line without its ending; a bare LF is accepted as one. Errors: Protocol for a line
  // over kMaxLine, Disconnected when the stream ends, also inside a line, Timeout, Io.
  [[nodiscard]] Result<std::string> read_line(Deadline deadline);

  // What the peer has sent and nobody has read yet, without waiting; empty: nothing. Errors as
  // above.
  [[nodiscard]] Result<std::string> read_available();

  // All of `bytes` or an error; after an error the last octet has not been sent.
  [[nodiscard]] Result<void> write_all(ByteView bytes, Deadline deadline);

  // The message in blocks, each with its own time limit (RFC 5321 4.5.3.2.5); memory use does not
  // depend on its size. What goes around it is in the same write as the first or last block. Io
  // when it cannot be read or has another size than it was said to have: its last octet has not
  // been sent then, and nothing at all if that shows in the first block.
  [[nodiscard]] Result<void> send_message(const MessageData& message,
                                          std::chrono::milliseconds per_block,
                                          const Around& around = {});

  // True when the peer has already sent something that was not yet read, also what still waits in
  // the socket. What is wrong with that shows at the next step.
  bool pending_input();

  // Starts TLS; everything after it goes through TLS. Refused with Protocol when octets came before
  // the handshake (RFC 3207 4.2, D-026), with Internal when TLS is already there. Any failure
  // closes.
  [[nodiscard]] Result<TlsInfo> start_tls(const TlsSettings& settings, Deadline deadline);

  bool secured() const { return tls_.has_value(); }
  bool open() const { return static_cast<bool>(socket_); }

  // What a later session with the same server could go on with; see tls/gnutls_session.
  [[nodiscard]] std::optional<ResumableSession> resumable() const {
    return tls_ ? tls_->resumable() : std::nullopt;
  }

  // To wait for with poll(2), and for nothing else; -1: closed.
  int descriptor() const { return socket_.get(); }

  // Sends the fatal alert bad_certificate and closes: the certificate was not accepted.
  void refuse_certificate();

  // Gives the socket away, blocking again; empty when it is closed, under TLS, or when there is
  // input that nobody has read.
  [[nodiscard]] UniqueFd release();

  // Forgets the connection without a word to the peer: another process goes on with it.
  void forget() { drop(); }

  // Sends close_notify if there is TLS, does not wait for the peer's, and closes the socket.
  void close();

 private:
  [[nodiscard]] Result<void> fill(Deadline deadline);
  [[nodiscard]] Result<std::string> receive_block(Deadline deadline);
  void drop();

  UniqueFd socket_;
  std::optional<GnutlsSession> tls_;  // borrows the socket's descriptor: destroyed first
  std::string input_;                 // received, not yet returned
};

}  // namespace danesmtp
