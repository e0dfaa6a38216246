// SPDX-License-Identifier: GPL-2.0-or-later
// One connection of an attempt, from EHLO, or from where an earlier message left it, to its end.
// What is learnt of the peer belongs to the connection and goes with it: the next one may reach
// another machine. Which recipients are still to be decided, and what they were told, is the
// attempt's.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "route/attempt.h"
#include "route/dialogue.h"
#include "route/host_tls.h"
#include "smtp/session.h"
#include "smtp/transaction.h"

namespace danesmtp {

// The recipients of an attempt on one host, over all of its connections.
class AttemptRecipients {
 public:
  AttemptRecipients(MailServer& server, const AttemptRequest& request)
      : server_(server), undecided_(request.recipients) {}

  bool all_decided() const { return undecided_.empty(); }
  bool settled_one() const { return settled_one_; }
  std::size_t first_undecided() const { return undecided_.front(); }
  std::vector<std::size_t> next(std::size_t most) const;
  const std::vector<std::size_t>& waiting() const { return waiting_; }

  // `peer` is what every outcome on the connection has in common.
  void delivered(std::size_t recipient, RecipientOutcome outcome);
  void report(std::size_t recipient, const ConnectionFacts& peer, const FailureRuling& ruling);
  void decided(std::size_t recipient);
  // Of those that are left.
  AttemptResult give_up(const ConnectionFacts& peer, const FailureRuling& ruling);

 private:
  void set_outcome(std::size_t recipient, RecipientOutcome& outcome);

  MailServer& server_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::vector<std::size_t> undecided_;  // in order
  std::vector<std::size_t> waiting_;    // deferred
  bool settled_one_ = false;            // a recipient was delivered, or refused for good
};

class Connection {
 public:
  // All are borrowed and outlive the connection.
  Connection(MailServer& server, const AddressBatch& batch, const AttemptRequest& request,
             const HostTls& tls, AttemptRecipients& recipients);
  // The session keeps a pointer to it.
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  AttemptResult make();
  // D-104: an earlier message's, only with the mark that our own policy would have given it.
  AttemptResult take_over();

  // All went well, and it takes no more messages although recipients are left.
  bool used_up() const { return used_up_; }

 private:
  AttemptResult converse(UniqueFd socket);
  AttemptResult send(SmtpSession& session);
  [[nodiscard]] tl::expected<UniqueFd, WriteFailure> message(MessageForm form);
  AttemptResult transact(SmtpSession& session, const Dialogue& dialogue,
                         const MessageData& message);
  void take(const TransactionResult& result, const std::vector<std::size_t>& recipients);
  void accepted(const TransactionResult& result, const std::vector<std::size_t>& recipients,
                std::vector<std::size_t>& delivered);
  RecipientOutcome delivered_by(const TransactionResult& result, const SmtpReply& reply);
  void refused(std::size_t recipient, const RecipientResult& result);
  void message_refused(std::size_t recipient, const RecipientResult& result);
  void listen_for_events(SessionSettings& settings);
  std::string ask(const char* name, const std::string& data);
  void raise_tcp_close();
  void end(SmtpSession& session, const AttemptResult& result);
  AttemptResult refuse_all(const TransactionResult& result);
  bool may_stay_open(const SmtpSession& session, const AttemptResult& result) const;
  bool leave_open(SmtpSession& session);
  AttemptResult give_up(const FailureRuling& ruling);
  AttemptResult trouble(const SmtpTrouble& trouble);
  void describe_peer(const SmtpSession& session);
  void set_tls_variables(const TlsInfo& session);
  void dane_event(const std::string& data);
  bool last_host() const { return request_.host + 1 == batch_.hosts.size(); }

  MailServer& server_;
  const AddressBatch& batch_;
  const AttemptRequest& request_;
  const HostTls& tls_;
  AttemptRecipients& recipients_;
  PeerVerdict verdict_;  // filled by the session's verification
  ConnectionFacts peer_;
  std::string event_answer_;      // to smtp:connect
  std::size_t transactions_ = 0;  // an earlier message's too
  std::size_t most_transactions_ = 0;
  bool left_open_untried_ = false;
  bool needs_reset_ = false;  // the last transaction did not end with its final reply
  bool used_up_ = false;
};

// What $tls_out_... say as long as there is no session.
TlsVariables variables_of_policy(const HostPolicy& policy);

// Whether the host is held to a DANE policy.
bool dane_is_enforced(const HostPlan& plan);

// The ruling of what kept a host from being tried at all.
FailureRuling rule_on_host_error(const Error& error);

}  // namespace danesmtp
