// SPDX-License-Identifier: GPL-2.0-or-later
// A policy of MTA-STS from a web server that does what the input says, under a real TLS session:
// its certificate, its answer, how it goes. Whatever it does, what is taken for the policy is the
// body of an answer 200 of type text/plain, not longer than a policy may be, of a server that has a
// dNSName for the host; it is asked one thing, and no other server is asked. RFC 8461 3.3. Input:
// an octet, which certificate; then steps (step_list.h, step_peer.h).
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "fuzz/step_peer.h"
#include "policy_site.h"
#include "published_policy.h"

using namespace danesmtp;
using namespace danesmtp::tool;
using fuzz::must;

namespace {

constexpr std::size_t kMostSteps = 20;
constexpr const char* kHost = "mta-sts.dom.lab";

// Where a connection leads to, instead of to an address.
int the_other_end = -1;
int connections = 0;

enum class Shown { Good, Stranger, NameOfAnother, NoDnsName };

struct Identities {
  using Shared = std::shared_ptr<test::TestIdentity>;
  static Shared made(const char* dns_name) {
    return std::make_shared<test::TestIdentity>(kHost, 0, false, false, dns_name);
  }
  Shared good = made(kHost), stranger = made(kHost), of_another = made("www.dom.lab"),
         no_dns_name = made("");
  test::TemporaryFile anchors{good->pem() + of_another->pem() + no_dns_name->pem()};

  const Shared& shown(Shown shown) const {
    switch (shown) {
      case Shown::Stranger:
        return stranger;
      case Shown::NameOfAnother:
        return of_another;
      case Shown::NoDnsName:
        return no_dns_name;
      case Shown::Good:
        break;
    }
    return good;
  }
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// An answer as this file reads it; nothing of libcurl's, which takes many another.
struct Answer {
  std::string status{};                          // "200"
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string rest{};                            // behind the empty line
};

// Up to the first CR LF; what stands before it is printable.
std::optional<std::string> line_of(std::string_view& text) {
  const auto end = text.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  std::string line(text.substr(0, end));
  text.remove_prefix(end + 2);
  return fuzz::is_printable(line) ? std::optional(line) : std::nullopt;
}

bool take_header(Answer& answer, const std::string& line) {
  const auto colon = line.find(": ");
  if (colon == std::string::npos || colon == 0 || line[0] == ' ') return false;
  const auto name = lower(line.substr(0, colon)), value = line.substr(colon + 2);
  if (name == "transfer-encoding" && lower(value) != "chunked") return false;
  if (name == "content-length" && (value.empty() || value.size() > 9 ||
                                   value.find_first_not_of("0123456789") != std::string::npos))
    return false;
  return answer.headers.emplace(name, value).second;
}

// None: not in the plainest form, "Name: value" once each.
std::optional<Answer> answer_in(std::string_view& text) {
  auto line = line_of(text);
  if (!line || line->size() < 12 || !line->starts_with("HTTP/1.")) return std::nullopt;
  Answer answer{line->substr(9, 3)};
  for (line = line_of(text); line && !line->empty(); line = line_of(text))
    if (!take_header(answer, *line)) return std::nullopt;
  if (!line) return std::nullopt;
  answer.rest = text;
  return answer;
}

// RFC 9112 7.1
std::string without_chunks(std::string_view text) {
  std::string body;
  for (auto line = line_of(text); line; line = line_of(text)) {
    const auto size = std::strtoul(line->c_str(), nullptr, 16);
    if (size == 0) break;
    body += text.substr(0, size);
    text.remove_prefix(std::min(size + 2, text.size()));
  }
  return body;
}

std::string body_of(const Answer& answer) {
  const auto coding = answer.headers.find("transfer-encoding");
  if (coding != answer.headers.end()) return without_chunks(answer.rest);
  const auto length = answer.headers.find("content-length");
  if (length == answer.headers.end()) return answer.rest;
  return answer.rest.substr(0, std::strtoul(length->second.c_str(), nullptr, 10));
}

// Of whatever else libcurl has read, words.
void check_words(const std::string& said) {
  must(has(said, " 200") && has(said, "content-type") && has(said, "text/plain"));
}

void check_policy(const std::string& policy, std::string_view said) {
  const auto all = lower(std::string(said));
  auto answer = answer_in(said);
  while (answer && answer->status.starts_with('1')) answer = answer_in(said);  // RFC 9110 15.2
  if (!answer) return check_words(all);
  must(answer->status == "200");
  must(lower(answer->headers["content-type"]).starts_with("text/plain"));
  must(policy == body_of(*answer));
}

// What is heard in clear is, but for the first octets, cipher text: three given octets come of
// themselves.
void check(const Fetched& fetched, Shown shown, const fuzz::PeerNotes& notes) {
  must(connections <= 1);
  must(notes.clear.heard.find("GET /.well-known/") == std::string::npos);
  const auto& heard = notes.tls.heard;
  must(heard.empty() || heard.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
  must(heard.empty() || heard.find("\r\n\r\n") == heard.size() - 4);
  if (shown == Shown::Stranger) must(heard.empty());
  if (!fetched) return must(!fetched.error().text.empty());
  must(shown == Shown::Good && fetched->size() <= kLongestPolicy);
  check_policy(*fetched, notes.tls.said);
}

constexpr std::string_view kWords[] = {
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 302 Found\r\nLocation: https://mta-sts.dom.lab/\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.0 200\r\n\r\n",
    "Content-Type: text/plain\r\n",
    "Content-Type: text/plain; charset=utf-8\r\n",
    "Content-Type: text/html\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 99999999999\r\n",
    "Content-Encoding: gzip\r\n",
    "Connection: close\r\n",
    "X: y\r\n z\r\n",
    "\r\n",
    "5\r\nmode:\r\n0\r\n\r\n",
    "version: STSv1\nmode: enforce\nmx: mx.lab\nmax_age: 1\n"};

}  // namespace

const fuzz::StepTarget fuzz::kStepTarget{1, kWords};

// libcurl's connection to the host.
extern "C" __attribute__((visibility("default"))) int connect(int fd, const sockaddr* address,
                                                              socklen_t size) {
  if (address->sa_family != AF_INET)
    return static_cast<int>(::syscall(SYS_connect, fd, address, size));
  ++connections;
  if (the_other_end < 0 || ::dup2(the_other_end, fd) < 0) return -1;
  return ::fcntl(fd, F_SETFL, O_NONBLOCK);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input({data, size});
  const auto shown = static_cast<Shown>(input.octet() % 4);
  auto steps = fuzz::steps_of(input);
  if (steps.size() > kMostSteps) return 0;
  static const Identities identities;
  static const auto host = *DnsName::parse(kHost);
  static const std::vector<std::string> addresses = {"192.0.2.1"};
  test::TlsServerSettings settings;
  settings.identity = identities.shown(shown);
  fuzz::StepPeer peer(std::move(steps), settings);
  UniqueFd end = peer.take_socket();
  the_other_end = end.get();
  connections = 0;
  auto fetched =
      fetch_policy({host, addresses, identities.anchors.path(), std::chrono::milliseconds(500)});
  the_other_end = -1;
  end.reset();
  check(fetched, shown, peer.notes());
  return 0;
}
