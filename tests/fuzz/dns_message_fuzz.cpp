// SPDX-License-Identifier: GPL-2.0-or-later
// A reply to a query of the stub's, made of records of every kind: what is read is what is written,
// in names without pointers; a reply that is cut short is an error, never a smaller answer; and
// what is made of the records keeps its bounds, and is shown in characters that are fit for a log.
// RFC 1035 4.1, RFC 7672 2.1.1, RFC 4034 3.1. Input: octets of choice (Choice), then steps
// (step_list.h), a record each.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dns/dns_message.h"
#include "dns/record_resolver.h"
#include "dns/signature_times.h"
#include "fuzz/step_list.h"
#include "lookup/traced_resolver.h"

using namespace danesmtp;
using fuzz::must;
using fuzz::Step;
using namespace std::string_view_literals;

namespace {

constexpr std::uint16_t kId = 0x1234;
constexpr std::size_t kChoiceOctets = 4;
constexpr std::uint32_t kNow = 1780272000;  // 2026-06-01
constexpr std::size_t kHeader = 12;
constexpr RrType kTypes[] = {RrType::A,    RrType::Cname,  RrType::Mx,  RrType::Txt,
                             RrType::Aaaa, RrType::Dnskey, RrType::Tlsa};
constexpr std::uint16_t kRrsig = 46, kOpt = 41;

struct Choice {
  DnsQuestion question;
  std::uint8_t flags, rcode, false_counts;
};

Choice choice_of(fuzz::Input& input) {
  const RrType type = kTypes[input.octet() % std::size(kTypes)];
  const std::uint8_t flags = input.octet(), rcode = input.octet();
  return {{"mx.ee.lab", type}, flags, rcode, input.octet()};
}

std::uint16_t type_of(const Step& step, const DnsQuestion& question) {
  const auto number = step.what & 7U;
  if (number == 7) return static_cast<std::uint16_t>(question.type);
  if (number == 5) return kRrsig;
  if (number == 6) return kOpt;
  return static_cast<std::uint16_t>(kTypes[number]);
}

// The question's name, the last record's data, another name, or all of the record from the piece.
bool put_owner(Bytes& message, const Step& step, std::size_t last_data) {
  switch (step.what >> 3U & 3U) {
    case 0:
      append_number(message, 0xc000U | kHeader, 2);
      return true;
    case 1:
      append_number(message, 0xc000U | (last_data & 0x3fffU), 2);
      return true;
    case 2:
      for (const char c : "\5other\3lab"sv) message.push_back(static_cast<std::uint8_t>(c));
      message.push_back(0);
      return true;
    default:
      message.insert(message.end(), step.piece.begin(), step.piece.end());
      return false;
  }
}

void put_record(Bytes& message, const Step& step, const DnsQuestion& question,
                std::size_t& last_data) {
  if (!put_owner(message, step, last_data)) return;
  append_number(message, type_of(step, question), 2);
  append_number(message, 1, 2);
  append_number(message, 300, 4);
  append_number(message, step.piece.size(), 2);
  last_data = message.size();
  message.insert(message.end(), step.piece.begin(), step.piece.end());
}

// Answers first, then authority, then the rest: the two highest bits of a step.
Bytes message_of(const Choice& choice, std::vector<Step> steps) {
  const auto section = [](const Step& step) { return std::min(step.what >> 5U & 3U, 2U); };
  std::stable_sort(steps.begin(), steps.end(),
                   [&](const Step& a, const Step& b) { return section(a) < section(b); });
  Bytes message = make_query(kId, choice.question);
  message.resize(message.size() - 11);  // its OPT record
  message[2] = static_cast<std::uint8_t>(0x81U | (choice.flags & 2U));
  message[3] = static_cast<std::uint8_t>((choice.flags & 0x20U) | (choice.rcode & 15U));
  std::uint8_t counts[3] = {0, 0, 0};
  std::size_t last_data = kHeader;
  for (const auto& step : steps) {
    ++counts[section(step)];
    put_record(message, step, choice.question, last_data);
  }
  if (choice.false_counts & 0x80U) ++counts[choice.false_counts % 3U];
  for (std::size_t i = 0; i < 3; ++i) message[7 + 2 * i] = counts[i];
  return message;
}

// Names in full, so that a reader without compression would see the same.
void check_name(ByteView wire) {
  must(!wire.empty() && wire.size() <= 255);
  std::size_t at = 0;
  while (wire[at] != 0) {
    must(wire[at] <= 63);
    at += 1U + wire[at];
    must(at < wire.size());
  }
  must(at + 1 == wire.size());
  must(rdata_name_text(wire).has_value());
}

void check_reply(const DnsReply& reply, const DnsQuestion& question) {
  if (reply.truncated) return must(reply.records.empty());
  must(reply.ttl <= 0x7fffffff && reply.rcode >= 0 && reply.rcode <= 0xfff);
  if (reply.records.empty()) must(reply.ttl == 0);
  for (const auto& rdata : reply.records) {
    if (question.type == RrType::Cname) check_name(rdata);
    if (question.type == RrType::Mx) check_name(ByteView(rdata).subspan(2));
  }
  for (const char c : reply.canonical) must(c > ' ' && c <= '~');
}

bool same(const DnsReply& a, const DnsReply& b) {
  return a.rcode == b.rcode && a.truncated == b.truncated && a.authentic == b.authentic &&
         a.signatures == b.signatures && a.canonical == b.canonical && a.records == b.records &&
         a.ttl == b.ttl;
}

// RFC 7672 2.1.1: what has lost its end is no smaller answer.
void check_cuts(ByteView message, const DnsQuestion& question, const Result<DnsReply>& whole) {
  for (std::size_t size = 0; size < message.size(); ++size) {
    const auto part = read_reply(message.first(size), question);
    if (part) must(whole && same(*part, *whole));
  }
}

// The same question, the answer written without pointers: read as the same.
void check_written_again(const DnsReply& reply, const Choice& choice) {
  if (reply.truncated || reply.canonical != choice.question.name) return;
  std::vector<Step> steps;
  for (const auto& rdata : reply.records) steps.push_back({7, rdata});
  if (steps.size() > 200) return;
  const auto again = read_reply(message_of({choice.question, 0, 0, 0}, steps), choice.question);
  must(again && again->records == reply.records && again->canonical == reply.canonical);
}

class OneAnswer final : public RecordSource {
 public:
  explicit OneAnswer(Answer<Bytes> answer) : answer_(std::move(answer)) {}
  Result<Answer<Bytes>> ask(const DnsName&, RrType, Deadline) override { return answer_; }

