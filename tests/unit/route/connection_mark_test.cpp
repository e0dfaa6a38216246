// SPDX-License-Identifier: GPL-2.0-or-later
// tests D-104: each thing that decides who the peer may be, or how the session is protected, makes
// another digest; a mark is read back only under its own.
#include "route/connection_mark.h"

#include <functional>
#include <iterator>

#include "fakes/fake_mail_server.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

TlsaRecord record(TlsaUsage usage, std::uint8_t octet) {
  return {usage, TlsaSelector::PublicKey, TlsaMatching::Sha256, Bytes(32, octet)};
}

DnsName name(const char* text) {
  return *DnsName::parse(text);
}

struct Facts {
  FakeMailServer server;
  AddressBatch batch = make_batch(1, 1);
  HostPlan plan;
  std::uint16_t port = 25;
  HostTls tls;
  SessionSettings settings;

  Facts() {
    plan.policy =
        Authenticate{name("mx1.lab"),
                     usable_records({record(TlsaUsage::DaneEe, 1), record(TlsaUsage::DaneTa, 2)})};
    plan.mx = MxTrust::Secure;
    plan.secure = true;
    plan.names = {name("mx1.lab"), name("dom.lab")};
    tls.settings.sni = "mx1.lab";
    settings.helo_name = "me.lab";
  }
  Authenticate& authenticate() { return std::get<Authenticate>(plan.policy); }
  void change_records(const std::function<void(std::vector<TlsaRecord>&)>& change) {
    auto records = authenticate().records.records();
    change(records);
    ck_assert_uint_eq(usable_records(records).size(), records.size());
    authenticate().records = usable_records(records);
  }
  Result<std::string> digest() {
    return policy_digest(server, batch, {0, port, plan, {0}}, tls, settings);
  }
};

StsDemand demand() {
  return {{"dom.lab", StsMode::Enforce, {"mx1.lab", "*.lab"}, {"version: STSv1"}}};
}

struct Change {
  const char* what;
  std::function<void(Facts&)> make;
  bool same = false;
};

const Change kChanges[] = {
    {"nothing", [](Facts&) {}, true},
    {"the order of the records",
     [](Facts& f) { f.change_records([](auto& r) { std::swap(r[0], r[1]); }); }, true},
    {"the order of the names", [](Facts& f) { std::swap(f.plan.names[0], f.plan.names[1]); }, true},
    {"who receives", [](Facts& f) { f.batch.recipients[0].address = "other@dom.lab"; }, true},
    {"one octet of a record",
     [](Facts& f) { f.change_records([](auto& r) { r[0].data[31] = 9; }); }},
    {"a record more",
     [](Facts& f) {
       f.change_records([](auto& r) { r.push_back(record(TlsaUsage::DaneEe, 3)); });
     }},
    {"a record less", [](Facts& f) { f.change_records([](auto& r) { r.pop_back(); }); }},
    {"the usage",
     [](Facts& f) { f.change_records([](auto& r) { r[0].usage = TlsaUsage::DaneTa; }); }},
    {"the selector",
     [](Facts& f) {
       f.change_records([](auto& r) { r[0].selector = TlsaSelector::Certificate; });
     }},
    // A digest of another length: with the same octets one of the two would not be usable.
    {"the matching type",
     [](Facts& f) {
       f.change_records([](auto& r) {
         r[0].matching = TlsaMatching::Sha512;
         r[0].data.resize(64, 1);
       });
     }},
    {"unusable records",
     [](Facts& f) {
       f.plan.policy = EncryptOnly{name("mx1.lab"), {}};
     }},
    {"trust in the MX record", [](Facts& f) { f.plan.mx = MxTrust::Insecure; }},
    {"a policy of MTA-STS", [](Facts& f) { f.plan.sts = demand(); }},
    // tests D-191
    {"a message that requires TLS", [](Facts& f) { f.batch.require_tls = RequireTls::Always; }},
    {"a bounce that passes it on",
     [](Facts& f) { f.batch.require_tls = RequireTls::WherePossible; }},
    {"a name that MTA-STS vouches for", [](Facts& f) { f.plan.named_by_sts = true; }},
    {"a certificate of the web", [](Facts& f) { f.plan.webpki_required = true; }},
    {"the address is not signed", [](Facts& f) { f.plan.secure = false; }},
    {"audit", [](Facts& f) { f.plan.enforcement = Enforcement::Audit; }},
    {"a reference name", [](Facts& f) { f.plan.names[1] = name("other.lab"); }},
    {"a reference name less", [](Facts& f) { f.plan.names.pop_back(); }},
    {"SNI", [](Facts& f) { f.tls.settings.sni = "other.lab"; }},
    {"ciphers", [](Facts& f) { f.tls.settings.priority = "SECURE256"; }},
    {"our certificate", [](Facts& f) { f.tls.settings.certificate_file = "me.pem"; }},
    {"our key", [](Facts& f) { f.tls.settings.key_file = "me.key"; }},
    {"whether OCSP is asked for",
     [](Facts& f) { f.tls.settings.status_request = StatusRequest::Ask; }},
    {"whether the certificate is judged",
     [](Facts& f) { f.tls.settings.peer_certificate = PeerCertificate::Optional; }},
    {"key usage", [](Facts& f) { f.tls.settings.key_usage = KeyUsage::Ignored; }},
    {"whether TLS is required", [](Facts& f) { f.tls.use = TlsUse::Required; }},
    {"the base domain", [](Facts& f) { f.authenticate().base_domain = name("other.lab"); }},
    {"a value that looks like two",
     [](Facts& f) { f.tls.settings.priority = "\ncertificate file=0:\n"; }},
    {"time-outs", [](Facts& f) { f.settings.timeouts.command = std::chrono::seconds(7); }, true},
    {"ALPN", [](Facts& f) { f.tls.settings.alpn = {"smtp"}; }},
    {"DH bits", [](Facts& f) { f.tls.settings.min_dh_bits = 2048; }},
    {"TLS from the first octet", [](Facts& f) { f.tls.start = TlsStart::FromFirstOctet; }},
    {"EHLO name", [](Facts& f) { f.settings.helo_name = "other.lab"; }},
    {"interface", [](Facts& f) { f.server.options["interface"] = "192.0.2.9"; }},
    {"AUTH required", [](Facts& f) { f.server.lists["hosts_require_auth"] = {0}; }},
    {"AUTH tried", [](Facts& f) { f.server.lists["hosts_try_auth"] = {0}; }},
    {"OCSP required", [](Facts& f) { f.server.lists["hosts_require_ocsp"] = {0}; }},
    {"DANE required", [](Facts& f) { f.server.lists["hosts_require_dane"] = {0}; }},
    {"port", [](Facts& f) { f.port = 587; }},
    {"host", [](Facts& f) { f.batch.hosts[0].name = "mx9.lab"; }},
    {"address", [](Facts& f) { f.batch.hosts[0].address = "192.0.2.99"; }},
    {"transport", [](Facts& f) { f.batch.transport_name = "other_smtp"; }},
};

