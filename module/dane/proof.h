// SPDX-License-Identifier: GPL-2.0-or-later
// What can be shown before a host is left without DANE. Each of these has one way to come into
// being, from what proves it; a look-up that failed has none to give. So a function that asks for
// one cannot be called at the end of an error branch (RFC 7672 2.1.1, 2.2).
#pragma once

#include <optional>

#include "core/dns_answer.h"
#include "core/result.h"

namespace danesmtp {

// A name of the answer lies in a zone that is proved not to be signed (RFC 4035 4.3 "Insecure").
class ProvedUnsigned {
 public:
  template <class T>
  static std::optional<ProvedUnsigned> by(const Answer<T>& answer) {
    return answer.secure() ? std::nullopt : std::optional(ProvedUnsigned());
  }

 private:
  ProvedUnsigned() = default;
};

// There are no such records: NODATA or NXDOMAIN, with its proof where the zone is signed.
class ProvedAbsent {
 public:
  template <class T>
  static std::optional<ProvedAbsent> by(const Answer<T>& answer) {
    return answer.records.empty() ? std::optional(ProvedAbsent()) : std::nullopt;
  }

 private:
  ProvedAbsent() = default;
};

// "_port._tcp." in front of it would be longer than a name can be: there are no such records.
class NoRoomForOwner {
 public:
  static std::optional<NoRoomForOwner> by(const DnsName& base_domain, std::uint16_t port) {
    return base_domain.tlsa_owner(port) ? std::nullopt : std::optional(NoRoomForOwner());
  }

 private:
  NoRoomForOwner() = default;
};

// The administrator's host lists were asked, both gave an answer, and neither names the host.
class NotListed {
 public:
  static std::optional<NotListed> by(const Result<bool>& required, const Result<bool>& tried) {
    const bool asked = required && tried;
    return asked && !*required && !*tried ? std::optional(NotListed()) : std::nullopt;
  }

 private:
  NotListed() = default;
};

// The administrator's list, which gave an answer, names the domain.
class Listed {
 public:
  static std::optional<Listed> by(const Result<bool>& in) {
    return in && *in ? std::optional(Listed()) : std::nullopt;
  }

 private:
  Listed() = default;
};

// The host is an address, and so has no names: the configuration, never a record, says so (D-058).
class AddressLiteral {
 public:
  static std::optional<AddressLiteral> by(const std::string& configured) {
    return is_ip_address(configured) ? std::optional(AddressLiteral()) : std::nullopt;
  }

 private:
  AddressLiteral() = default;
};

}  // namespace danesmtp
