// SPDX-License-Identifier: GPL-2.0-or-later
// Which of several name servers to ask. In the order of the list, as resolv.conf(5) has it, but no
// dead one costs more than a moment: the next is asked when one does not answer at once. Decides
// about time alone: whatever they say is validated, or believed, by others.
#pragma once

#include <vector>

#include "core/deadline.h"
#include "dns/resolver_config.h"
#include "dns/resolver_memory.h"

namespace danesmtp {

// What a server's reply to the question for the root's keys shows.
enum class Carries {
  Dnssec,   // keys with signatures, or a truncated reply
  Nothing,  // a reply without signatures, or one that knows no EDNS: it strips DNSSEC
  Trouble,  // another error: SERVFAIL, REFUSED
  Silence,  // none came in time
};

[[nodiscard]] Carries what_it_carries(const NameServer& server, Deadline deadline);

struct ServerOrder {
  std::vector<NameServer>
      servers;            // the first that carries DNSSEC before all others, the dead last
  bool answered = false;  // one of them answered: the first one did
};

// A list of one is not asked. One that was better than the first of the list is remembered for five
// minutes and asked first.
[[nodiscard]] ServerOrder order_servers(std::vector<NameServer> servers,
                                        const ResolverMemory& memory, Deadline deadline);

// "192.0.2.1@53, 192.0.2.2@53", for a log line and as the memory's question.
std::string list_text(const std::vector<NameServer>& servers);

}  // namespace danesmtp
