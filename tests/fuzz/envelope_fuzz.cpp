// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of an envelope, whose addresses and parameters others wrote: a command that is sent
// is one line, and a server reads in it the address and the parameters that were given, and no
// other. RFC 5321 4.1.1 and 4.1.2, RFC 3461 4. Input: an octet of choice, then a piece for each.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/fuzz_support.h"
#include "smtp/command.h"

using namespace danesmtp;
using fuzz::must;

namespace {

// A command as a server takes it apart; it shares no code with its maker.
struct HeardCommand {
  std::string verb;  // up to the path
  std::string path;
  std::vector<std::string> parameters;
};

// The '>' that is in no quoted string.
std::size_t end_of_path(const std::string& line, std::size_t at) {
  for (bool quoted = false; at < line.size(); ++at) {
    if (line[at] == '\\')
      ++at;
    else if (line[at] == '"')
      quoted = !quoted;
    else if (line[at] == '>' && !quoted)
      return at;
  }
  must(false);
  return at;
}

HeardCommand heard(const std::string& line) {
  must(std::none_of(line.begin(), line.end(),
                    [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }));
  HeardCommand command;
  const auto begin = line.find('<');
  must(begin != std::string::npos);
  command.verb = line.substr(0, begin);
  const auto end = end_of_path(line, begin + 1);
  command.path = line.substr(begin + 1, end - begin - 1);
  for (auto at = end + 1; at < line.size();) {
    must(line[at] == ' ');
    const auto next = std::min(line.find(' ', at + 1), line.size());
    command.parameters.push_back(line.substr(at + 1, next - at - 1));
    at = next;
  }
  return command;
}

void check_mail(const MailArguments& arguments) {
  const auto line = mail_command(arguments);
  if (!line) return must(!line.error().text.empty());
  std::vector<std::string> expected;
  if (arguments.size) expected.push_back("SIZE=" + std::to_string(*arguments.size));
  if (arguments.prdr == PerRecipientReplies::Yes) expected.emplace_back("PRDR");
  if (arguments.smtputf8 == SmtpUtf8::Yes) expected.emplace_back("SMTPUTF8");
  if (arguments.requiretls == RequireTlsParameter::Yes) expected.emplace_back("REQUIRETLS");
  if (!arguments.ret.empty()) expected.push_back("RET=" + arguments.ret);
  if (!arguments.envid.empty()) expected.push_back("ENVID=" + arguments.envid);
  if (arguments.auth) expected.push_back("AUTH=" + *arguments.auth);
  const auto command = heard(*line);
  must(command.verb == "MAIL FROM:" && command.path == arguments.sender);
  must(command.parameters == expected);
}

void check_rcpt(const RcptArguments& arguments) {
  const auto line = rcpt_command(arguments);
  if (!line) return must(!line.error().text.empty());
  std::vector<std::string> expected;
  if (!arguments.notify.empty()) expected.push_back("NOTIFY=" + arguments.notify);
  if (!arguments.orcpt.empty()) expected.push_back("ORCPT=" + arguments.orcpt);
  const auto command = heard(*line);
  must(command.verb == "RCPT TO:" && command.path == arguments.recipient && !command.path.empty());
  must(command.parameters == expected);
}

void check_hello(const std::string& name) {
  const auto line = hello_command("EHLO", name);
  if (!line) return must(!line.error().text.empty());
  must(*line == "EHLO " + name && line->find_first_of("\r\n ", 5) == std::string::npos);
}

std::string text_of(fuzz::Input& input) {
  return std::string(as_text(input.piece()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  const unsigned choice = input.octet();
  const auto address = text_of(input), one = text_of(input), other = text_of(input);
  MailArguments mail{address};
  if (choice & 1U) mail.size = choice;
  if (choice & 2U) mail.prdr = PerRecipientReplies::Yes;
  if (choice & 4U) mail.smtputf8 = SmtpUtf8::Yes;
  if (choice & 8U) mail.requiretls = RequireTlsParameter::Yes;
  if (choice & 16U) mail.auth = text_of(input);
  mail.ret = choice & 32U ? one : "";
  mail.envid = other;
  check_mail(mail);
  check_rcpt({address, one, other});
  check_hello(address);
  return 0;
}