 private:
  Answer<Bytes> answer_;
};

template <class T>
void check_as(const Result<Answer<T>>& answer, const Answer<Bytes>& raw) {
  if (!answer) return must(!answer.error().text.empty());
  must(answer->records.size() == raw.records.size() && answer->secure() == raw.secure());
}

void check_shown(const LookUp& look_up) {
  must(fuzz::is_printable(to_text(look_up)));
}

// Whatever the type was: each reader gets each kind of rdata.
void check_readers(const DnsReply& reply) {
  const auto name = *DnsName::parse("mx.ee.lab");
  const Answer<Bytes> raw{DnsSecurity::Secure, reply.records, name, reply.ttl};
  RecordResolver records(std::make_unique<OneAnswer>(raw), std::chrono::minutes(1));
  TracedResolver resolver(records, check_shown);
  const auto mx = resolver.mx(name);
  check_as(mx, raw);
  if (mx) must(mx->records.size() <= 300);
  check_as(resolver.addresses(name, AddressFamily::Inet), raw);
  check_as(resolver.addresses(name, AddressFamily::Inet6), raw);
  check_as(resolver.txt(name), raw);
  check_as(resolver.cname(name), raw);
  check_as(resolver.tlsa(name), raw);
}

void check_times(ByteView message, const Result<DnsReply>& reply) {
  const auto kept = kept_by_signatures(message, kNow);
  must(kept <= 0x7fffffff);
  const auto times = signature_times(message);
  if (times && reply && !reply->truncated) must(reply->signatures);
  if (times && times->until < kNow && kNow - times->until < 0x7fffffff) must(kept == 0);
}

constexpr std::string_view kWords[] = {
    "", "\xc0\x0c"sv, "\0\x0a\xc0\x0c"sv, "\0\x0a\0"sv, "\2mx\5other\3lab\0"sv,
    "\0\1\2mx\5other\3lab\0"sv, "\5other\3lab\0"sv, "\xc0\0\2a"sv, "\xc0\2\0\2"sv, "\xc0\0"sv,
    "\0"sv, "\xc0\0\0\2"sv,
    "\3\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv,
    // RRSIG: type, algorithm, labels, TTL, end (2026-07-01, 2026-05-01), begin, tag, signer
    "\0\x34\x0d\3\0\0\1\x2c\x6a\x44\x58\x80\x69\xf3\xed\0\0\1\3lab\0"sv,
    "\0\x34\x0d\3\0\0\1\x2c\x69\xf3\xed\0\x69\xf0\0\0\0\1\3lab\0"sv, "\4text\4more"sv, "\xff"sv,
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x23"sv};

}  // namespace

const fuzz::StepTarget fuzz::kStepTarget{kChoiceOctets, kWords};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, std::min<std::size_t>(size, 4096)});
  const Choice choice = choice_of(input);
  const auto steps = fuzz::steps_of(input);
  if (steps.size() > 200) return 0;
  const Bytes message = message_of(choice, steps);
  must(is_reply_to(message, kId, choice.question));
  must(!is_reply_to(message, kId + 1, choice.question));
  must(!is_reply_to(message, kId, {"mx.other.lab", choice.question.type}));
  const auto reply = read_reply(message, choice.question);
  check_times(message, reply);
  check_cuts(message, choice.question, reply);
  if (!reply) return must(!reply.error().text.empty()), 0;
  check_reply(*reply, choice.question);
  check_written_again(*reply, choice);
  check_readers(*reply);
  return 0;
}
