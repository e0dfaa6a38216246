// SPDX-License-Identifier: GPL-2.0-or-later
// The state machine that opens an SMTP session; see the header for its paths.
#include "smtp/session.h"

#include <algorithm>

#include "core/bytes.h"
#include "core/format.h"
#include "smtp/command.h"
#include "smtp/relay.h"

namespace danesmtp {
namespace {

tl::unexpected<SmtpTrouble> trouble(SmtpStage stage, Error error, std::string command) {
  return tl::unexpected(SmtpTrouble{stage, std::move(error), std::nullopt, std::move(command)});
}

// Also of one that ends the session.
std::string first_line_of(const SmtpResult<SmtpReply>& answer) {
  if (answer) return first_line(*answer);
  return answer.error().reply ? first_line(*answer.error().reply) : std::string();
}

}  // namespace

SmtpSession::SmtpSession(LineChannel channel, SessionSettings settings, Log& log)
    : channel_(std::move(channel)), settings_(std::move(settings)), log_(log) {}

SmtpSession::SmtpSession(LineChannel channel, SessionSettings settings, EhloCapabilities offered,
                         Log& log)
    : channel_(std::move(channel)),
      settings_(std::move(settings)),
      log_(log),
      capabilities_(std::move(offered)) {}

std::string_view SmtpSession::state_name(State state) {
  switch (state) {
    case State::Greeting:
      return "greeting";
    case State::Ehlo:
      return "ehlo";
    case State::Helo:
      return "helo";
    case State::StartTls:
      return "starttls";
    case State::Handshake:
      return "handshake";
    case State::Verify:
      return "verify";
    case State::Ready:
      return "ready";
  }
  return "unknown";
}

SmtpResult<void> SmtpSession::open() {
  auto state = settings_.tls_start == TlsStart::FromFirstOctet ? State::Handshake : State::Greeting;
  while (state != State::Ready) {
    auto next = step(state);
    if (!next) {
      quit();
      return tl::unexpected(next.error());
    }
    debug(format("SMTP session: {} -> {}", state_name(state), state_name(*next)));
    state = *next;
  }
  return {};
}

SmtpResult<SmtpSession::State> SmtpSession::step(State state) {
  switch (state) {
    case State::Greeting:
      return do_greeting();
    case State::Ehlo:
      return do_ehlo();
    case State::Helo:
      return do_helo();
    case State::StartTls:
      return do_starttls();
    case State::Handshake:
      return do_handshake();
    case State::Verify:
      return do_verify();
    case State::Ready:
      break;
  }
  return State::Ready;
}

SmtpResult<SmtpSession::State> SmtpSession::do_greeting() {
  const std::string command = "initial connection";
  auto reply = read_reply(SmtpStage::Greeting, command, Deadline::in(settings_.timeouts.command));
  server_words_.greeting = first_line_of(reply);
  if (!reply) return tl::unexpected(reply.error());
  if (!reply->positive()) return tl::unexpected(unwelcome(SmtpStage::Greeting, command, *reply));
  auto answer = settings_.event ? settings_.event("smtp:connect", to_text(*reply)) : std::string();
  if (!answer.empty()) return trouble(SmtpStage::Greeting, {ErrorKind::BadInput, answer}, command);
  return first_hello();
}

SmtpResult<SmtpSession::State> SmtpSession::do_ehlo() {
  auto command = hello_command("EHLO", settings_.helo_name);
  if (!command) return trouble(SmtpStage::Ehlo, command.error(), "EHLO");
  steps_ += 'e';
  auto reply = converse(SmtpStage::Ehlo, *command);
  server_words_.hello = first_line_of(reply);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->positive()) {
    capabilities_ = parse_ehlo(*reply);
    if (settings_.event) settings_.event("smtp:ehlo", to_text(*reply));
    return after_hello();
  }
  // RFC 5321 3.2: a server that does not know EHLO. It cannot offer STARTTLS either.
  if (!reply->permanent()) return tl::unexpected(unwelcome(SmtpStage::Ehlo, *command, *reply));
  if (settings_.tls_use == TlsUse::Required && !channel_.secured())
    return tl::unexpected(unwelcome(SmtpStage::StartTls, *command, *reply));
  return State::Helo;
}

