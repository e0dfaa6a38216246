// SPDX-License-Identifier: GPL-2.0-or-later
// The body of a message, which its sender wrote, as it goes over the wire from where it is stored:
// whatever stands in it, a server that reads it line by line has the same lines, meets a single dot
// at its end and nowhere before, and BDAT has said its size. RFC 5321 4.1.1.4 and 4.5.2, RFC 3030
// 2. Input: octets of choice (form, line ends; octets a read; octets a step), then the body.
#include <algorithm>
#include <string>

#include "fuzz/memory_file.h"
#include "smtp/message_data.h"

using namespace danesmtp;
using fuzz::must;

namespace {

constexpr std::string_view kHeaders = "Subject: x\r\n\r\n";
constexpr std::string_view kFront = "not of the body\n";  // as the name of a spool file is

struct Choice {
  MessageForm form;
  LineEnds line_ends;
  std::size_t block, step;
};

Choice choice_of(fuzz::Input& input) {
  const std::uint8_t how = input.octet();
  const std::size_t block = 1U + input.octet(), step = 1U + input.octet();
  return {how & 1U ? MessageForm::Plain : MessageForm::Dotted,
          how & 2U ? LineEnds::CrLf : LineEnds::Lf, block, step};
}

std::string read_in_blocks(MessageReader& reader, std::size_t size) {
  Bytes block(size);
  std::string all;
  for (;;) {
    const auto got = reader.read(block);
    must(got.has_value());
    if (*got == 0) return all;
    all += as_text(ByteView(block).first(*got));
  }
}

// What a server keeps: lines up to that of a single dot, one dot of two at their beginning taken
// away. A line ends with LF for it, so that it notices what only some servers would.
std::string unstuffed(std::string_view wire) {
  std::string lines;
  for (;;) {
    const auto end = wire.find('\n');
    must(end != std::string_view::npos);
    auto line = wire.substr(0, end + 1);
    wire.remove_prefix(end + 1);
    if (line == ".\r\n" || line == ".\n") break;
    if (line.front() == '.') line.remove_prefix(1);
    lines += line;
  }
  must(wire.empty());
  return lines;
}

std::string with_crlf(std::string_view body, LineEnds stored) {
  std::string lines;
  for (const char c : body) {
    if (c == '\n' && stored == LineEnds::Lf) lines += '\r';
    lines += c;
  }
  return lines;
}

// Step by step, as many octets each time as there are in a step, into as many: the same as at once.
void check_steps(std::string_view body, const Choice& choice, std::string_view wire) {
  WireForm form(choice.line_ends, choice.form);
  ByteView rest = as_bytes(body);
  Bytes into(choice.block);
  std::string all;
  while (!rest.empty() || form.owes()) {
    const auto part = rest.first(std::min(choice.step, rest.size()));
    const auto step = form.convert(part, into);
    must(step.taken <= part.size() && step.made <= into.size());
    must(step.taken + step.made > 0);
    all += as_text(ByteView(into).first(step.made));
    rest = rest.subspan(step.taken);
  }
  must(all == wire);
}

void check(const Choice& choice, std::string_view body) {
  static const fuzz::MemoryFile headers, stored;
  headers.set(kHeaders);
  stored.set(std::string(kFront) + std::string(body));
  const auto measured = measure({stored.fd(), kFront.size(), choice.line_ends}, choice.form);
  must(measured.has_value());
  must(measured->ends_with_newline == (body.empty() || body.back() == '\n'));
  // Such a body is never sent with DATA (route/written_message).
  if (choice.form == MessageForm::Dotted && !measured->ends_with_newline) return;
  const MessageData message{{headers.fd(), kHeaders.size()}, choice.form, *measured};
  MessageReader reader(message);
  const auto wire = read_in_blocks(reader, choice.block);
  must(reader.at_end() && wire.size() == message.size() && wire.starts_with(kHeaders));
  const auto sent = std::string_view(wire).substr(kHeaders.size());
  const bool dotted = choice.form == MessageForm::Dotted;
  must((dotted ? unstuffed(sent) : sent) == with_crlf(body, choice.line_ends));
  check_steps(body, choice, sent.substr(0, sent.size() - (dotted ? 3 : 0)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  const Choice choice = choice_of(input);
  check(choice, as_text(input.rest()));
  return 0;
}
