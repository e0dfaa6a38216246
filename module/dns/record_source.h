// SPDX-License-Identifier: GPL-2.0-or-later
// Where records come from, as octets: libunbound or a believed forwarder. The rules of Resolver
// hold: an Answer is Secure or Insecure, everything else is an Error. What the octets say is
// read in dns/record_resolver. A source may stand in front of another one, as a cache would.
#pragma once

#include "dns/dns_message.h"
#include "dns/resolver.h"

namespace danesmtp {

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  RecordSource() = default;
  RecordSource(const RecordSource&) = delete;
  RecordSource& operator=(const RecordSource&) = delete;

  // The rdata of each record, names in it uncompressed. The CNAME type is not followed. Ends by the
  // deadline.
  [[nodiscard]] virtual Result<Answer<Bytes>> ask(const DnsName& name, RrType type,
                                                  Deadline deadline) = 0;

  // This will be asked, and then the TLSA records that `next` says (empty: none): see Resolver.
  // What has to be opened for it is opened by the deadline.
  using Next = Resolver::Next;
  virtual void expect(const DnsName& name, RrType type, const Next& next, Deadline deadline) {
    static_cast<void>(name);
    static_cast<void>(type);
    static_cast<void>(next);
    static_cast<void>(deadline);
  }
};

}  // namespace danesmtp
