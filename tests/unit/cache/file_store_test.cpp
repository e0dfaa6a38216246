// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/file_store.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>

#include "cache/shelves.h"
#include "unit/own_directory.h"

using namespace danesmtp;
using namespace danesmtp::test;

namespace {

constexpr std::chrono::seconds kMinute{60};

Bytes octets(const std::string& text) {
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

struct Shared {
  OwnDirectory directory;
  std::string said;

  std::unique_ptr<FileStore> open() {
    return std::make_unique<FileStore>(directory.file(),
                                       [this](const std::string& why) { said += why + "\n"; });
  }
};

std::string found(Store& store, const std::string& key, Shelf shelf = Shelf::Answers) {
  const auto kept = store.find(shelf, octets(key));
  return kept ? std::string(as_text(kept->value)) : "-";
}

// Keys of one group, so that they have to share its slots.
std::vector<Bytes> keys_of_one_group(std::size_t count) {
  std::vector<Bytes> keys;
  for (int i = 0; keys.size() < count; ++i) {
    Bytes key = octets("k" + std::to_string(i));
    if (keys.empty() || group_of(Shelf::Sessions, key) == group_of(Shelf::Sessions, keys.front()))
      keys.push_back(std::move(key));
  }
  return keys;
}

template <class Work>
pid_t in_a_process(Work work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  return child;
}

int status_of(pid_t child) {
  int status = 0;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

START_TEST(one_process_keeps_for_the_next) {
  Shared shared;
  shared.open()->keep(Shelf::Answers, octets("a"), octets("1"), kMinute);
  auto other = shared.open();
  assert_text(found(*other, "a"), "1");
  assert_text(found(*other, "b"), "-");
  assert_text(found(*other, "a", Shelf::Sessions), "-");
  other->keep(Shelf::Answers, octets("a"), octets("2"), kMinute);
  assert_text(found(*shared.open(), "a"), "2");
  assert_text(shared.said, "");
}
END_TEST

START_TEST(for_its_time) {
  Shared shared;
  auto store = shared.open();
  store->keep(Shelf::Answers, octets("none"), octets("1"), std::chrono::seconds(0));
  assert_text(found(*store, "none"), "-");
  store->keep(Shelf::Answers, octets("a"), octets("1"), std::chrono::seconds(1));
  store->keep(Shelf::Answers, octets("b"), octets("1"), kMinute);
  const auto left = store->find(Shelf::Answers, octets("b"))->left;
  ck_assert(left <= kMinute && left > kMinute - std::chrono::seconds(3));
  usleep(1100000);
  assert_text(found(*store, "a"), "-");
}
END_TEST

START_TEST(too_long_is_not_kept) {
  Shared shared;
  auto store = shared.open();
  store->keep(Shelf::Answers, octets("a"), octets("old"), kMinute);
  store->keep(Shelf::Answers, octets("a"), Bytes(1024, 'x'), kMinute);
  assert_text(found(*store, "a"), "old");
  store->keep(Shelf::Sessions, octets("a"), Bytes(8000, 'x'), kMinute);
  ck_assert_uint_eq(found(*store, "a", Shelf::Sessions).size(), 8000);
}
END_TEST

START_TEST(a_long_key_is_found) {
  Shared shared;
  auto store = shared.open();
  const std::string key(2000, 'k');
  store->keep(Shelf::Sessions, octets(key), octets("1"), kMinute);
  assert_text(found(*store, key, Shelf::Sessions), "1");
  assert_text(found(*store, key.substr(1) + "x", Shelf::Sessions), "-");
}
END_TEST

START_TEST(a_full_group_gives_up_what_ends_first) {
  Shared shared;
  auto store = shared.open();
  const auto keys = keys_of_one_group(ShelfPlan::kSlotsOfGroup + 1);
  for (std::size_t i = 0; i < keys.size(); ++i)
    store->keep(Shelf::Sessions, keys[i], octets("v"), kMinute * (i == 1 ? 1 : 2));
  for (std::size_t i = 0; i < keys.size(); ++i)
    ck_assert_int_eq(store->find(Shelf::Sessions, keys[i]).has_value(), i != 1);
}
END_TEST

// Such a slot would be the last to be given up.
START_TEST(damaged_slots_are_not_kept_for_ever) {
  Shared shared;
  auto store = shared.open();
  const auto keys = keys_of_one_group(2 * ShelfPlan::kSlotsOfGroup);
  for (std::size_t i = 0; i < ShelfPlan::kSlotsOfGroup; ++i)
    store->keep(Shelf::Sessions, keys[i], octets("v"), kMinute);
  auto file = assert_ok(CacheFile::open(shared.directory.file()));
  constexpr std::uint64_t seconds = 48;  // within a slot
  const std::uint64_t begin = group_of(Shelf::Sessions, keys.front());
  for (std::uint64_t at = begin; at < begin + group_size(Shelf::Sessions);
       at += plan_of(Shelf::Sessions).slot)
    ck_assert(file.write(at + seconds + 5, Bytes{1}));  // 34,865 years more
  ck_assert(!store->find(Shelf::Sessions, keys.front()));
  for (std::size_t i = ShelfPlan::kSlotsOfGroup; i < keys.size(); ++i)
    store->keep(Shelf::Sessions, keys[i], octets("v"), kMinute);
  for (std::size_t i = ShelfPlan::kSlotsOfGroup; i < keys.size(); ++i)
    ck_assert_msg(store->find(Shelf::Sessions, keys[i]).has_value(), "entry %zu", i);
}
END_TEST

START_TEST(taken_once) {
  Shared shared;
  constexpr int processes = 20, rounds = 50;
  auto store = shared.open();
  for (int round = 0; round < rounds; ++round) {
    store->keep(Shelf::Sessions, octets("ticket"), octets("t"), kMinute);
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i)
      children.push_back(in_a_process(
          [&] { return shared.open()->take(Shelf::Sessions, octets("ticket")) ? 1 : 0; }));
    int taken = 0;
    for (const auto child : children) taken += status_of(child);
    // Two that try at once may both go without, and the next has it.
    taken += store->take(Shelf::Sessions, octets("ticket")) ? 1 : 0;
    ck_assert_int_eq(taken, 1);
    ck_assert(!store->take(Shelf::Sessions, octets("ticket")));
  }
}
END_TEST

// What is read is something that was written under the key, whatever happens meanwhile.
START_TEST(killed_at_any_moment) {
  Shared shared;
  const std::string one(900, '1'), two(900, '2');
  for (int i = 0; i < 200; ++i) {
    const pid_t writer = in_a_process([&] {
      auto store = shared.open();
      for (;;) {
        store->keep(Shelf::Answers, octets("a"), octets(one), kMinute);
        store->keep(Shelf::Answers, octets("a"), octets(two), kMinute);
      }
      return 0;
    });
    auto store = shared.open();
    for (int reads = 0; reads < 20; ++reads) {
      const auto seen = found(*store, "a");
      ck_assert(seen == "-" || seen == one || seen == two);
      usleep(static_cast<useconds_t>(i));
    }
    kill(writer, SIGKILL);
    status_of(writer);
  }
  shared.open()->keep(Shelf::Answers, octets("a"), octets("3"), kMinute);
  assert_text(found(*shared.open(), "a"), "3");
}
END_TEST

START_TEST(the_disk_takes_no_more) {
  Shared shared;
  auto store = shared.open();
  store->keep(Shelf::Answers, octets("a"), octets("1"), kMinute);
  ck_assert_int_eq(
      status_of(in_a_process([&] {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit none{4096, 4096};
        setrlimit(RLIMIT_FSIZE, &none);
        store->keep(Shelf::Sessions, octets("b"), octets("2"), kMinute);
        return found(*store, "b", Shelf::Sessions) == "-" && found(*store, "a") == "1" ? 0 : 1;
      })),
      0);
}
END_TEST

// Outside a delivery nobody has taken the signal away.
START_TEST(beyond_the_limit_on_file_sizes) {
  Shared shared;
  shared.open()->keep(Shelf::Answers, octets("a"), octets("1"), kMinute);
  const auto kept_under = [&](rlim_t size) {
    return status_of(in_a_process([&] {
      signal(SIGXFSZ, SIG_DFL);
      const rlimit limit{size, size};
      setrlimit(RLIMIT_FSIZE, &limit);
      auto store = shared.open();
      store->keep(Shelf::Sessions, octets("b"), octets("2"), kMinute);
      return found(*store, "b", Shelf::Sessions) == "2" && found(*store, "a") == "1" ? 0 : 1;
    }));
  };
  ck_assert_int_eq(kept_under(4096), 1);
  ck_assert_int_eq(kept_under(RLIM_INFINITY), 0);
}
END_TEST

START_TEST(no_room_for_the_head) {
  Shared shared;
  ck_assert_int_eq(status_of(in_a_process([&] {
                     signal(SIGXFSZ, SIG_DFL);
                     const rlimit none{0, 0};
                     setrlimit(RLIMIT_FSIZE, &none);
                     shared.open()->keep(Shelf::Answers, octets("a"), octets("1"), kMinute);
                     return shared.said.find("File too large") == std::string::npos ? 1 : 0;
                   })),
                   0);
}
END_TEST

START_TEST(cut_short_while_it_is_used) {
  Shared shared;
  auto store = shared.open();
  store->keep(Shelf::Answers, octets("a"), octets("1"), kMinute);
  ck_assert_int_eq(truncate(shared.directory.file().c_str(), 0), 0);
  assert_text(found(*store, "a"), "-");
  store->keep(Shelf::Answers, octets("a"), octets("2"), kMinute);
  assert_text(found(*store, "a"), "2");
  assert_text(found(*shared.open(), "a"), "2");
  assert_text(shared.said, "");
}
END_TEST

START_TEST(removed_while_it_is_used) {
  Shared shared;
  auto store = shared.open();
  store->keep(Shelf::Answers, octets("a"), octets("1"), kMinute);
  ck_assert_int_eq(unlink(shared.directory.file().c_str()), 0);
  assert_text(found(*store, "a"), "1");
  assert_text(found(*shared.open(), "a"), "-");
}
END_TEST

START_TEST(told_once) {
  Shared shared;
  write_file(shared.directory.file(), "something else");
  auto store = shared.open();
  store->keep(Shelf::Answers, octets("a"), octets("1"), kMinute);
  assert_text(found(*store, "a"), "-");
  ck_assert(!store->take(Shelf::Answers, octets("a")));
  ck_assert_int_eq(std::count(shared.said.begin(), shared.said.end(), '\n'), 1);
}
END_TEST

START_TEST(off) {
  FileStore store("", [](const std::string&) { ck_abort_msg("said something"); });
  store.keep(Shelf::Answers, octets("a"), octets("1"), kMinute);
  assert_text(found(store, "a"), "-");
}
END_TEST

int main() {
  Suite* suite = suite_create("file_store");
  TCase* all = tcase_create("all");
  tcase_set_timeout(all, 50);
  for (const auto* test :
       {one_process_keeps_for_the_next, for_its_time, too_long_is_not_kept, a_long_key_is_found,
        a_full_group_gives_up_what_ends_first, damaged_slots_are_not_kept_for_ever, taken_once,
        killed_at_any_moment, the_disk_takes_no_more, beyond_the_limit_on_file_sizes,
        no_room_for_the_head, cut_short_while_it_is_used, removed_while_it_is_used, told_once, off})
    tcase_add_test(all, test);
  suite_add_tcase(suite, all);
  return run_suite(suite);
}
