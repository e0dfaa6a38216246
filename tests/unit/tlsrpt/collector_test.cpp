// SPDX-License-Identifier: GPL-2.0-or-later
// The collector's socket: there, missing, of another kind, full. Nothing of it makes us wait.
#include "tlsrpt/collector.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tlsrpt/datagram.h"
#include "unit/own_directory.h"
#include "unit/tlsrpt/collector_socket.h"

using namespace danesmtp;
using namespace danesmtp::test;

START_TEST(taken_at_once) {
  OwnDirectory directory;
  CollectorSocket socket(directory.file());
  Collector collector(directory.file());
  assert_ok(collector.send("one"));
  assert_ok(collector.send(std::string(kLongestDatagram, 'x')));
  const auto received = socket.received();
  ck_assert_uint_eq(received.size(), 2);
  assert_text(received[0], "one");
  ck_assert_uint_eq(received[1].size(), kLongestDatagram);
}
END_TEST

START_TEST(not_there) {
  OwnDirectory directory;
  Collector collector(directory.file());
  const auto error = assert_error(collector.send("x"), ErrorKind::Io);
  assert_text(error.text, directory.file() + ": No such file or directory");
  { CollectorSocket gone(directory.file()); }
  assert_contains(assert_error(collector.send("x"), ErrorKind::Io).text, "Connection refused");
}
END_TEST

START_TEST(no_such_socket) {
  OwnDirectory directory;
  Collector plain(directory.file("plain", "text"));
  assert_contains(assert_error(plain.send("x"), ErrorKind::Io).text, "Connection refused");
  assert_text(content_of(directory.file("plain")), "text");
  CollectorSocket stream(directory.file("stream"), SOCK_STREAM);
  Collector of_stream(directory.file("stream"));
  assert_contains(assert_error(of_stream.send("x"), ErrorKind::Io).text, "Protocol wrong type");
  Collector too_long("/" + std::string(200, 'x'));
  assert_error(too_long.send("x"), ErrorKind::BadInput);
}
END_TEST

// Whether anybody is there can be known before there is anything to send.
START_TEST(opened_first) {
  OwnDirectory directory;
  Collector collector(directory.file());
  assert_contains(assert_error(collector.open(), ErrorKind::Io).text, "No such file or directory");
  CollectorSocket socket(directory.file());
  assert_ok(collector.open());
  ck_assert(socket.received().empty());
  assert_ok(collector.send("one"));
  ck_assert_uint_eq(socket.received().size(), 1);
}
END_TEST

// The collector was restarted meanwhile.
START_TEST(gone_since) {
  OwnDirectory directory;
  Collector collector(directory.file());
  {
    CollectorSocket first(directory.file());
    assert_ok(collector.open());
  }
  assert_contains(assert_error(collector.send("x"), ErrorKind::Io).text, "Connection refused");
}
END_TEST

START_TEST(odd_files) {
  OwnDirectory directory;
  const auto fifo = directory.file("fifo");
  ck_assert_int_eq(::mkfifo(fifo.c_str(), 0666), 0);
  assert_contains(assert_error(Collector(fifo).open(), ErrorKind::Io).text, "Connection refused");
  const auto link = directory.file("link");
  CollectorSocket socket(directory.file());
  ck_assert_int_eq(::symlink(directory.file().c_str(), link.c_str()), 0);
  assert_ok(Collector(link).send("by a link"));
  ck_assert_uint_eq(socket.received().size(), 1);
  const auto loop = directory.file("loop");
  ck_assert_int_eq(::symlink(loop.c_str(), loop.c_str()), 0);
  assert_contains(assert_error(Collector(loop).open(), ErrorKind::Io).text, "symbolic links");
}
END_TEST

// tests D-173: nobody reads: the queue is full at some time, and the call comes back. The test's
// own time limit would end it otherwise.
START_TEST(full) {
  OwnDirectory directory;
  CollectorSocket socket(directory.file());
  Collector collector(directory.file());
  Result<void> sent;
  std::size_t count = 0;
  for (; count < 100000 && sent; ++count) sent = collector.send("x");
  assert_contains(assert_error(sent, ErrorKind::Io).text, "Resource temporarily unavailable");
  ck_assert_uint_eq(socket.received().size(), count - 1);
  assert_ok(collector.send("again"));
}
END_TEST

START_TEST(too_long) {
  OwnDirectory directory;
  CollectorSocket socket(directory.file());
  Collector collector(directory.file());
  assert_error(collector.send(std::string(kLongestDatagram + 1, 'x')), ErrorKind::BadInput);
  ck_assert(socket.received().empty());
}
END_TEST

int main() {
  Suite* suite = suite_create("collector");
  TCase* all = tcase_create("all");
  tcase_add_test(all, taken_at_once);
  tcase_add_test(all, not_there);
  tcase_add_test(all, no_such_socket);
  tcase_add_test(all, opened_first);
  tcase_add_test(all, gone_since);
  tcase_add_test(all, odd_files);
  tcase_add_test(all, full);
  tcase_add_test(all, too_long);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}