SmtpResult<SmtpSession::State> SmtpSession::do_helo() {
  auto command = hello_command("HELO", settings_.helo_name);
  if (!command) return trouble(SmtpStage::Ehlo, command.error(), "HELO");
  steps_ += 'h';
  auto reply = converse(SmtpStage::Ehlo, *command);
  server_words_.hello = first_line_of(reply);
  if (!reply) return tl::unexpected(reply.error());
  if (!reply->positive()) return tl::unexpected(unwelcome(SmtpStage::Ehlo, *command, *reply));
  return after_hello();
}

SmtpSession::State SmtpSession::first_hello() const {
  return settings_.hello == Hello::Ehlo ? State::Ehlo : State::Helo;
}

SmtpResult<SmtpSession::State> SmtpSession::after_hello() const {
  if (channel_.secured() || settings_.tls_use == TlsUse::Never) return State::Ready;
  // RFC 7672 2.2, D-023: where TLS is required there is no way round it.
  if (capabilities_.starttls) return State::StartTls;
  if (settings_.tls_use == TlsUse::IfOffered) return State::Ready;
  return trouble(SmtpStage::StartTls, {ErrorKind::TlsHandshake, "STARTTLS is not offered"}, "EHLO");
}

SmtpResult<SmtpSession::State> SmtpSession::do_starttls() {
  const std::string command = "STARTTLS";
  auto reply = converse(SmtpStage::StartTls, command);
  if (!reply) return tl::unexpected(reply.error());
  if (reply->positive()) return State::Handshake;
  // RFC 3207 4.1: the client decides whether to go on without TLS.
  if (reply->refused() && !reply->contradicts() && settings_.tls_use == TlsUse::IfOffered)
    return State::Ready;
  return tl::unexpected(unwelcome(SmtpStage::StartTls, command, *reply));
}

SmtpResult<SmtpSession::State> SmtpSession::do_handshake() {
  // D-108: with a time limit.
  auto info = channel_.start_tls(settings_.tls, Deadline::in(settings_.timeouts.command));
  if (!info) return trouble(SmtpStage::Handshake, info.error(), "STARTTLS");
  debug(format("TLS: {} {}{}", info->cipher, info->group,
               info->resumption.used ? ", an earlier session resumed" : ""));
  tls_info_ = std::move(*info);
  steps_ += 's';
  return State::Verify;
}

SmtpResult<SmtpSession::State> SmtpSession::do_verify() {
  // RFC 7672 2.2, D-094: the verdict comes before anything else is said.
  auto verdict = settings_.verify_peer ? settings_.verify_peer(*tls_info_) : Result<void>();
  if (!verdict) {
    channel_.refuse_certificate();
    return trouble(SmtpStage::Verify, verdict.error(), "STARTTLS");
  }
  // RFC 3207 4.2, D-026: EHLO again, and nothing of the first answer survives.
  capabilities_ = EhloCapabilities();
  return settings_.tls_start == TlsStart::FromFirstOctet ? State::Greeting : first_hello();
}

SmtpResult<void> SmtpSession::reset() {
  auto reply = converse(SmtpStage::Mail, "RSET");
  if (!reply) return tl::unexpected(reply.error());
  if (!reply->positive()) return tl::unexpected(unwelcome(SmtpStage::Mail, "RSET", *reply));
  return {};
}

Result<void> SmtpSession::lend(const std::function<void(int)>& use) {
  return lend_channel(channel_, use);
}

