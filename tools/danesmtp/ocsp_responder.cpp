// SPDX-License-Identifier: GPL-2.0-or-later
#include "ocsp_responder.h"

#include <curl/curl.h>
#include <gnutls/ocsp.h>

#include <memory>

#include "core/format.h"
#include "tls/ocsp_staple.h"
#include "x509/certificate.h"

namespace danesmtp::tool {
namespace {

constexpr std::size_t kLongestGet = 255;
constexpr long kMostRedirections = 3;

struct CurlCleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CurlCleanup>;

struct CurlFree {
  void operator()(char* text) const { curl_free(text); }
};

struct HeadersFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, HeadersFree>;

struct RequestDeinit {
  void operator()(gnutls_ocsp_req_t request) const { gnutls_ocsp_req_deinit(request); }
};

std::string base64(ByteView octets) {
  GnutlsOctets text;
  const auto datum = as_datum(octets);
  if (gnutls_base64_encode2(&datum, &text.datum) < 0) return {};
  return std::string(as_text(text.view()));
}

// libcurl's callback: less than `size * count` ends the transfer.
std::size_t take_body(char* octets, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<Bytes*>(into);
  const std::size_t length = size * count;
  if (body.size() + length > kMaxOcspResponse) return 0;
  body.insert(body.end(), octets, octets + length);
  return length;
}

std::string get_url(CURL* curl, const ResponderQuestion& question) {
  const std::string text = base64(question.request);
  std::unique_ptr<char, CurlFree> escaped(
      curl_easy_escape(curl, text.c_str(), static_cast<int>(text.size())));
  if (!escaped) return {};
  return question.url + (question.url.back() == '/' ? "" : "/") + escaped.get();
}

void set_limits(CURL* curl, const ResponderQuestion& question) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(question.time_limit.count()));
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMostRedirections);
  curl_easy_setopt(curl, CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "danesmtp");
}

Headers set_question(CURL* curl, const ResponderQuestion& question) {
  Headers headers(curl_slist_append(nullptr, "Accept: application/ocsp-response"));
  if (question.method == HttpMethod::Get) {
    curl_easy_setopt(curl, CURLOPT_URL, get_url(curl, question).c_str());
  } else {
    curl_slist_append(headers.get(), "Content-Type: application/ocsp-request");
    curl_easy_setopt(curl, CURLOPT_URL, question.url.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(question.request.size()));
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, question.request.data());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  return headers;
}

tl::unexpected<Error> failure(CURL* curl, CURLcode code) {
  if (code == CURLE_OPERATION_TIMEDOUT)
    return fail(ErrorKind::Timeout, "it did not answer in time");
  if (code == CURLE_WRITE_ERROR)
    return fail(ErrorKind::Io, format("its answer has more than {} octets", kMaxOcspResponse));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_HTTP_RETURNED_ERROR)
    return fail(ErrorKind::Io, format("HTTP status {}", status));
  return fail(ErrorKind::Io, curl_easy_strerror(code));
}

}  // namespace

Result<Bytes> ocsp_request(ByteView certificate, ByteView issuer) {
  auto child = import_certificate({certificate.begin(), certificate.end()});
  if (!child) return tl::unexpected(child.error());
  auto parent = import_certificate({issuer.begin(), issuer.end()});
  if (!parent) return tl::unexpected(parent.error());
  gnutls_ocsp_req_t raw = nullptr;
  if (gnutls_ocsp_req_init(&raw) < 0) return fail(ErrorKind::Internal, "no memory for a request");
  std::unique_ptr<gnutls_ocsp_req_int, RequestDeinit> request(raw);
  int rc =
      gnutls_ocsp_req_add_cert(raw, GNUTLS_DIG_SHA1, parent->handle.get(), child->handle.get());
  GnutlsOctets der;
  if (rc >= 0) rc = gnutls_ocsp_req_export(raw, &der.datum);
  if (rc < 0) return fail(ErrorKind::Internal, gnutls_strerror(rc));
  return to_bytes(der.datum);
}

HttpMethod first_method(ByteView request) {
  return base64(request).size() < kLongestGet ? HttpMethod::Get : HttpMethod::Post;
}

Result<Bytes> ask_responder(const ResponderQuestion& question) {
  Curl curl(curl_easy_init());
  if (!curl) return fail(ErrorKind::Internal, "libcurl cannot start");
  set_limits(curl.get(), question);
  const Headers headers = set_question(curl.get(), question);
  Bytes body;
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return failure(curl.get(), code);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return fail(ErrorKind::Io, format("HTTP status {}", status));
  if (body.empty()) return fail(ErrorKind::Io, "its answer is empty");
  return body;
}

}  // namespace danesmtp::tool
