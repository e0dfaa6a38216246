// SPDX-License-Identifier: GPL-2.0-or-later
#include "prometheus_file.h"

#include "certificate_facts.h"
#include "core/format.h"
#include "nagios_report.h"
#include "prometheus_text.h"
#include "proof_file.h"

namespace danesmtp::tool {

void PrometheusFile::add(const Checked& checked) {
  if (!targets_.insert(checked.report.target.text).second) return;
  const std::string target = label("target", checked.report.target.text);
  states_ += format("danesmtp_check_state{{{}}} {}\n", target, nagios_code(checked.state));
  outcomes_ += format("danesmtp_check_outcome{{{},{}}} 1\n", target,
                      label("outcome", fate_word(checked.report.fate)));
  const auto took = checked.report.took.count();
  seconds_ += format("danesmtp_check_seconds{{{}}} {}.{:03}\n", target, took / 1000, took % 1000);
  times_ += format("danesmtp_check_timestamp_seconds{{{}}} {}\n", target,
                   checked.at.time_since_epoch().count());
  for (const auto& host : checked.report.hosts)
    for (const auto& address : host.addresses) {
      const std::string labels =
          format("{},{},{},{}", target, label("host", host.name),
                 label("port", format("{}", host.port)), label("address", address.address));
      authenticated_ += format("danesmtp_host_authenticated{{{}}} {}\n", labels,
                               address.dane && address.dane->authenticated() ? 1 : 0);
      if (!address.tls || address.tls->chain.empty()) continue;
      if (auto facts = certificate_facts(address.tls->chain.front()))
        ends_ += format("danesmtp_certificate_not_after_seconds{{{}}} {}\n", labels,
                        facts->not_after.time_since_epoch().count());
    }
}

std::string PrometheusFile::text() const {
  return metric("danesmtp_check_state", "0 ok, 1 warning, 2 critical, 3 unknown.", states_) +
         metric("danesmtp_check_outcome", "What becomes of mail to the target.", outcomes_) +
         metric("danesmtp_host_authenticated", "1: a TLSA record authenticates the server.",
                authenticated_) +
         metric("danesmtp_certificate_not_after_seconds", "When the server's certificate ends.",
                ends_) +
         metric("danesmtp_check_seconds", "How long the check took.", seconds_) +
         metric("danesmtp_check_timestamp_seconds", "When the check was made.", times_);
}

Result<void> PrometheusFile::write(const std::string& path) const {
  auto replaced = replace_file(path, as_bytes(text()));
  if (replaced) return replaced;
  return fail(ErrorKind::Io,
              format("--prometheus: {}; name a file in a directory that can be written",
                     replaced.error().text));
}

}  // namespace danesmtp::tool
