// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy_site.h"

#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <strings.h>

#include <algorithm>
#include <memory>

#include "core/format.h"
#include "core/words.h"
#include "dane/server_names.h"
#include "published_policy.h"
#include "sts_syntax.h"
#include "x509/certificate.h"

namespace danesmtp::tool {
namespace {

constexpr std::chrono::milliseconds kConnectTime{20000};
constexpr std::size_t kLongestHead = 65536;
constexpr long kHttps = 443;

struct CurlCleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CurlCleanup>;

struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFree>;

enum class TooLong { Nothing, Head, Body };

struct Received {
  std::string body;
  std::size_t head = 0;  // octets
  bool in_head = false;  // not in what follows the last chunk
  std::string type;      // of the last answer: its Content-Type
  TooLong too_long = TooLong::Nothing;
};

constexpr std::string_view kContentType = "content-type:";

bool is_content_type(std::string_view line) {
  return line.size() >= kContentType.size() &&
         strncasecmp(line.data(), kContentType.data(), kContentType.size()) == 0;
}

// Up to its first line end; empty: the line says nothing.
std::string_view value_of(std::string_view line) {
  line.remove_prefix(kContentType.size());
  line.remove_prefix(std::min(line.find_first_not_of(" \t\r\n\v\f"), line.size()));
  return line.substr(0, line.find_first_of("\r\n"));
}

// libcurl's callbacks: less than `size * count` ends the transfer.
std::size_t take_body(char* octets, std::size_t size, std::size_t count, void* into) {
  auto& received = *static_cast<Received*>(into);
  const std::size_t length = size * count;
  if (received.body.size() + length > kLongestPolicy) {
    received.too_long = TooLong::Body;
    return 0;
  }
  received.body.append(octets, length);
  return length;
}

// A line of the head. RFC 9110 15.2: what stands in an answer 1yz is not said of the one that
// follows.
std::size_t take_head(char* octets, std::size_t size, std::size_t count, void* into) {
  auto& received = *static_cast<Received*>(into);
  const std::string_view line(octets, size * count);
  if (line.starts_with("HTTP/")) {
    received.in_head = true;
    received.type.clear();
  }
  if (line.find_first_not_of("\r\n") == std::string_view::npos) received.in_head = false;
  if (received.in_head && is_content_type(line) && !value_of(line).empty())
    received.type = value_of(line);
  received.head += line.size();
  if (received.head <= kLongestHead) return line.size();
  received.too_long = TooLong::Head;
  return 0;
}

// Other than 0 ends the transfer; called once a second at least.
int look_at_flag(void* flag, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* give_up = static_cast<const std::atomic<bool>*>(flag);
  return *give_up ? 1 : 0;
}

void set_limits(CURL* curl, const SiteQuestion& question) {
  const auto connect = std::min(question.time_limit, kConnectTime);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(question.time_limit.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // also none of the environment
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "danesmtp");
}

// D-232
void set_trust(CURL* curl, const SiteQuestion& question) {
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (question.anchors.empty()) return;
  curl_easy_setopt(curl, CURLOPT_CAINFO, question.anchors.c_str());
  curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
}

void set_receivers(CURL* curl, const SiteQuestion& question, Received& received) {
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &received);
  if (question.give_up == nullptr) return;
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_flag);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, question.give_up);
}

// The name is not looked up again, by other rules than ours.
List set_place(CURL* curl, const SiteQuestion& question) {
  const auto& host = question.host.text();
  const auto place = format("{}:{}:{}", host, kHttps, join(question.addresses, ","));
  List list(curl_slist_append(nullptr, place.c_str()));
  curl_easy_setopt(curl, CURLOPT_RESOLVE, list.get());
  curl_easy_setopt(curl, CURLOPT_URL, format("https://{}/.well-known/mta-sts.txt", host).c_str());
  return list;
}

tl::unexpected<StsFault> fault(StsFaultType type, std::string text) {
  return tl::unexpected<StsFault>(StsFault{type, std::move(text)});
}

tl::unexpected<StsFault> failure(CURLcode code, const Received& received) {
  if (received.too_long == TooLong::Body)
    return fault(StsFaultType::Invalid,
                 format("the policy has more than {} octets", kLongestPolicy));
  if (received.too_long == TooLong::Head)
    return fault(StsFaultType::Fetch, "the head of the answer is too long");
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return fault(StsFaultType::WebPki, "the certificate of the policy's host is not accepted");
  if (code == CURLE_OPERATION_TIMEDOUT)
    return fault(StsFaultType::Fetch, "the policy's host did not answer in time");
  return fault(StsFaultType::Fetch, curl_easy_strerror(code));
}

// What the host has shown, the first certificate. Empty: it is not known.
Bytes leaf_of(CURL* curl) {
  curl_certinfo* shown = nullptr;
  curl_easy_getinfo(curl, CURLINFO_CERTINFO, &shown);
  if (shown == nullptr || shown->num_of_certs == 0) return {};
  constexpr std::string_view kField = "Cert:";
  for (const auto* entry = shown->certinfo[0]; entry != nullptr; entry = entry->next) {
    const std::string_view field(entry->data);
    if (!field.starts_with(kField)) continue;
    const auto pem = as_datum(as_bytes(field.substr(kField.size())));
    GnutlsOctets der;
    if (gnutls_pem_base64_decode2("CERTIFICATE", &pem, &der.datum) < 0) return {};
    return to_bytes(der.datum);
  }
  return {};
}

// RFC 8461 3.3: a dNSName. Where there is none, libcurl is content with a common name.
bool is_named(CURL* curl, const DnsName& host) {
  const auto certificate = import_certificate(leaf_of(curl));
  return certificate && has_dns_name(*certificate, host.text());
}

// RFC 8461 3.3: what a site lets its users keep there is of other types.
bool is_plain_text(std::string_view type) {
  std::string word(trimmed(type.substr(0, type.find(';'))));
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return word == "text/plain";
}

}  // namespace

Fetched fetch_policy(const SiteQuestion& question) {
  const Curl curl(curl_easy_init());
  if (!curl) return fault(StsFaultType::Fetch, "libcurl cannot start");
  Received received;
  set_limits(curl.get(), question);
  set_trust(curl.get(), question);
  set_receivers(curl.get(), question, received);
  const List place = set_place(curl.get(), question);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return failure(code, received);
  if (!is_named(curl.get(), question.host))
    return fault(StsFaultType::WebPki,
                 "the certificate of the policy's host has no dNSName for it");
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return fault(StsFaultType::Fetch, format("HTTP status {}", status));
  if (!is_plain_text(received.type))
    return fault(StsFaultType::Fetch, "the policy is not of the media type text/plain");
  return std::move(received.body);
}

}  // namespace danesmtp::tool
