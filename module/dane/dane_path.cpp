// SPDX-License-Identifier: GPL-2.0-or-later
// See the header. What a path must be under its anchor (RFC 5280 6.1) is judged in
// x509/verified_path.
#include "dane/dane_path.h"

#include <algorithm>

#include "dane/anchor_certificate.h"
#include "x509/verified_path.h"

namespace danesmtp {
namespace {

constexpr int kMaxSteps = 64;

using Path = std::vector<const Certificate*>;  // the leaf first, each issued by the next

bool issued_by(const Certificate& child, const Certificate& issuer) {
  return gnutls_x509_crt_check_issuer(child.handle.get(), issuer.handle.get()) == 1;
}

// RFC 7672 3.1.2, D-082
PathFinding verify_under(const Path& path, const Certificate& anchor, WallTime at) {
  std::vector<gnutls_x509_crt_t> handles;
  for (const auto* certificate : path) handles.push_back(certificate->handle.get());
  return verify_path({handles, anchor.handle.get(), GNUTLS_KP_TLS_WWW_SERVER, at});
}

// RFC 5280 4.2.1.3: a key for nothing that TLS does is no server's. GnuTLS looks at this in the
// handshake, with the key exchange known; a path by itself says nothing about it.
bool may_serve_tls(const Certificate& leaf) {
  constexpr unsigned kTls =
      GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT | GNUTLS_KEY_KEY_AGREEMENT;
  unsigned usage = 0;
  int rc = gnutls_x509_crt_get_key_usage(leaf.handle.get(), &usage, nullptr);
  return rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE || (rc == 0 && (usage & kTls) != 0);
}

// RFC 5280 4.2.1.9: only basicConstraints make a CA. Version 1 has none, so what it says of itself
// does not matter there, but only a root can have been meant to be a CA.
bool is_ca(const Certificate& anchor) {
  auto* certificate = anchor.handle.get();
  if (gnutls_x509_crt_get_version(certificate) < 3) return issued_by(anchor, anchor);
  unsigned ca = 0;
  return gnutls_x509_crt_get_basic_constraints(certificate, nullptr, &ca, nullptr) >= 0 && ca != 0;
}

// Why the anchor itself may not be one. A trust list is more trustful: it asks no anchor for its
// purpose, and takes any self-signed certificate without basicConstraints for a CA.
std::string why_no_anchor(const Certificate& anchor) {
  if (gnutls_x509_crt_check_key_purpose(anchor.handle.get(), GNUTLS_KP_TLS_WWW_SERVER, 0) == 0)
    return "the trust anchor is not for TLS servers";
  return is_ca(anchor) ? "" : "the trust anchor is not a CA certificate";
}

class PathSearch {
 public:
  explicit PathSearch(const PathQuestion& question) : question_(question) {}

  PathVerdict run() {
    path_.push_back(question_.leaf);
    if (!may_serve_tls(*question_.leaf)) {
      verdict_.reason = "the key of the server's certificate is not for TLS";
      return verdict_;
    }
    verdict_.reason = "no path from the server's certificate to a trust anchor of the TLSA records";
    search();
    return verdict_;
  }

 private:
  // True when it is over: a path verified, or the steps are used up.
  bool search() { return try_anchors() || try_bare_keys() || extend(); }

  bool try_anchors() {
    // RFC 7671 5.2, D-086: an anchor may stand anywhere above the leaf.
    for (const auto& anchor : question_.anchors) {
      if (!issued_by(top(), *anchor.certificate) || in_path(*anchor.certificate)) continue;
      bool dated = valid_at(anchor.certificate->handle.get(), question_.now);
      if (try_anchor(*anchor.record, *anchor.certificate, dated)) return true;
    }
    return false;
  }

  bool try_bare_keys() {
    for (const auto* record : question_.bare_keys) {
      if (issuer_presented(record->data) || key_in_path(record->data)) continue;
      auto anchor = import_certificate(anchor_certificate(record->data, top()));
      if (anchor && try_anchor(*record, *anchor, true)) return true;
    }
    return false;
  }

  // A bare key has no dates and no constraints. When the server presents an issuer's certificate
  // with that key, what it says holds: it is among the anchors already, and is not set aside
  // (0003).
  bool issuer_presented(const Bytes& public_key_info) const {
    return std::any_of(question_.others.begin(), question_.others.end(),
                       [&](const Certificate* other) {
                         return same_bytes(other->fields.public_key_info, public_key_info) &&
                                issued_by(top(), *other);
                       });
  }

  // The certificate that has it was an anchor already, for the path that ends below it.
  bool key_in_path(const Bytes& public_key_info) const {
    return std::any_of(path_.begin(), path_.end(), [&](const Certificate* member) {
      return same_bytes(member->fields.public_key_info, public_key_info);
    });
  }

  bool extend() {
    for (const auto* next : question_.others) {
      if (in_path(*next) || !issued_by(top(), *next)) continue;
      if (out_of_steps()) return true;
      path_.push_back(next);
      if (search()) return true;
      path_.pop_back();
    }
    return false;
  }

  bool try_anchor(const TlsaRecord& record, const Certificate& anchor, bool anchor_valid_now) {
    if (out_of_steps()) return true;
    std::string why = why_no_anchor(anchor);
    if (!why.empty()) return refuse(DaneFailure::NotTrusted, why);
    auto finding = verify_under(path_, anchor, question_.now);
    if (finding.fault == PathFault::NotTrusted)
      return refuse(DaneFailure::NotTrusted, finding.reason);
    if (finding.fault == PathFault::OutOfDate || !anchor_valid_now)
      return refuse(DaneFailure::Expired,
                    "a certificate of the chain has expired or is not valid yet");
    verdict_.record = &record;
    verdict_.depth = static_cast<int>(path_.size());
    for (const auto* certificate : path_) verdict_.path.push_back(certificate->der);
    verdict_.path.push_back(anchor.der);
    return true;
  }

  // Keeps the most telling refusal: a path that fails by its dates alone was nearly good, and the
  // longer of two has more of it right. (A bare key is tried with each certificate, and signed few
  // of them.)
  bool refuse(DaneFailure failure, std::string reason) {
    bool expired = failure == DaneFailure::Expired;
    bool was_expired = verdict_.failure == DaneFailure::Expired;
    if (expired == was_expired ? path_.size() <= refused_length_ : was_expired) return false;
    refused_length_ = path_.size();
    verdict_.failure = failure;
    verdict_.reason = std::move(reason);
    return false;
  }

  bool out_of_steps() {
    // D-107
    const bool late = question_.deadline && question_.deadline->passed();
    if (!late && steps_left_-- > 0) return false;
    verdict_.failure = DaneFailure::NotTrusted;
    verdict_.reason = late ? "no time left to look for a path to a trust anchor"
                           : "too many possible paths to a trust anchor";
    return true;
  }

  bool in_path(const Certificate& certificate) const {
    return std::any_of(path_.begin(), path_.end(),
                       [&](const Certificate* member) { return member->same_as(certificate); });
  }

  const Certificate& top() const { return *path_.back(); }

  const PathQuestion& question_;
  Path path_;
  PathVerdict verdict_;
  int steps_left_ = kMaxSteps;
  std::size_t refused_length_ = 0;  // of the path that the reason speaks of
};

}  // namespace

PathVerdict find_path(const PathQuestion& question) {
  return PathSearch(question).run();
}

}  // namespace danesmtp