struct StsChange {
  const char* what;
  void (*make)(StsDemand&);
  bool same = false;
};

const StsChange kStsChanges[] = {
    {"nothing", [](StsDemand&) {}, true},
    {"the order", [](StsDemand& d) { std::swap(d.policy.patterns[0], d.policy.patterns[1]); },
     true},
    {"what is told of it", [](StsDemand& d) { d.policy.lines = {"max_age: 1"}; }, true},
    {"a pattern less", [](StsDemand& d) { d.policy.patterns.pop_back(); }},
    {"another pattern", [](StsDemand& d) { d.policy.patterns[1] = "*.other"; }},
    {"the domain", [](StsDemand& d) { d.policy.domain = "other.lab"; }},
    {"the mode", [](StsDemand& d) { d.policy.mode = StsMode::Testing; }},
    {"audit", [](StsDemand& d) { d.enforcement = Enforcement::Audit; }},
    {"whether the host is named", [](StsDemand& d) { d.names_host = false; }},
};

EhloCapabilities some() {
  EhloCapabilities offered;
  offered.pipelining = offered.chunking = offered.dsn = offered.requiretls = true;
  offered.limits.mail_max = 20;
  return offered;
}

struct Mark {
  const char* what;
  std::string mark;
};

const std::string kDigest(64, 'a');

const Mark kNotOurs[] = {
    {"nothing", ""},
    {"a host name", "mx1.lab"},
    {"the prefix alone", "danesmtp+"},
    {"no digest", "danesmtp++P+0+0"},
    {"another digest", "danesmtp+" + std::string(64, 'b') + "+P+0+0"},
    {"the beginning of the digest", "danesmtp+" + std::string(63, 'a') + "+P+0+0"},
    {"another prefix", "danesmtp-" + kDigest + "+P+0+0"},
    {"a field less", "danesmtp+" + kDigest + "+P+0"},
    {"a field more", "danesmtp+" + kDigest + "+P+0+0+0"},
};

}  // namespace

START_TEST(each_change) {
  const Change& row = kChanges[_i];
  Facts before, after;
  row.make(after);
  auto first = assert_ok(before.digest());
  auto second = assert_ok(after.digest());
  ck_assert_uint_eq(first.size(), 64);
  ck_assert_msg((first == second) == row.same, "%s", row.what);
}
END_TEST

// tests D-187
START_TEST(each_change_of_mta_sts) {
  const StsChange& row = kStsChanges[_i];
  Facts before, after;
  before.plan.sts = after.plan.sts = demand();
  row.make(*after.plan.sts);
  const bool same = assert_ok(before.digest()) == assert_ok(after.digest());
  ck_assert_msg(same == row.same, "%s", row.what);
}
END_TEST

START_TEST(an_option_that_cannot_be_read_makes_no_digest) {
  for (const char* option : {"hosts_require_auth", "interface"}) {
    Facts facts;
    facts.server.broken_options = {option};
    ck_assert_msg(!facts.digest(), "%s", option);
  }
}
END_TEST

START_TEST(a_mark_is_read_back) {
  const auto mark = connection_mark(kDigest, {some()});
  ck_assert_uint_le(mark.size(), 200);
  auto known = marked_under(kDigest, mark);
  ck_assert(known && known->offered == some() && !known->resumed);
  auto nothing = marked_under(kDigest, connection_mark(kDigest, {}));
  ck_assert(nothing && nothing->offered == EhloCapabilities{} && !nothing->resumed);
  auto resumed = marked_under(kDigest, connection_mark(kDigest, {some(), true}));
  ck_assert(resumed && resumed->offered == some() && resumed->resumed);
}
END_TEST

START_TEST(another_mark_is_not_ours) {
  ck_assert_msg(!marked_under(kDigest, kNotOurs[_i].mark), "%s", kNotOurs[_i].what);
  ck_assert(!marked_under("", kNotOurs[_i].mark));
}
END_TEST

int main() {
  Suite* suite = suite_create("connection_mark");
  TCase* tc = tcase_create("connection_mark");
  tcase_add_loop_test(tc, each_change, 0, std::size(kChanges));
  tcase_add_loop_test(tc, each_change_of_mta_sts, 0, std::size(kStsChanges));
  tcase_add_test(tc, an_option_that_cannot_be_read_makes_no_digest);
  tcase_add_test(tc, a_mark_is_read_back);
  tcase_add_loop_test(tc, another_mark_is_not_ours, 0, std::size(kNotOurs));
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
