// SPDX-License-Identifier: GPL-2.0-or-later
#include "ocsp_target.h"

#include <gnutls/x509.h>

#include <array>
#include <charconv>
#include <sstream>

#include "core/format.h"
#include "pem_input.h"
#include "x509/certificate.h"

namespace danesmtp::tool {
namespace {

using std::chrono::seconds;

constexpr seconds kLongest{10LL * 365 * 86400};

std::optional<long> seconds_of_unit(std::string_view unit) {
  if (unit.empty() || unit == "s") return 1;
  if (unit == "m") return 60;
  if (unit == "h") return 3600;
  if (unit == "d") return 86400;
  return std::nullopt;
}

// One "name=value" of a line.
Result<void> set_option(OcspTarget& target, const std::string& word) {
  const auto equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
  if (value.empty()) return fail(ErrorKind::BadInput, format("\"{}\" is no name=value", word));
  if (name == "url") {
    target.url = value;
  } else if (name == "issuer") {
    target.issuer = value;
  } else if (name == "renew-before") {
    auto duration = parse_duration(value);
    if (!duration) return tl::unexpected(duration.error());
    target.renew_before = *duration;
  } else {
    return fail(ErrorKind::BadInput, format("\"{}\" is not known", name));
  }
  return {};
}

Result<std::optional<OcspTarget>> parse_line(const std::string& line) {
  std::istringstream words(line.substr(0, line.find('#')));
  OcspTarget target;
  if (!(words >> target.certificates)) return std::optional<OcspTarget>();
  if (!(words >> target.proof))
    return fail(ErrorKind::BadInput, "a chain's file and a proof's file are needed");
  for (std::string word; words >> word;) {
    auto set = set_option(target, word);
    if (!set) return tl::unexpected(set.error());
  }
  return std::optional(target);
}

bool has_issued(const Certificate& issuer, const Certificate& child) {
  gnutls_x509_crt_t raw = issuer.handle.get();
  unsigned status = GNUTLS_CERT_INVALID;
  return gnutls_x509_crt_check_issuer(child.handle.get(), raw) == 1 &&
         gnutls_x509_crt_verify(child.handle.get(), &raw, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS,
                                &status) >= 0 &&
         status == 0;
}

// RFC 5280 4.2.2.1
std::string responder_of(const Certificate& certificate) {
  constexpr unsigned kMostAccesses = 16;
  for (unsigned i = 0; i < kMostAccesses; ++i) {
    GnutlsOctets url;
    int rc = gnutls_x509_crt_get_authority_info_access(certificate.handle.get(), i,
                                                       GNUTLS_IA_OCSP_URI, &url.datum, nullptr);
    if (rc >= 0) return std::string(as_text(url.view()));
    if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
  }
  return {};
}

}  // namespace

Result<seconds> parse_duration(std::string_view text) {
  long long number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = seconds_of_unit(text.substr(static_cast<std::size_t>(end - text.data())));
  if (error != std::errc() || !unit || number < 0 || number > kLongest.count() / *unit)
    return fail(ErrorKind::BadInput,
                format("\"{}\" is no time: a number with s, m, h or d is needed", text));
  return seconds(number * *unit);
}

std::string duration_text(seconds duration) {
  struct Unit {
    long long seconds;
    char letter;
  };
  std::vector<std::string> parts;
  auto left = duration.count();
  for (auto unit : {Unit{86400, 'd'}, Unit{3600, 'h'}, Unit{60, 'm'}, Unit{1, 's'}}) {
    if (parts.size() < 2 && left >= unit.seconds)
      parts.push_back(format("{}{}", left / unit.seconds, unit.letter));
    left %= unit.seconds;
  }
  return parts.empty() ? "0s" : join(parts, " ");
}

Result<std::vector<OcspTarget>> parse_ocsp_targets(std::string_view text) {
  std::vector<OcspTarget> targets;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    auto target = parse_line(line);
    if (!target)
      return fail(ErrorKind::BadInput, format("line {}: {}", number, target.error().text));
    if (*target) targets.push_back(**target);
  }
  if (targets.empty()) return fail(ErrorKind::BadInput, "it names no certificate");
  return targets;
}

Result<OcspSubject> read_subject(const OcspTarget& target) {
  auto chain = read_certificates(target.certificates);
  if (!chain) return tl::unexpected(chain.error());
  if (!target.issuer.empty()) {
    auto more = read_certificates(target.issuer);
    if (!more) return tl::unexpected(more.error());
    chain->insert(chain->end(), more->begin(), more->end());
  }
  auto certificate = import_certificate(chain->front());
  if (!certificate)
    return fail(ErrorKind::BadInput,
                format("{}: {}", target.certificates, certificate.error().text));
  OcspSubject subject{certificate->der, {}, {chain->begin() + 1, chain->end()}, target.url};
  if (subject.url.empty()) subject.url = responder_of(*certificate);
  for (const auto& other : subject.others) {
    auto issuer = import_certificate(other);
    if (!issuer || !has_issued(*issuer, *certificate)) continue;
    subject.issuer = other;
    return subject;
  }
  return fail(ErrorKind::BadInput,
              format("{}: the issuer of the certificate is not in it; --issuer names another file",
                     target.certificates));
}

}  // namespace danesmtp::tool
