// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 4035 4.3: what libunbound calls secure is Secure, what it calls neither secure nor bogus is
// Insecure; bogus and every rcode but NOERROR and NXDOMAIN are errors (RFC 7672 2.1.1).
#include "dns/unbound_source.h"

#include <poll.h>

#include <cstdlib>
#include <cstring>

#include "core/format.h"
#include "core/signals_blocked.h"

namespace danesmtp {
namespace {

constexpr int kClassIn = 1;
constexpr int kNxdomain = 3;

tl::unexpected<Error> failed(const DnsQuestion& question, std::string_view why) {
  return fail(ErrorKind::DnsFailure, format("{}: {}", question_text(question), why));
}

tl::unexpected<Error> refused(const char* what, int code) {
  return fail(ErrorKind::Internal, format("libunbound: {}: {}", what, ub_strerror(code)));
}

struct FreeText {
  void operator()(char* text) const { std::free(text); }  // from libunbound's malloc
};

// An unbound.conf may say that bogus data is to be passed on as insecure: that would be a silent
// downgrade, and the probe of the root cannot see it.
Result<void> refuse_permissive(ub_ctx* context, const std::string& file) {
  char* value = nullptr;
  if (int code = ub_ctx_get_option(context, "val-permissive-mode", &value))
    return refused("val-permissive-mode", code);
  std::unique_ptr<char, FreeText> holder(value);
  if (value && std::strcmp(value, "no") == 0) return {};
  return fail(ErrorKind::BadInput,
              format("{}: val-permissive-mode must be off, DANE needs DNSSEC", file));
}

Result<void> read_unbound_conf(ub_ctx* context, const std::string& file) {
  // "domain-insecure" in it is the administrator's own exception (D-015).
  if (int code = ub_ctx_config(context, file.c_str()))
    return fail(ErrorKind::BadInput,
                format("{}: {}; unbound-checkconf tells more", file, ub_strerror(code)));
  return refuse_permissive(context, file);
}

std::string server_text(const NameServer& server) {
  return format("{}@{}", server.address, server.port);
}

Result<void> configure(ub_ctx* context, const ResolverSetup& setup) {
  if (!setup.unbound_conf.empty())
    if (auto read = read_unbound_conf(context, setup.unbound_conf); !read) return read;
  for (const auto& server : setup.servers) {
    auto address = server_text(server);
    if (int code = ub_ctx_set_fwd(context, address.c_str())) return refused(address.c_str(), code);
  }
  for (const auto& anchor : setup.trust_anchors)
    if (int code = ub_ctx_add_ta(context, anchor.c_str())) return refused("trust anchor", code);
  // RFC 8145 telemetry: each message is a process of its own, each would send it.
  if (int code = ub_ctx_set_option(context, "trust-anchor-signaling:", "no"))
    return refused("trust-anchor-signaling", code);
  if (int code = ub_ctx_set_option(context, "val-log-level:", "2"))  // fills why_bogus
    return refused("val-log-level", code);
  return {};
}

// Who was asked, and whose trust anchors were used, for an error's text.
std::string describe(const ResolverSetup& setup) {
  std::string asked = setup.unbound_conf.empty() ? "the root servers" : setup.unbound_conf;
  if (!setup.servers.empty()) {
    asked.clear();
    for (const auto& server : setup.servers)
      asked += (asked.empty() ? "" : ", ") + server_text(server);
  }
  const auto& anchors = setup.trust_anchors.empty() ? setup.unbound_conf : setup.trust_anchor_file;
  return format("asked: {}; trust anchor: {}", asked, anchors);
}

Result<Answer<Bytes>> to_answer(const ub_result& result, const DnsName& name) {
  std::string end = result.canonname ? result.canonname : name.text();
  auto canonical = DnsName::parse(end);
  if (!canonical) return tl::unexpected(canonical.error());
  // Of the whole chain, and without records if there are none (D-003, D-008, D-009, D-063).
  Answer<Bytes> answer{result.secure ? DnsSecurity::Secure : DnsSecurity::Insecure,
                       {},
                       std::move(*canonical),
                       static_cast<std::uint32_t>(std::max(result.ttl, 0)),
                       result.nxdomain != 0};
  for (int i = 0; result.havedata && result.data[i]; ++i) {
    auto rdata = as_bytes({result.data[i], static_cast<std::size_t>(result.len[i])});
    answer.records.emplace_back(rdata.begin(), rdata.end());
  }
  return answer;
}

}  // namespace

void UnboundSource::arrived(void* pending, int error, ub_result* result) {
  auto* question = static_cast<Pending*>(pending);
  question->result.reset(result);
  question->error = error;
  question->done = true;
}

Result<Answer<Bytes>> UnboundSource::ask(const DnsName& name, RrType type, Deadline deadline) {
  if (!ready_) ready_ = open(deadline);
  if (!*ready_) return tl::unexpected(ready_->error());
  DnsQuestion question{name.text(), type};
  auto result = resolve(question, deadline);
  if (!result) return tl::unexpected(result.error());
  auto answer = to_answer(**result, name);
  if (!answer) return failed(question, answer.error().text);
  return answer;
}

Result<void> UnboundSource::open(Deadline deadline) {
  auto setup = read_resolver_files(settings_);
  if (!setup) return tl::unexpected(setup.error());
  setup_ = std::move(*setup);
  context_.reset(ub_ctx_create());
  if (!context_) return fail(ErrorKind::Internal, "libunbound: no context");
  ub_ctx_debugout(context_.get(), nullptr);  // Exim's standard error is not ours
  ub_ctx_async(context_.get(), 1);           // a thread, not a process
  if (auto configured = configure(context_.get(), setup_); !configured) return configured;
  return probe_root(deadline);
}

// Validation needs the root's DNSKEY in any case, so this costs no query of its own (D-004, D-014,
// D-164).
Result<void> UnboundSource::probe_root(Deadline deadline) {
  auto result = resolve({"", RrType::Dnskey}, deadline);
  std::string why = "the root zone is not signed for this trust anchor";
  if (result && (*result)->secure) return {};
  if (!result) why = result.error().text;
  return fail(result ? ErrorKind::DnsFailure : result.error().kind,
              format("DNSSEC validation is not working: {} ({})", why, describe(setup_)));
}

Result<UnboundResult> UnboundSource::resolve(const DnsQuestion& question, Deadline deadline) {
  Pending& pending = pending_.emplace_back();
  int id = 0;
  int code = 0;
  {
    SignalsBlocked blocked;
    // An absolute name for libunbound: no search list (D-057).
    code = ub_resolve_async(context_.get(), question.name.empty() ? "." : question.name.c_str(),
                            static_cast<int>(question.type), kClassIn, &pending, &arrived, &id);
  }
  if (code) return failed(question, ub_strerror(code));
  if (auto waited = wait(pending, deadline); !waited) {
    ub_cancel(context_.get(), id);
    return failed(question, waited.error().text);
  }
  UnboundResult result = std::move(pending.result);
  const int error = pending.error;
  pending_.pop_back();  // the tool asks millions of questions
  if (error || !result) return failed(question, ub_strerror(error));
  // RFC 7672 2.1.1: bogus is an error, as is any other rcode (D-001, D-002).
  if (result->bogus)
    return fail(ErrorKind::DnsBogus,
                format("{}: {}", question_text(question),
                       result->why_bogus ? printable(result->why_bogus) : "validation failure"));
  if (result->rcode != 0 && result->rcode != kNxdomain)
    return failed(question, rcode_text(result->rcode));
  return result;
}

Result<void> UnboundSource::wait(const Pending& pending, Deadline deadline) {
  while (!pending.done) {
    pollfd poller{ub_fd(context_.get()), POLLIN, 0};
    if (deadline.passed()) return fail(ErrorKind::Timeout, "no answer in time");
    int ready = ::poll(&poller, 1, deadline.left());
    if (ready <= 0) continue;  // time-out or a signal: the deadline decides
    if (int code = ub_process(context_.get())) return refused("ub_process", code);
  }
  return {};
}

}  // namespace danesmtp
