// SPDX-License-Identifier: GPL-2.0-or-later
// A body that is sent from where it is stored: what it becomes on the wire, how many octets that
// is, and a file that changes between the two.
#include "smtp/message_data.h"

#include <unistd.h>

#include <iterator>
#include <string>

#include "smtp/line_channel.h"
#include "unit/smtp/transaction_support.h"

using namespace danesmtp;
using namespace danesmtp::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kBefore = "1abcde-000000001Aa-0000-D\n";  // not the body's
constexpr std::string_view kHead = "Subject: x\r\n\r\n";

struct Row {
  std::string_view stored;
  LineEnds line_ends;
  std::string_view plain;
  std::string_view dotted;
};

// A line that begins with a dot, at each place; CRs and dots elsewhere are not touched.
const Row kRows[] = {
    {"", LineEnds::Lf, "", ".\r\n"},
    {"\n", LineEnds::Lf, "\r\n", "\r\n.\r\n"},
    {"a\n", LineEnds::Lf, "a\r\n", "a\r\n.\r\n"},
    {".\n", LineEnds::Lf, ".\r\n", "..\r\n.\r\n"},
    {"..a\n.\n.b", LineEnds::Lf, "..a\r\n.\r\n.b", "...a\r\n..\r\n..b.\r\n"},
    {"\n\n.\n", LineEnds::Lf, "\r\n\r\n.\r\n", "\r\n\r\n..\r\n.\r\n"},
    {"a.b\r.c\n", LineEnds::Lf, "a.b\r.c\r\n", "a.b\r.c\r\n.\r\n"},
    {"a\r\n.b\r\n", LineEnds::Lf, "a\r\r\n.b\r\r\n", "a\r\r\n..b\r\r\n.\r\n"},
    {"a\r\n.b\r\n", LineEnds::CrLf, "a\r\n.b\r\n", "a\r\n..b\r\n.\r\n"},
    {".\r\n\r\n", LineEnds::CrLf, ".\r\n\r\n", "..\r\n\r\n.\r\n"},
    {std::string_view("a\0.\n", 4), LineEnds::Lf, std::string_view("a\0.\r\n", 5),
     std::string_view("a\0.\r\n.\r\n", 8)},
};

// The files of a message, which is made when they are there.
struct Stored {
  UniqueFd head = file_of(kHead);
  UniqueFd file;
  MessageData message;

  Stored(std::string_view body, LineEnds line_ends, MessageForm form)
      : file(file_of(std::string(kBefore) + std::string(body))) {
    const auto measured = assert_ok(measure({file.get(), kBefore.size(), line_ends}, form));
    message = {{head.get(), kHead.size()}, form, measured};
  }
};

// All of it, in reads of so many octets.
std::string all_of(const MessageData& message, std::size_t at_a_time) {
  MessageReader reader(message);
  std::string text;
  std::string piece(at_a_time, '\0');
  for (;;) {
    auto* into = reinterpret_cast<std::uint8_t*>(piece.data());
    const auto got = assert_ok(reader.read({into, piece.size()}));
    if (got == 0) break;
    text += piece.substr(0, got);
  }
  assert_ok(reader.at_end());
  return text;
}

}  // namespace

START_TEST(each_form_of_each_body) {
  const auto& row = kRows[_i];
  for (const auto form : {MessageForm::Plain, MessageForm::Dotted}) {
    const Stored stored(row.stored, row.line_ends, form);
    const auto wire = form == MessageForm::Plain ? row.plain : row.dotted;
    ck_assert_uint_eq(stored.message.size(), kHead.size() + wire.size());
    for (std::size_t at_a_time : {1U, 2U, 3U, 5U, 100U})
      ck_assert_msg(all_of(stored.message, at_a_time) == std::string(kHead) + std::string(wire),
                    "form %d, %zu at a time", static_cast<int>(form), at_a_time);
    const bool newline = row.stored.empty() || row.stored.back() == '\n';
    ck_assert_int_eq(stored.message.body->ends_with_newline, newline);
  }
}
END_TEST

// Blocks end within a line, at its end, and between CR and LF.
START_TEST(a_body_of_many_blocks) {
  std::string body, wire;
  for (int i = 0; body.size() < 500000; ++i) {
    const auto line = std::string(static_cast<std::size_t>(i % 97), i % 7 == 0 ? '.' : 'x');
    body += line + "\n";
    wire += (line.rfind('.', 0) == 0 ? "." : "") + line + "\r\n";
  }
  const Stored stored(body, LineEnds::Lf, MessageForm::Dotted);
  for (std::size_t at_a_time : {777U, 65536U})
    ck_assert(all_of(stored.message, at_a_time) == std::string(kHead) + wire + ".\r\n");
}
END_TEST

// What has changed since it was measured is not sent to its end, so nobody takes it for the
// message.
struct Change {
  const char* what;
  void (*change)(int fd);
  std::size_t arrives_at_most;
};

constexpr std::size_t kStoredSize = 200000;

void more_lines(int fd) {
  ck_assert_int_eq(::pwrite(fd, "\n\n\n", 3, kStoredSize / 2), 3);
}

const Change kChanges[] = {
    {"shorter", [](int fd) { ck_assert_int_eq(::ftruncate(fd, kStoredSize / 2), 0); }, kStoredSize},
    {"without its last octet", [](int fd) { ck_assert_int_eq(::ftruncate(fd, kStoredSize), 0); },
     kStoredSize},
    {"gone", [](int fd) { ck_assert_int_eq(::ftruncate(fd, 0), 0); }, 0},
    {"more lines", more_lines, kStoredSize},
    // By one octet: the file has been read to its end, and the last line feed is still to be made.
    {"one line more", [](int fd) { ck_assert_int_eq(::pwrite(fd, "\n", 1, kStoredSize / 2), 1); },
     kStoredSize},
};

START_TEST(a_file_that_changes_is_not_sent_to_its_end) {
  const auto& row = kChanges[_i];
  for (const auto form : {MessageForm::Plain, MessageForm::Dotted}) {
    const Stored stored(std::string(kStoredSize - kBefore.size(), 'x') + "\n", LineEnds::Lf, form);
    const auto size = stored.message.size();
    row.change(stored.file.get());
    std::size_t arrived = 0;
    ScriptedPeer peer([&arrived](PeerSide& side) {
      while (side.take(1)) ++arrived;
    });
    LineChannel channel(peer.take_socket());
    assert_error(channel.send_message(stored.message, 5s, {"BDAT\r\n", "QUIT\r\n"}), ErrorKind::Io);
    ck_assert(!channel.open());
    peer.heard();
    ck_assert_msg(arrived < size && arrived <= row.arrives_at_most, "%s: %zu", row.what, arrived);
  }
}
END_TEST

START_TEST(a_body_that_cannot_be_read) {
  assert_error(measure({-1, 0, LineEnds::Lf}, MessageForm::Plain), ErrorKind::Io);
}
END_TEST

int main() {
  Suite* suite = suite_create("message_data");
  TCase* tc = tcase_create("read");
  tcase_set_timeout(tc, 20);
  tcase_add_loop_test(tc, each_form_of_each_body, 0, static_cast<int>(std::size(kRows)));
  tcase_add_test(tc, a_body_of_many_blocks);
  tcase_add_loop_test(tc, a_file_that_changes_is_not_sent_to_its_end, 0,
                      static_cast<int>(std::size(kChanges)));
  tcase_add_test(tc, a_body_that_cannot_be_read);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
