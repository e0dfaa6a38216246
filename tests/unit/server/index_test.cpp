// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/index.h"

#include <concepts>
#include <string>
#include <type_traits>

#include "fakes/fake_mail_server.h"
#include "server/address_batch.h"
#include "server/events.h"
#include "server/results.h"
#include "unit/check_support.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

// Whether a call with these arguments compiles.
template <class... Arguments>
constexpr bool kRetryHost =
    std::is_invocable_v<decltype(&Results::retry_host), Results&, Arguments..., RetryChange>;
template <class... Arguments>
constexpr bool kEvent = std::is_invocable_v<decltype(&Events::event), Events&, Arguments...,
                                            const char*, const std::string&>;
template <class Argument>
constexpr bool kBatchHost =
    std::is_invocable_v<decltype(&AddressBatch::host), const AddressBatch&, Argument>;
template <class Argument>
constexpr bool kBatchRecipient =
    std::is_invocable_v<decltype(&AddressBatch::recipient), const AddressBatch&, Argument>;

static_assert(kRetryHost<HostIndex, RecipientIndex>);
static_assert(!kRetryHost<RecipientIndex, HostIndex>);
static_assert(kEvent<HostIndex, RecipientIndex>);
static_assert(!kEvent<RecipientIndex, HostIndex>);
static_assert(kBatchHost<HostIndex> && !kBatchHost<RecipientIndex>);
static_assert(kBatchRecipient<RecipientIndex> && !kBatchRecipient<HostIndex>);

// A number has to be named as one of the two, and is no number any more.
static_assert(!std::is_convertible_v<HostIndex, std::size_t>);
static_assert(!std::equality_comparable_with<HostIndex, RecipientIndex>);

}  // namespace

START_TEST(an_index_names_one_entry) {
  const auto batch = make_batch(2, 2);
  assert_text(batch.host(0).name, "mx1.lab");
  assert_text(batch.host(HostIndex(1)).name, "mx2.lab");
  assert_text(batch.recipient(1).address, "user2@dom.lab");
}
END_TEST

START_TEST(a_walk_ends_behind_the_last_host) {
  const auto batch = make_batch(3, 4);
  std::string walked;
  for (HostIndex host; batch.has(host); ++host) walked += std::to_string(host.value());
  assert_text(walked, "012");
  ck_assert(!batch.has(kNoHost));
  ck_assert(!AddressBatch().has(0));
}
END_TEST

int main() {
  Suite* suite = suite_create("index");
  TCase* tc = tcase_create("index");
  tcase_add_test(tc, an_index_names_one_entry);
  tcase_add_test(tc, a_walk_ends_behind_the_last_host);
  suite_add_tcase(suite, tc);
  return run_suite(suite);
}
