// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-103: what a resumed session still tells of the peer, and when there is none: the secret
// is the server's alone, and nothing is resumed that protects less than a new session.
#include "tls/resumption.h"

#include <algorithm>
#include <iterator>

#include "unit/tls/handshake_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

const char* const kVersions[] = {kTls12, kTls13};

struct AtServer {
  bool shook_hands = false;
  bool resumed = false;
  unsigned tickets = 0;  // that it gave
  Bytes binding{};
};

// One connection, as far as the first octets from the server.
struct Connection {
  Result<TlsInfo> info = tl::unexpected(Error{ErrorKind::Internal, "no handshake"});
  std::optional<ResumableSession> left{};
  AtServer server{};
};

ScriptedPeer::Script greet(const TlsServerSettings& at_server, AtServer& seen) {
  return [&](PeerSide& side) {
    seen.shook_hands = side.start_tls(at_server);
    if (!seen.shook_hands) return;
    seen.resumed = side.tls().resumed();
    seen.binding = side.tls().channel_binding(GNUTLS_CB_TLS_UNIQUE);
    seen.tickets = side.tls().tickets();
    side.say("250 hello\r\n");
    side.wait_for_hangup();
  };
}

Connection connect(const TlsServerSettings& at_server, const TlsSettings& settings) {
  Connection connection;
  Session session(greet(at_server, connection.server));
  connection.info = session.start(settings);
  if (connection.info) assert_ok(session.channel.read_line(Deadline::in(kPatience)));
  connection.left = session.channel.resumable();
  session.channel.close();
  session.peer.heard();
  return connection;
}

TlsSettings going_on_with(const Bytes& earlier, const char* priority = "") {
  TlsSettings settings{.priority = priority};
  settings.earlier_session = [earlier] { return earlier; };
  return settings;
}

TlsServerSettings server_of(const char* priority) {
  return {.priority = priority,
          .identity = std::make_shared<TestIdentity>(),
          .ticket_key = make_ticket_key()};
}

// What a full handshake with the server leaves.
Bytes session_of(const TlsServerSettings& at_server) {
  const auto first = connect(at_server, going_on_with({}));
  const auto info = assert_ok(first.info);
  ck_assert(info.resumption.wanted && !info.resumption.offered && !info.resumption.used);
  ck_assert(!first.server.resumed);
  ck_assert_msg(first.left.has_value(), "the server left nothing");
  return first.left->octets;
}

}  // namespace

START_TEST(a_resumed_session_has_the_chain_of_the_first) {
  const auto at_server = server_of(kVersions[_i]);
  const auto second = connect(at_server, going_on_with(session_of(at_server)));
  const auto info = assert_ok(second.info);
  ck_assert(info.resumption.offered && info.resumption.used && second.server.resumed);
  ck_assert(info.chain == PeerChain{at_server.identity->der()});
  ck_assert(second.left.has_value());
  // A secret of its own, and nobody's proof (RFC 8446 4.4.2.1).
  ck_assert(!info.group.empty());
  ck_assert(info.ocsp_staples == std::vector<Bytes>(1));
}
END_TEST

// RFC 7627 5.3: fit for SCRAM-...-PLUS, as both ends agree on it.
START_TEST(tls_unique_of_a_resumed_session) {
  const auto at_server = server_of(kTls12);
  const auto second = connect(at_server, going_on_with(session_of(at_server)));
  const auto info = assert_ok(second.info);
  ck_assert(info.resumption.used && info.channel_binding.extended_master_secret);
  const gnutls_datum_t theirs = as_datum(second.server.binding);
  GnutlsOctets text;
  ck_assert_int_eq(gnutls_base64_encode2(&theirs, &text.datum), 0);
  assert_text(info.channel_binding.base64, std::string(as_text(text.view())));
}
END_TEST

START_TEST(who_does_not_ask_leaves_and_resumes_nothing) {
  const auto at_server = server_of(kVersions[_i]);
  const auto connection = connect(at_server, {});
  ck_assert(!assert_ok(connection.info).resumption.wanted && !connection.left);
  // In TLS 1.3 GnuTLS sends them to whoever there is.
  if (_i == 0) ck_assert_uint_eq(connection.server.tickets, 0);
  ck_assert_uint_ge(connect(at_server, going_on_with({})).server.tickets, 1);
}
END_TEST

