// SPDX-License-Identifier: GPL-2.0-or-later
// doc/ERRORS.md from the rows of outcome/failure_policy. Without arguments it prints the page; with
// a file it fails when the file says something else.

#include <cstdio>
#include <string>

#include "core/format.h"
#include "failure_words.h"
#include "made_page.h"

using namespace danesmtp;
using namespace danesmtp::docs;

namespace {

std::string page() {
  std::string text =
      "# What a failure means\n\n"
      "Made by `errors_page` from the rows of module/outcome/failure_rows.cpp; a test "
      "compares.\n\n"
      "Before any connection: a failed MX look-up makes the recipients of the domain wait; a "
      "failed\n"
      "look-up for one host, and a host that requires DANE and has none, is passed over like a "
      "host\n"
      "that is down. A message that cannot be written (filter, headers, signature) waits, and no "
      "other\n"
      "host is tried. Refusals at RCPT concern that recipient alone,\n"
      "but 421: the server is leaving, which counts as a closed connection. RSET between two\n"
      "transactions bounces nobody, whatever it is answered with: those who are left wait.\n\n"
      "What a DANE policy makes wait has an enhanced status code (RFC 3463, RFC 5248) in the "
      "recipient's\n"
      "text: in the log line, and in the words and the Diagnostic-Code of a delay warning or a "
      "bounce.\n"
      "`Status:` of Exim's notifications is its own: 4.0.0 or 5.0.0.\n\n"
      "What MTA-STS makes wait has the same codes, and a retry record of the message in the place "
      "of the\n"
      "host's: other mail to the host does not wait for it.\n\n"
      "| before a connection, under DANE | status |\n|---|---|\n";
  for (const auto& row : policy_failure_rows())
    text += format("| {} | {} |\n", row.what, row.policy_status);
  text += "\n| stage | what happens | consequence | status under DANE |\n|---|---|---|---|\n";
  for (const auto& row : failure_rows())
    text += format("| {} | {} | {} | {} |\n", stage_name(row.stage), happening(row.happening),
                   consequence(row), row.policy_status);
  text += "\n| what else ends a delivery | consequence |\n|---|---|\n";
  for (const auto& row : delivery_end_rows())
    text += format("| {} | {} |\n", row.what, row.status == Status::Failed ? "bounce" : "wait");
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  return danesmtp::docs::print_or_compare(argc, argv, "errors_page", page());
}
