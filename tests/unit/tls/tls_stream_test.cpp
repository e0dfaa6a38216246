// SPDX-License-Identifier: GPL-2.0-or-later
// Octets under TLS: both ways, in time, to the end of the stream, and nothing that is not TLS.
#include "tls/gnutls_session.h"

#include <latch>

#include "unit/smtp/time_limit.h"
#include "unit/tls/handshake_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

START_TEST(octets_both_ways) {
  std::string much(300000, 'x');
  much += "\r\n.\r\n";
  ScriptedPeer peer([](PeerSide& side) {
    if (!side.start_tls({})) return;
    side.say_octet_by_octet("250 ok\r\n");
    side.hear_message();
    side.say("250 got it\r\n");
    side.wait_for_hangup();
  });
  {
    LineChannel channel(peer.take_socket());
    assert_ok(channel.start_tls({}, Deadline::in(5s)));
    assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "250 ok");
    assert_ok(channel.write_all(as_bytes(much), Deadline::in(5s)));
    assert_text(assert_ok(channel.read_line(Deadline::in(5s))), "250 got it");
  }
  ck_assert(peer.heard().at(0) == much);
}
END_TEST

START_TEST(silence_under_tls_ends_in_time) {
  Session session(TlsServerSettings{});
  assert_ok(session.start({}));
  TimeLimit limit(kShort, TimeUse::All);
  assert_error(session.channel.read_line(Deadline::in(kShort)), ErrorKind::Timeout);
  limit.check();
}
END_TEST

START_TEST(a_write_under_tls_ends_in_time) {
  std::latch ended(1);
  ScriptedPeer peer([&ended](PeerSide& side) {
    side.start_tls({});
    ended.wait();
  });
  LineChannel channel(peer.take_socket());
  assert_ok(channel.start_tls({}, Deadline::in(5s)));
  std::string much(8 << 20, 'x');
  TimeLimit limit(kShort, TimeUse::All);
  assert_error(channel.write_all(as_bytes(much), Deadline::in(kShort)), ErrorKind::Timeout);
  limit.check();
  ended.count_down();
}
END_TEST

// With and without close_notify: both are the end. A write after it raises no SIGPIPE.
START_TEST(the_end_of_the_stream) {
  bool in_order = _i == 0;
  ScriptedPeer peer([in_order](PeerSide& side) {
    if (!side.start_tls({})) return;
    if (in_order) side.tls().close();
    side.drop();
  });
  LineChannel channel(peer.take_socket());
  assert_ok(channel.start_tls({}, Deadline::in(5s)));
  if (_i == 2) {
    std::this_thread::sleep_for(50ms);
    assert_error(channel.write_all(as_bytes(std::string(1 << 20, 'x')), Deadline::in(5s)),
                 ErrorKind::Disconnected);
  } else {
    assert_error(channel.read_line(Deadline::in(5s)), ErrorKind::Disconnected);
  }
}
END_TEST

START_TEST(octets_that_are_not_tls_after_the_handshake) {
  ScriptedPeer peer([](PeerSide& side) {
    if (!side.start_tls({})) return;
    side.say_in_clear("250 injected\r\n");
    side.wait_for_hangup();
  });
  LineChannel channel(peer.take_socket());
  assert_ok(channel.start_tls({}, Deadline::in(5s)));
  assert_error(channel.read_line(Deadline::in(5s)), ErrorKind::Protocol);
}
END_TEST

START_TEST(a_refused_certificate_is_told) {
  ScriptedPeer peer(server({}));
  {
    LineChannel channel(peer.take_socket());
    assert_ok(channel.start_tls({}, Deadline::in(5s)));
    channel.refuse_certificate();
    ck_assert(!channel.open());
  }
  assert_text(peer.tls_ending(), "Certificate is bad");
}
END_TEST

int main() {
  Suite* suite = suite_create("TLS stream");
  TCase* tc = tcase_create("handshake");
  tcase_set_timeout(tc, 15);
  tcase_add_test(tc, octets_both_ways);
  tcase_add_test(tc, silence_under_tls_ends_in_time);
  tcase_add_test(tc, a_write_under_tls_ends_in_time);
  tcase_add_loop_test(tc, the_end_of_the_stream, 0, 3);
  tcase_add_test(tc, octets_that_are_not_tls_after_the_handshake);
  tcase_add_test(tc, a_refused_certificate_is_told);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
