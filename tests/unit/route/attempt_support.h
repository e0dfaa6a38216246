// SPDX-License-Identifier: GPL-2.0-or-later
// One attempt on one host with a server of a script: what it heard, and what the recipients got.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fakes/fake_mail_server.h"
#include "fakes/fake_store.h"
#include "fakes/proofs.h"
#include "fakes/scripted_peer.h"
#include "route/attempt.h"
#include "unit/check_support.h"

namespace danesmtp::test {

using Script = ScriptedPeer::Script;

inline DnsName base() {
  return *DnsName::parse("mx1.lab");
}

inline HostPolicy encrypt() {
  return EncryptOnly{base(), {"usage 1"}};
}
// A digest that no certificate has.
inline HostPolicy authenticate() {
  return Authenticate{base(), usable_records({{TlsaUsage::DaneEe, TlsaSelector::PublicKey,
                                               TlsaMatching::Sha256, Bytes(32, 1)}})};
}

struct Scene {
  FakeMailServer server;
  AddressBatch batch;
  HostPlan plan;
  FakeStore store;
  ScriptedPeer peer;

  Scene(std::size_t recipients, HostPolicy policy, Script script)
      : batch(make_batch(1, recipients)), peer(std::move(script)) {
    server.options["helo_data"] = "me.lab";
    server.numbers = {{"command_timeout", 2}, {"data_timeout", 2}, {"final_timeout", 2}};
    server.sockets[0] = peer.take_socket();
    plan.policy = std::move(policy);
    plan.mx = MxTrust::Secure;
  }
  AttemptResult run() {
    std::vector<RecipientIndex> all;
    for (std::size_t i = 0; i < batch.recipients.size(); ++i) all.emplace_back(i);
    return attempt_host(server, batch, {0, 25, plan, all, TlsChoice::AsPolicySays}, store);
  }
  std::string heard() {
    std::string text;
    for (const auto& line : peer.heard()) text += (text.empty() ? "" : "|") + line;
    return text;
  }
};

inline void clear_greeting(PeerSide& peer, const char* ehlo = "250 mx1.lab\r\n") {
  peer.say("220 mx1.lab\r\n");
  peer.answer(ehlo);
}

// As far as TLS, then EHLO.
inline bool tls_greeting(PeerSide& peer) {
  clear_greeting(peer, "250-mx1.lab\r\n250 STARTTLS\r\n");
  peer.answer("220 go\r\n");
  if (!peer.start_tls({})) return false;
  peer.answer("250 mx1.lab\r\n");
  return true;
}

inline void take_message(PeerSide& peer, const char* last = "250 got it\r\n") {
  peer.answer("354 go on\r\n");
  peer.hear_message();
  peer.say(last);
}

inline const Script kNothing = [](PeerSide&) {};

// The envelope of one recipient, and the message.
inline void take_all(PeerSide& peer) {
  peer.answer("250 ok\r\n");
  peer.answer("250 ok\r\n");
  take_message(peer);
  peer.answer("221 bye\r\n");
}

}  // namespace danesmtp::test
