// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 4035 4.3: what libunbound calls secure is Secure, what it calls neither secure nor bogus is
// Insecure; bogus and every rcode but NOERROR and NXDOMAIN are errors (RFC 7672 2.1.1).
#include "dns/unbound_session.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "core/format.h"
#include "core/signals_blocked.h"
#include "net/unique_fd.h"

namespace danesmtp {
namespace {

constexpr int kNxdomain = 3;
constexpr int kPipes = 8;  // twice as many descriptors: for its pipes, event loop and sockets
constexpr std::uint8_t kFlagAa = 0x04;  // RFC 1035 4.1.1, in the third octet

// The zones that libunbound answers by itself unless told otherwise: "insecure, NXDOMAIN", whatever
// the DNS proves (RFC 6303, 6761, 7686, 8375, 9462, 9665; the first of these lists by
// unblock-lan-zones). "nodefault" has no effect when it is set by ub_ctx_set_option().
constexpr const char* kMadeUpZones[] = {
    "test.",
    "invalid.",
    "onion.",
    "home.arpa.",
    "resolver.arpa.",
    "service.arpa.",
    "127.in-addr.arpa.",
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."};
// Milliseconds. Five tries, the wait doubled each time; 1.17.1 makes each twice, 1.26.2 once. So a
// resolver has 9 s to find out what it does not know, where it would have 3, or 1 (0004).
constexpr bool kTriesTwice = UNBOUND_VERSION_MAJOR == 1 && UNBOUND_VERSION_MINOR < 20;
constexpr const char* kShortestWait = kTriesTwice ? "150" : "300";
// A zone of ours: the thread answers for it without asking anybody.
constexpr const char* kSignOfLife = "thread.danesmtp.invalid";
constexpr std::chrono::milliseconds kSignOfLifeTime = std::chrono::seconds(3);

tl::unexpected<Error> failed(const DnsQuestion& question, std::string_view why) {
  return fail(ErrorKind::DnsFailure, format("{}: {}", question_text(question), why));
}

tl::unexpected<Error> refused(const UnboundTable& unbound, const char* what, int code) {
  return fail(ErrorKind::Internal, format("libunbound: {}: {}", what, unbound.strerror(code)));
}

struct FreeText {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): this is the owner; from libunbound's malloc
  void operator()(char* text) const { std::free(text); }
};

// What a context is told before its first question.
class ContextOptions {
 public:
  explicit ContextOptions(const UnboundContext& context)
      : unbound_(*context.get_deleter().unbound), context_(context.get()) {}

  [[nodiscard]] Result<void> set(const ResolverSetup& setup) const;

 private:
  [[nodiscard]] Result<void> set_option(const char* name, const std::string& value) const;
  [[nodiscard]] Result<void> set_defaults() const;
  [[nodiscard]] Result<void> set_ports() const;
  [[nodiscard]] Result<void> read_unbound_conf(const std::string& file) const;
  [[nodiscard]] Result<void> refuse_permissive(const std::string& file) const;

