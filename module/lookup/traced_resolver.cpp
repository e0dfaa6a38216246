// SPDX-License-Identifier: GPL-2.0-or-later
#include "lookup/traced_resolver.h"

#include "core/format.h"
#include "dane/tlsa_record.h"

namespace danesmtp {
namespace {

std::string record_text(const MxRecord& record) {
  return format("{} {}", record.preference, record.exchange.empty() ? "." : record.exchange);
}

// An address, or the text of a TXT record.
std::string record_text(const std::string& text) {
  return printable(text);
}

std::string record_text(const DnsName& target) {
  return target.text();
}

// Rdata that is no record is shown in the form of RFC 3597 5.
std::string record_text(const Bytes& rdata) {
  auto record = parse_tlsa_rdata(rdata);
  return record ? to_text(*record) : format("\\# {} {}", rdata.size(), to_hex(rdata));
}

template <class T>
Result<Answer<T>> told(const TracedResolver::Tell& tell, RrType type, const DnsName& name,
                       Result<Answer<T>> answer) {
  LookUp look_up;
  look_up.type = type;
  look_up.name = name.text();
  if (answer) {
    look_up.security = answer->security;
    look_up.nxdomain = answer->nxdomain;
    look_up.ttl = answer->ttl;
    look_up.canonical = answer->canonical.text();
    for (const auto& record : answer->records) look_up.records.push_back(record_text(record));
  } else {
    look_up.error = answer.error();
  }
  tell(look_up);
  return answer;
}

}  // namespace

const char* state_text(const LookUp& look_up) {
  if (look_up.error) return look_up.error->kind == ErrorKind::DnsBogus ? "bogus" : "failed";
  return look_up.security == DnsSecurity::Secure ? "secure" : "insecure";
}

std::string to_text(const LookUp& look_up) {
  const std::string asked = question_text({look_up.name, look_up.type}) + ": ";
  const std::string question = asked + state_text(look_up);
  if (look_up.error) {
    std::string_view why = look_up.error->text;  // begins with the question, as a rule
    if (why.substr(0, asked.size()) == asked) why.remove_prefix(asked.size());
    return format("{}: {}", question, why);
  }
  const std::string alias =
      look_up.canonical == look_up.name ? "" : format(", an alias of {}", look_up.canonical);
  if (!look_up.records.empty())
    return format("{}{}: {}", question, alias, join(look_up.records, "; "));
  return format("{}{}: none ({})", question, alias, look_up.nxdomain ? "NXDOMAIN" : "NODATA");
}

Result<Answer<MxRecord>> TracedResolver::mx(const DnsName& domain) {
  return told(tell_, RrType::Mx, domain, resolver_.mx(domain));
}

Result<Answer<std::string>> TracedResolver::addresses(const DnsName& host, AddressFamily family) {
  const RrType type = family == AddressFamily::Inet ? RrType::A : RrType::Aaaa;
  return told(tell_, type, host, resolver_.addresses(host, family));
}

Result<Answer<Bytes>> TracedResolver::tlsa(const DnsName& owner) {
  return told(tell_, RrType::Tlsa, owner, resolver_.tlsa(owner));
}

Result<Answer<DnsName>> TracedResolver::cname(const DnsName& name) {
  return told(tell_, RrType::Cname, name, resolver_.cname(name));
}

Result<Answer<std::string>> TracedResolver::txt(const DnsName& name) {
  return told(tell_, RrType::Txt, name, resolver_.txt(name));
}

}  // namespace danesmtp