// Neither the certificate nor the key makes a server that holds the secret.
START_TEST(an_impostor_has_to_show_its_own_certificate) {
  const auto at_server = server_of(kVersions[_i]);
  auto impostor = server_of(kVersions[_i]);
  const auto session = session_of(at_server);
  const auto other_keys = connect(impostor, going_on_with(session));
  const auto info = assert_ok(other_keys.info);
  ck_assert(info.resumption.offered && !info.resumption.used && !other_keys.server.resumed);
  ck_assert(info.chain == PeerChain{impostor.identity->der()});

  impostor.ticket_key.clear();
  ck_assert(assert_ok(connect(impostor, going_on_with(session)).info).chain ==
            PeerChain{impostor.identity->der()});
}
END_TEST

// What is judged then is the certificate that it once had.
START_TEST(a_server_with_the_secret_may_have_another_certificate) {
  const auto before = server_of(kVersions[_i]);
  auto after = before;
  after.identity = std::make_shared<TestIdentity>();
  const auto info = assert_ok(connect(after, going_on_with(session_of(before))).info);
  ck_assert(info.resumption.used && info.chain == PeerChain{before.identity->der()});
}
END_TEST

// The versions that are allowed now decide. (GnuTLS 3.7 trips over an earlier one.)
START_TEST(a_session_does_not_bring_its_version_back) {
  auto at_server = server_of(kTls12);
  const auto session = session_of(at_server);
  at_server.priority = "NORMAL";
  const auto info = connect(at_server, going_on_with(session, kTls13)).info;
  if (!info) assert_error(info, ErrorKind::TlsHandshake);
  if (info) assert_text(info->version, "TLS1.3");
}
END_TEST

START_TEST(a_session_of_a_version_that_is_no_longer_allowed) {
  auto at_server = server_of(kTls13);
  const auto session = session_of(at_server);
  at_server.priority = "NORMAL";
  const auto info = assert_ok(connect(at_server, going_on_with(session, kTls12)).info);
  ck_assert(!info.resumption.used);
  assert_text(info.version, "TLS1.2");
}
END_TEST

START_TEST(without_the_extended_master_secret_nothing_is_left) {
  const auto at_server = server_of("NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH");
  const auto connection = connect(at_server, going_on_with({}));
  ck_assert(!assert_ok(connection.info).channel_binding.extended_master_secret);
  ck_assert(!connection.left.has_value());
}
END_TEST

START_TEST(octets_that_are_no_session_mean_a_full_handshake) {
  const auto at_server = server_of(kVersions[_i]);
  auto session = session_of(at_server);
  const Bytes kNone[] = {Bytes(1), Bytes(1000, 0), Bytes(1000, 0xff), Bytes(100, 'x')};
  for (const auto& octets : kNone) {
    const auto info = assert_ok(connect(at_server, going_on_with(octets)).info);
    ck_assert(!info.resumption.offered && !info.resumption.used);
  }
}
END_TEST

START_TEST(the_server_says_how_long) {
  auto at_server = server_of(kVersions[_i]);
  at_server.ticket_lifetime = 1234;
  const auto connection = connect(at_server, going_on_with({}));
  ck_assert(connection.left && connection.left->lifetime == std::chrono::seconds(1234));
}
END_TEST

int main() {
  Suite* suite = suite_create("resumption");
  TCase* tc = tcase_create("resumption");
  const int versions = static_cast<int>(std::size(kVersions));
  tcase_add_loop_test(tc, a_resumed_session_has_the_chain_of_the_first, 0, versions);
  tcase_add_test(tc, tls_unique_of_a_resumed_session);
  tcase_add_loop_test(tc, who_does_not_ask_leaves_and_resumes_nothing, 0, versions);
  tcase_add_loop_test(tc, an_impostor_has_to_show_its_own_certificate, 0, versions);
  tcase_add_loop_test(tc, a_server_with_the_secret_may_have_another_certificate, 0, versions);
  tcase_add_test(tc, a_session_does_not_bring_its_version_back);
  tcase_add_test(tc, a_session_of_a_version_that_is_no_longer_allowed);
  tcase_add_test(tc, without_the_extended_master_secret_nothing_is_left);
  tcase_add_loop_test(tc, octets_that_are_no_session_mean_a_full_handshake, 0, versions);
  tcase_add_loop_test(tc, the_server_says_how_long, 0, versions);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