  const UnboundTable& unbound_;
  ub_ctx* context_;
};

Result<void> ContextOptions::set_option(const char* name, const std::string& value) const {
  if (int code = unbound_.ctx_set_option(context_, name, value.c_str()))
    return refused(unbound_, name, code);
  return {};
}

// An unbound.conf may say that bogus data is to be passed on as insecure: that would be a silent
// downgrade, and the probe of the root cannot see it.
Result<void> ContextOptions::refuse_permissive(const std::string& file) const {
  char* value = nullptr;
  if (int code = unbound_.ctx_get_option(context_, "val-permissive-mode", &value))
    return refused(unbound_, "val-permissive-mode", code);
  std::unique_ptr<char, FreeText> holder(value);
  if (value && std::strcmp(value, "no") == 0) return {};
  return fail_for_operator(ErrorKind::BadInput,
                           format("{}: val-permissive-mode must be off, DANE needs DNSSEC", file));
}

Result<void> ContextOptions::read_unbound_conf(const std::string& file) const {
  // "domain-insecure" in it is the administrator's own exception (D-015).
  if (int code = unbound_.ctx_config(context_, file.c_str()))
    return fail_for_operator(ErrorKind::BadInput, format("{}: {}; unbound-checkconf tells more",
                                                         file, unbound_.strerror(code)));
  return refuse_permissive(file);
}

// Before an unbound.conf is read: what that says is the administrator's own word, and wins.
Result<void> ContextOptions::set_defaults() const {
  using Option = std::pair<const char*, std::string>;
  std::vector<Option> options = {
      {"unblock-lan-zones:", "yes"},
      {"local-zone:", std::string(kSignOfLife) + ". static"},
      // Beyond so many, NSEC3 records would prove nothing and a replayed one would be "insecure".
      {"val-nsec3-keysize-iterations:", "1024 65535 2048 65535 4096 65535"},
      // RFC 8145 telemetry: each message is a process of its own, each would send it.
      {"trust-anchor-signaling:", "no"},
      {"infra-cache-min-rtt:", kShortestWait},
      // The tool asks for many domains, and for each only once.
      {"msg-cache-size:", "1m"},
      {"rrset-cache-size:", "2m"},
      {"key-cache-size:", "1m"}};
  for (const char* zone : kMadeUpZones)
    options.emplace_back("local-zone:", std::string(zone) + " transparent");
  for (const auto& [name, value] : options)
    if (auto set = set_option(name, value); !set) return set;
  return {};
}

// Those that Linux would choose from: libunbound fills a table of all that it may use. An
// unbound.conf may take away others, and must then have some left.
Result<void> ContextOptions::set_ports() const {
  for (const char* others : {"0-32767", "61000-65535"})
    if (auto set = set_option("outgoing-port-avoid:", others); !set) return set;
  return {};
}

Result<void> ContextOptions::set(const ResolverSetup& setup) const {
  if (auto set = set_defaults(); !set) return set;
  const auto& conf = setup.unbound_conf;
  if (auto set = conf.empty() ? set_ports() : read_unbound_conf(conf); !set) return set;
  for (const auto& server : setup.servers) {
    auto address = server_text(server);
    if (int code = unbound_.ctx_set_fwd(context_, address.c_str()))
      return refused(unbound_, address.c_str(), code);
  }
  if (!setup.root_hints.empty())
    if (auto set = set_option("root-hints:", setup.root_hints); !set) return set;
  for (const auto& anchor : setup.trust_anchors)
    if (int code = unbound_.ctx_add_ta(context_, anchor.c_str()))
      return refused(unbound_, "trust anchor", code);
  return set_option("val-log-level:", "2");  // fills why_bogus
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

void* nothing(void*) {
  return nullptr;
}

// Without descriptors its event library ends the process.
Result<void> try_descriptors() {
  std::vector<UniqueFd> taken;
  for (int i = 0; i < kPipes; ++i) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return fail_for_operator(
          ErrorKind::DnsFailure,
          format("no file descriptors for the resolver: {}", std::strerror(errno)));
    taken.emplace_back(ends[0]);
    taken.emplace_back(ends[1]);
  }
  return {};
}

// libunbound does not look at what pthread_create(3) says.
Result<void> try_a_thread() {
  SignalsBlocked blocked;
  pthread_t thread{};
  if (int code = pthread_create(&thread, nullptr, nothing, nullptr))
    return fail_for_operator(ErrorKind::DnsFailure,
                             format("no thread for the resolver: {}", std::strerror(code)));
  pthread_join(thread, nullptr);
  return {};
}

// libunbound says AA for what it answers by itself and for nothing else. Nobody vouches for that:
// "insecure" must be a proof (D-004). localhost is not the DNS's (RFC 6761 6.3).
bool made_up(const ub_result& result, const DnsName& name) {
  constexpr std::string_view localhost = "localhost";
  std::string_view text = name.text();
  if (text == localhost || text.ends_with(".localhost")) return false;
  return result.answer_len > 2 &&
         (static_cast<const std::uint8_t*>(result.answer_packet)[2] & kFlagAa) != 0;
}

// libunbound counts the TTL of the records alone; those of a signed answer end with its signatures.
std::uint32_t ttl_of(const ub_result& result) {
  const auto ttl = static_cast<std::uint32_t>(std::max(result.ttl, 0));
  if (!result.secure) return ttl;
  const ByteView packet(static_cast<const std::uint8_t*>(result.answer_packet),
                        static_cast<std::size_t>(std::max(result.answer_len, 0)));
  return std::min(ttl, kept_by_signatures(packet, static_cast<std::uint32_t>(std::time(nullptr))));
}

Result<Answer<Bytes>> to_answer(const ub_result& result, const DnsName& name) {
  std::string end = result.canonname ? result.canonname : name.text();
  auto canonical = DnsName::from_dns_text(end);
  if (!canonical) return tl::unexpected(canonical.error());
  // Of the whole chain, and without records if there are none (D-003, D-008, D-009, D-063).
  Answer<Bytes> answer{result.secure ? DnsSecurity::Secure : DnsSecurity::Insecure,
                       {},
                       std::move(*canonical),
                       ttl_of(result),
                       result.nxdomain != 0};
  for (int i = 0; result.havedata && result.data[i]; ++i) {
    auto rdata = as_bytes({result.data[i], static_cast<std::size_t>(result.len[i])});
    answer.records.emplace_back(rdata.begin(), rdata.end());
  }
  return answer;
}

// RFC 7672 2.1.1: bogus is an error, as is any other rcode (D-001, D-002).
Result<void> check(const DnsQuestion& question, const ub_result& said) {
  if (said.bogus)
    return fail(ErrorKind::DnsBogus,
                format("{}: {}", question_text(question),
                       said.why_bogus ? printable(said.why_bogus) : "validation failure"));
  if (said.rcode != 0 && said.rcode != kNxdomain) return failed(question, rcode_text(said.rcode));
  return {};
}

}  // namespace

Result<std::unique_ptr<UnboundSession>> UnboundSession::open(ResolverSetup setup,
                                                             Deadline deadline) {
  auto unbound = unbound_library();
  if (!unbound) return tl::unexpected(unbound.error());
  std::unique_ptr<UnboundSession> session(new UnboundSession(**unbound, std::move(setup)));
  if (auto opened = session->open(deadline); !opened) return tl::unexpected(opened.error());
  return session;
}

Result<Answer<Bytes>> UnboundSession::ask(const DnsName& name, RrType type, Deadline deadline) {
  auto result = resolve({name.text(), type}, deadline);
  if (!result) return tl::unexpected(result.error());
  return answer(name, type, **result);
}

void UnboundSession::expect(const DnsName& name, RrType type, const RecordSource::Next& next) {
  UnboundQuestions::Then then;
  if (next)
    then = [this, name, type, next](const ub_result& said) {
      const auto addresses = answer(name, type, said);
      const auto owner = addresses ? next(*addresses) : std::nullopt;
      if (owner) questions_->expect({owner->text(), RrType::Tlsa}, {});
    };
  questions_->expect({name.text(), type}, std::move(then));
}

Result<Answer<Bytes>> UnboundSession::answer(const DnsName& name, RrType type,
                                             const ub_result& said) const {
  const DnsQuestion question{name.text(), type};
  if (auto good = check(question, said); !good) return tl::unexpected(good.error());
  if (setup_.unbound_conf.empty() && made_up(said, name))
    return failed(question, "libunbound did not ask the DNS");
  auto answer = to_answer(said, name);
  if (!answer) return failed(question, answer.error().text);
  return answer;
}

Result<void> UnboundSession::open(Deadline deadline) {
  if (auto can = try_descriptors(); !can) return can;
  errno = 0;
  UnboundContext context(unbound_.ctx_create(), {&unbound_});
  if (!context)
    return fail_for_operator(ErrorKind::DnsFailure,
                             format("no libunbound context: {}", std::strerror(errno)));
  unbound_.ctx_debugout(context.get(), nullptr);  // Exim's standard error is not ours
  unbound_.ctx_async(context.get(), 1);           // a thread, not a process
  if (auto configured = ContextOptions(context).set(setup_); !configured) return configured;
  questions_.emplace(unbound_, std::move(context));
  if (auto started = start(deadline); !started) {
    questions_->abandon();
    return started;
  }
  return probe_root(deadline);
}

// Whatever resource is missing, no question may wait for a thread that does not run. A trust anchor
// or an unbound.conf that is of no use shows here as well.
Result<void> UnboundSession::start(Deadline deadline) {
  if (auto can = try_a_thread(); !can) return can;
  auto answered =
      resolve({kSignOfLife, RrType::A}, earlier(deadline, Deadline::in(kSignOfLifeTime)));
  if (answered) return {};
  return not_working(answered.error());
}

// Validation needs the root's DNSKEY in any case, so this costs no query of its own (D-004, D-014,
// D-164).
Result<void> UnboundSession::probe_root(Deadline deadline) {
  auto result = resolve({"", RrType::Dnskey}, deadline);
  if (result && (*result)->secure) return {};
  if (!result) return not_working(result.error());
  return not_working({ErrorKind::DnsFailure, "the root zone is not signed for this trust anchor"});
}

tl::unexpected<Error> UnboundSession::not_working(const Error& why) const {
  return tl::unexpected(
      Error{why.kind,
            format("DNSSEC validation is not working: {} ({})", why.text, describe(setup_)), true});
}

Result<UnboundResult> UnboundSession::resolve(const DnsQuestion& question, Deadline deadline) {
  auto result = questions_->ask(question, deadline);
  if (!result) return failed(question, result.error().text);
  if (auto good = check(question, **result); !good) return tl::unexpected(good.error());
  return result;
}

}  // namespace danesmtp
