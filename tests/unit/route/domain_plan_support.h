// SPDX-License-Identifier: GPL-2.0-or-later
// A domain with two signed MX hosts, and what is planned for them when something of it is changed.
#pragma once

#include <string>
#include <variant>

#include "fakes/fake_mail_server.h"
#include "fakes/fake_resolver.h"
#include "fakes/fake_sts_policies.h"
#include "route/domain_plan.h"
#include "unit/check_support.h"

namespace danesmtp::test {

// mx1.lab and mx2.lab are the signed MX hosts of dom.lab; mx1 has a 3 1 1 record, mx2 has none.
struct Scene {
  FakeMailServer server;
  FakeResolver resolver;
  FakeStsPolicies sts;
  AddressBatch batch = make_batch(2, 1);

  Scene() {
    server.lists["hosts_try_dane"] = {0, 1};
    resolver.mx_records["dom.lab"] = {{10, "mx1.lab"}, {20, "mx2.lab"}};
    resolver.a_records = {{"mx1.lab", {"192.0.2.1"}}, {"mx2.lab", {"192.0.2.2"}}};
    Bytes record(35, 7);
    record[0] = 3;
    record[1] = record[2] = 1;
    resolver.tlsa_records["_25._tcp.mx1.lab"] = {record};
  }
  DomainPlan plan() {
    auto groups = recipients_by_domain(batch);
    auto plan = plan_domain(server, {resolver, sts}, batch, groups.at(0),
                            Deadline::in(std::chrono::minutes(1)));
    assert_text(resolver.expected_in_vain(), "");
    return plan;
  }
  const HostPlan& host(const DomainPlan& plan, std::size_t index) {
    return plan.host(batch.hosts[index]);
  }
};

template <class Policy>
inline void assert_policy(const HostPlan& plan) {
  ck_assert_msg(std::holds_alternative<Policy>(plan.policy), "policy %zu", plan.policy.index());
}

inline const Error kBogus{ErrorKind::DnsBogus, "bad signature"};

}  // namespace danesmtp::test
