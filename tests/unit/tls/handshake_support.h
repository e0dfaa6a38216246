// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of a TLS session share: a GnuTLS server in a thread, and a completed handshake
// with it.
#pragma once

#include <chrono>

#include "fakes/scripted_peer.h"
#include "smtp/line_channel.h"
#include "tls/gnutls_session.h"
#include "unit/check_support.h"

namespace danesmtp::test {

inline constexpr std::chrono::milliseconds kShort{200};
inline constexpr std::chrono::seconds kPatience{5};
inline const char* const kOldTls = "NORMAL:-VERS-ALL:+VERS-TLS1.1";
inline const char* const kTls12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
inline const char* const kTls13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
inline const char* const kAnonymousOnly = "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH";
inline const char* const kSmallGroup =
    "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-DH:-GROUP-ALL:+GROUP-FFDHE2048";
inline const char* const kAnonymousToo = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+ANON-ECDH:+ANON-DH";

inline ScriptedPeer::Script server(TlsServerSettings settings) {
  return [settings](PeerSide& peer) {
    if (peer.start_tls(settings)) peer.wait_for_hangup();
  };
}

// A completed handshake; the channel is closed before the peer is asked what it saw.
struct Session {
  ScriptedPeer peer;
  LineChannel channel;
  Session(const TlsServerSettings& settings) : Session(server(settings)) {}
  explicit Session(const ScriptedPeer::Script& script)
      : peer(script), channel(peer.take_socket()) {}
  Result<TlsInfo> start(const TlsSettings& settings) {
    return channel.start_tls(settings, Deadline::in(kPatience));
  }
};

}  // namespace danesmtp::test
