// SPDX-License-Identifier: GPL-2.0-or-later
// The questions the core asks of the DNS. What is no answer is an Error (core/dns_answer). What an
// answer means for mail it must not know.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/bytes.h"
#include "core/deadline.h"
#include "core/dns_answer.h"
#include "core/dns_name.h"
#include "core/result.h"

namespace danesmtp {

enum class AddressFamily { Inet, Inet6 };

class Resolver {
 public:
  virtual ~Resolver() = default;
  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Questions from here on end by then at the latest, with DnsFailure (D-013).
  virtual void limit(Deadline deadline) = 0;

  // From a host's addresses (rdata): the owner of the TLSA records that will be asked for next, if
  // any. It holds values only: it may be called later, and by any thread.
  using Next = std::function<std::optional<DnsName>(const Answer<Bytes>&)>;
  // Both families of the host's addresses will be asked for, and then what `next` says (empty:
  // nothing). These questions may be under way from here on; no answer is another one for it.
  virtual void expect_addresses(const DnsName& host, const Next& next) {
    static_cast<void>(host);
    static_cast<void>(next);
  }

  [[nodiscard]] virtual Result<Answer<MxRecord>> mx(const DnsName& domain) = 0;

  // Addresses in text form (inet_ntop).
  [[nodiscard]] virtual Result<Answer<std::string>> addresses(const DnsName& host,
                                                              AddressFamily family) = 0;

  // The rdata of each TLSA record, uninterpreted (RFC 6698 2.1).
  [[nodiscard]] virtual Result<Answer<Bytes>> tlsa(const DnsName& owner) = 0;

  // The CNAME record of `name` itself, not followed: whether the first link of a chain is secure
  // when its end is not (D-010, D-054).
  [[nodiscard]] virtual Result<Answer<DnsName>> cname(const DnsName& name) = 0;

  // The text of each TXT record: its character-strings, joined (RFC 1035 3.3.14, RFC 8460 3).
  [[nodiscard]] virtual Result<Answer<std::string>> txt(const DnsName& name) = 0;
};

}  // namespace danesmtp
