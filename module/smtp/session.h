// SPDX-License-Identifier: GPL-2.0-or-later
// An SMTP session from the greeting until it is ready for MAIL. RFC 5321 3.1, 3.2, 4.3; RFC 3207;
// RFC 8314 3 for TLS from the first octet. One state, one do_<state>(), one loop:
//   Greeting -> Ehlo [-> Helo] [-> StartTls -> Handshake -> Verify -> Ehlo] -> Ready
// with TLS from the first octet: Handshake -> Verify -> Greeting -> Ehlo -> Ready.
// Nothing but QUIT is ever sent between a handshake and the verdict on the peer (D-094). Who the
// peer must be is asked of the settings' verifier; what a trouble means is decided in
// outcome/failure_policy.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/deadline.h"
#include "core/log.h"
#include "core/result.h"
#include "smtp/ehlo.h"
#include "smtp/line_channel.h"
#include "smtp/reply.h"
#include "smtp/trouble.h"

namespace danesmtp {

enum class TlsUse { Never, IfOffered, Required };
enum class TlsStart { AfterStartTls, FromFirstOctet };
// QUIT: when all is done, or behind the message, before its reply (RFC 2920 3.1: it may be the last
// command of a group).
enum class Farewell { Later, BehindMessage };
enum class Hello { Ehlo, Helo };  // Helo: no extension is asked for, so no STARTTLS either

// How long to wait for one reply, or for one block of message data (RFC 5321 4.5.3.2).
struct SmtpTimeouts {
  std::chrono::milliseconds command{std::chrono::minutes(5)};  // each reply, and the handshake
  std::chrono::milliseconds data_block{std::chrono::minutes(5)};
  std::chrono::milliseconds final_reply{std::chrono::minutes(10)};
  std::chrono::milliseconds quit{std::chrono::seconds(1)};
};

// Judges the peer right after the handshake; an error refuses it.
using VerifyPeer = std::function<Result<void>(const TlsInfo&)>;

// Told of the server's first words, before we answer: "smtp:connect", and of its reply to each
// EHLO: "smtp:ehlo". After a text in return to the first we say QUIT.
using SessionEvent = std::function<std::string(const char* name, const std::string& data)>;

struct SessionSettings {
  std::string helo_name{};
  Hello hello = Hello::Ehlo;
  TlsUse tls_use = TlsUse::IfOffered;
  TlsStart tls_start = TlsStart::AfterStartTls;  // FromFirstOctet overrides tls_use
  TlsSettings tls{};
  VerifyPeer verify_peer{};  // empty: any peer will do
  SessionEvent event{};      // empty: nobody wants to know
  SmtpTimeouts timeouts{};
};

// What the server says of itself: the first lines of its greeting and of the reply to the last
// EHLO or HELO, with their codes; empty: not heard.
struct ServerWords {
  std::string greeting{};
  std::string hello{};
};

class SmtpSession {
 public:
  // `log` must outlive the session.
  SmtpSession(LineChannel channel, SessionSettings settings, Log& log);

  // Goes on where an earlier message has left the session, past EHLO and ready for MAIL.
  SmtpSession(LineChannel channel, SessionSettings settings, EhloCapabilities offered, Log& log);

  // Greeting to ready, once. After a trouble the connection is closed; a server that refused in
  // words was told QUIT.
  [[nodiscard]] SmtpResult<void> open();

  const ServerWords& server_words() const { return server_words_; }
  // Known once open() has succeeded; what was said before TLS is forgotten (RFC 3207 4.2).
  const EhloCapabilities& capabilities() const { return capabilities_; }
  const std::optional<TlsInfo>& tls() const { return tls_info_; }
  // One letter a step that was taken: e EHLO, h HELO, s TLS.
  const std::string& steps() const { return steps_; }
  const SmtpTimeouts& timeouts() const { return settings_.timeouts; }

  // What a later session with the same server could go on with, as far as it is known by now.
  std::optional<ResumableSession> resumable() const { return channel_.resumable(); }

  // False when nothing more can be sent.
  bool usable() const { return connected() && !quit_sent_; }

  // False when nothing more can be heard either.
  bool connected() const { return channel_.open(); }

  // RSET, so that a further message can follow one that did not get to its final reply.
  [[nodiscard]] SmtpResult<void> reset();

  // QUIT, if that is still to be said, a short wait for the answer, close. What goes wrong here
  // does not matter.
  void quit();

  // The server has said something that answers nothing, and that has arrived.
  bool unasked_reply() { return channel_.pending_input(); }

  // Closes without a word: the only way out in the middle of message data.
  void abandon() { channel_.close(); }

  // Lends the connection to code that speaks SMTP through a plain socket by itself; see
  // smtp/relay.h. Nothing of what it says is seen here.
  [[nodiscard]] Result<void> lend(const std::function<void(int)>& use);

  // The connection as a plain socket, ready for MAIL, for another process; nothing more can be said
  // here. Protocol when the server has said something that nobody asked for.
  [[nodiscard]] Result<UniqueFd> leave_open();

  // The steps that a transaction is made of. Each failure closes the connection.
  // Writes the command lines in one go, CRLF added to each.
  [[nodiscard]] Result<void> send_commands(const std::vector<std::string>& commands);
  // The same, and the message behind the last of them. Io: it could not be read.
  [[nodiscard]] Result<void> send_message(const std::vector<std::string>& commands,
                                          const MessageData& message, Farewell farewell);
  // A reply as it is, whatever its code; 421 and failures are a trouble.
  [[nodiscard]] SmtpResult<SmtpReply> read_reply(SmtpStage stage, const std::string& command,
                                                 Deadline deadline);
  // The trouble that a reply makes which is not the one hoped for. One that neither accepts nor
  // refuses, or does both, closes the connection.
  [[nodiscard]] SmtpTrouble unwelcome(SmtpStage stage, const std::string& command,
                                      const SmtpReply& reply);

 private:
  enum class State { Greeting, Ehlo, Helo, StartTls, Handshake, Verify, Ready };
  static std::string_view state_name(State state);

  [[nodiscard]] SmtpResult<State> step(State state);
  [[nodiscard]] SmtpResult<State> do_greeting();
  [[nodiscard]] SmtpResult<State> do_ehlo();
  [[nodiscard]] SmtpResult<State> do_helo();
  [[nodiscard]] SmtpResult<State> do_starttls();
  [[nodiscard]] SmtpResult<State> do_handshake();
  [[nodiscard]] SmtpResult<State> do_verify();
  State first_hello() const;
  [[nodiscard]] SmtpResult<State> after_hello() const;
  [[nodiscard]] SmtpResult<SmtpReply> converse(SmtpStage stage, const std::string& command);
  [[nodiscard]] Result<SmtpReply> receive_reply(Deadline deadline);
  [[nodiscard]] std::string octets_of(const std::vector<std::string>& commands);
  void debug(const std::string& line);

  LineChannel channel_;
  SessionSettings settings_;
  Log& log_;
  ServerWords server_words_;
  EhloCapabilities capabilities_;
  std::optional<TlsInfo> tls_info_;
  std::string steps_;
  bool quit_sent_ = false;
};

}  // namespace danesmtp