Result<UniqueFd> SmtpSession::leave_open() {
  if (channel_.pending_input())
    return fail(ErrorKind::Protocol, "the peer sent octets that nobody asked for");
  if (channel_.secured()) {
    // Somebody waits for the final reply, and somebody prepares the next message.
    const auto& t = settings_.timeouts;
    return hand_to_process(channel_, t.command + std::max(t.data_block, t.final_reply));
  }
  auto socket = channel_.release();
  if (!socket) return fail(ErrorKind::Disconnected, "the connection is closed");
  return socket;
}

void SmtpSession::quit() {
  if (!connected()) return;
  // RFC 5321 4.1.1.10 wants the reply waited for; nothing depends on what it says.
  auto deadline = Deadline::in(settings_.timeouts.quit);
  if (quit_sent_ || channel_.write_all(as_bytes(octets_of({"QUIT"})), deadline)) {
    auto reply = receive_reply(deadline);
    if (!reply) log_.dialogue(format("SMTP<< ({})", reply.error().text));
  }
  channel_.close();
}

SmtpResult<SmtpReply> SmtpSession::converse(SmtpStage stage, const std::string& command) {
  auto sent = send_commands({command});
  if (!sent) return trouble(stage, sent.error(), command);
  return read_reply(stage, command, Deadline::in(settings_.timeouts.command));
}

std::string SmtpSession::octets_of(const std::vector<std::string>& commands) {
  std::string octets;
  for (const auto& command : commands) {
    octets += command + "\r\n";
    log_.dialogue("SMTP>> " + printable(command));
  }
  return octets;
}

Result<void> SmtpSession::send_commands(const std::vector<std::string>& commands) {
  return channel_.write_all(as_bytes(octets_of(commands)),
                            Deadline::in(settings_.timeouts.command));
}

Result<void> SmtpSession::send_message(const std::vector<std::string>& commands,
                                       const MessageData& message, Farewell farewell) {
  const auto before = octets_of(commands);
  // D-162: its size alone.
  log_.dialogue(format("SMTP>> (message, {} octets)", message.size()));
  quit_sent_ = farewell == Farewell::BehindMessage;
  const auto after = quit_sent_ ? octets_of({"QUIT"}) : std::string();
  return channel_.send_message(message, settings_.timeouts.data_block, {before, after});
}

SmtpResult<SmtpReply> SmtpSession::read_reply(SmtpStage stage, const std::string& command,
                                              Deadline deadline) {
  auto reply = receive_reply(deadline);
  if (!reply) {
    channel_.close();
    log_.dialogue(format("SMTP<< ({})", reply.error().text));
    return trouble(stage, reply.error(), command);
  }
  if (reply->code != 421) return *reply;
  // RFC 5321 3.8: in answer to any command; the server closes its side.
  channel_.close();
  return tl::unexpected(SmtpTrouble{
      stage, {ErrorKind::Disconnected, "the server is closing the connection"}, *reply, command});
}

SmtpTrouble SmtpSession::unwelcome(SmtpStage stage, const std::string& command,
                                   const SmtpReply& reply) {
  if (reply.refused() && !reply.contradicts()) {
    return {stage, {ErrorKind::Protocol, format("refused with {}", reply.code)}, reply, command};
  }
  // The two sides no longer agree on what is being said, or never did.
  channel_.close();
  return {stage,
          {ErrorKind::Protocol, reply.contradicts()
                                    ? std::string("a reply that contradicts itself")
                                    : format("the reply {} does not fit the command", reply.code)},
          reply,
          command};
}

Result<SmtpReply> SmtpSession::receive_reply(Deadline deadline) {
  ReplyAssembler assembler;
  for (const char* mark = "SMTP<< ";; mark = "       ") {
    auto line = channel_.read_line(deadline);
    if (!line) return tl::unexpected(line.error());
    log_.dialogue(mark + printable(*line));
    auto reply = assembler.add(*line);
    if (!reply) return tl::unexpected(reply.error());
    if (reply->has_value()) return **reply;
  }
}

void SmtpSession::debug(const std::string& line) {
  if (log_.debugging()) log_.debug(line);
}

}  // namespace danesmtp
