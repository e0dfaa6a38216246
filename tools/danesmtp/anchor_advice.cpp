// SPDX-License-Identifier: GPL-2.0-or-later
#include "anchor_advice.h"

#include <algorithm>

#include "certificate_facts.h"
#include "core/format.h"
#include "zone_line.h"

namespace danesmtp::tool {
namespace {

enum class Rank { Root, Intermediate };

struct KnownKey {
  const char* sha256;
  const char* name;
  Rank rank;
};

// Of the SubjectPublicKeyInfo, as in 2 1 1; each is published with its certificate at
// letsencrypt.org/certificates.
constexpr KnownKey kLetsEncrypt[] = {
    {"0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3", "ISRG Root X1",
     Rank::Root},
    {"762195c225586ee6c0237456e2107dc54f1efc21f61a792ebd515913cce68332", "ISRG Root X2",
     Rank::Root},
    {"8d02536c887482bc34ff54e41d2ba659bf85b341a0a20afadb5813dcfbcf286d", "R3", Rank::Intermediate},
    {"e5545e211347241891c554a03934cde9b749664a59d26d615fe58f77990f2d03", "R4", Rank::Intermediate},
    {"276fe8a8c4ec7611565bf9fce6dcace9be320c1b5bea27596b2204071ed04f10", "E1", Rank::Intermediate},
    {"bd936e72b212ef6f773102c6b77d38f94297322efc25396bc3279422e0c89270", "E2", Rank::Intermediate},
    {"3586d4ecf070578cbd27aedce20b964e48bc149faeb9dad72f46b857869172b8", "E5", Rank::Intermediate},
    {"d016e1fe311948aca64f2de44ce86c9a51ca041df6103bb52a88eb3f761f57d7", "E6", Rank::Intermediate},
    {"cbbc559b44d524d6a132bdac672744da3407f12aae5d5f722c5f6c7913871c75", "E7", Rank::Intermediate},
    {"885bf0572252c6741dc9a52f5044487fef2a93b811cdedfad7624cc283b7cdd5", "E8", Rank::Intermediate},
    {"f1440a9b76e1e41e53a4cb461329bf6337b419726be513e42e19f1c691c5d4b2", "E9", Rank::Intermediate},
    {"2bbad93ab5c79279ec121507f272cbe0c6647a3aae52e22f388afab426b4adba", "R10", Rank::Intermediate},
    {"6ddac18698f7f1f7e1c69b9bce420d974ac6f94ca8b2c761701623f99c767dc7", "R11", Rank::Intermediate},
    {"919c0df7a787b597ed056ace654b1de9c0387acf349f73734a4fd7b58cf612a4", "R12", Rank::Intermediate},
    {"025490860b498ab73c6a12f27a49ad5fe230fafe3ac8f6112c9b7d0aad46941d", "R13", Rank::Intermediate},
    {"f1647a5ee3efac54c892e930584fe47979b7acd1c76c1271bca1c5076d869888", "R14", Rank::Intermediate},
};

const KnownKey* known(const TlsaRecord& record) {
  if (record.usage != TlsaUsage::DaneTa || record.selector != TlsaSelector::PublicKey ||
      record.matching != TlsaMatching::Sha256)
    return nullptr;
  const auto digest = to_hex(record.data);
  const auto* found = std::find_if(std::begin(kLetsEncrypt), std::end(kLetsEncrypt),
                                   [&](const KnownKey& key) { return key.sha256 == digest; });
  return found == std::end(kLetsEncrypt) ? nullptr : found;
}

// The name of who issued the last certificate, which would come next; empty: the last one is a
// root.
std::string missing_issuer(const PeerChain& chain) {
  const auto facts = certificate_facts(chain.back());
  return facts && facts->subject != facts->issuer ? printable(facts->issuer) : std::string();
}

std::string issuer_of_leaf(const PeerChain& chain) {
  const auto facts = certificate_facts(chain.front());
  return facts ? printable(facts->issuer) : std::string("another one");
}

}  // namespace

std::string known_anchor_text(const TlsaRecord& record) {
  const auto* key = known(record);
  if (!key) return {};
  return format(" (the key of {}, {} of Let's Encrypt)", key->name,
                key->rank == Rank::Root ? "a root" : "an intermediate");
}

std::string unsent_anchor_text(const TlsaRecord& record, const PeerChain& chain) {
  constexpr const char* kOwnKey = "publish 3 1 1, of the server's own key, in its place";
  const auto* key = known(record);
  const std::string what = shown(record) + known_anchor_text(record);
  const auto missing = missing_issuer(chain);
  if (key && key->rank == Rank::Intermediate)
    return format(
        "{}: stale: the certificate was issued by {}; intermediates change without notice: {}, or "
        "2 1 1 of the root, and append the root's certificate to the server's chain",
        what, issuer_of_leaf(chain), kOwnKey);
  if (key)
    return format(
        "{}: the server does not send the certificate of this trust anchor, as a root is not in "
        "the chain that comes from the issuer (fullchain.pem): append it to the server's chain, "
        "or {}",
        what, kOwnKey);
  if (missing.empty())
    return format(
        "{}: stale: it is of no certificate in the server's chain, which goes up to its root: {}, "
        "or 2 1 1 of an issuer that the server sends",
        what, kOwnKey);
  return format(
      "{}: the server does not send the certificate of this trust anchor; its chain ends below "
      "\"{}\": if the record is of that one, append its certificate to the server's chain; if it "
      "is of an earlier issuer, {}",
      what, missing, kOwnKey);
}

}  // namespace danesmtp::tool
