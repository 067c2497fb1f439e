// SPDX-License-Identifier: MIT
// Write Uncorrectable, and the interval set that remembers it.
#include <set>

#include "emulator/nvm/executor_host.h"
#include "emulator/stores/crash_store.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;

TEST_CASE("an interval set is what a set of its numbers is, with neighbours joined") {
  IntervalSet intervals;
  std::set<uint64_t> numbers;
  uint64_t random = 1;
  for (int round = 0; round < 5000; round++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const uint64_t first = random >> 40 & 127;
    const uint64_t count = 1 + (random >> 50 & 15);
    const bool adds = (random >> 60 & 1) != 0;
    CHECK((adds ? intervals.add(first, count) : intervals.remove(first, count)));
    for (uint64_t n = first; n < first + count; n++) {
      if (adds) {
        numbers.insert(n);
      } else {
        numbers.erase(n);
      }
    }
    uint64_t covered = 0;
    uint64_t before = 0;
    for (const auto& [begin, last] : intervals.last_by_first()) {
      if (covered != 0) CHECK(begin > before + 1);
      covered += last - begin + 1;
      before = last;
    }
    REQUIRE(covered == numbers.size());
    for (uint64_t n = 0; n < 150; n++) REQUIRE(intervals.overlaps(n, 1) == numbers.contains(n));
  }
}

TEST_CASE("an interval set ends where numbers end") {
  IntervalSet intervals;
  CHECK(intervals.add(UINT64_MAX, 1));
  CHECK(intervals.add(0, 1));
  CHECK(intervals.add(UINT64_MAX - 1, 1));
  CHECK(intervals.last_by_first().size() == 2);
  CHECK(intervals.overlaps(UINT64_MAX, 1));
  CHECK(intervals.remove(UINT64_MAX - 1, 2));
  CHECK_FALSE(intervals.overlaps(1, UINT64_MAX));
}

TEST_CASE("a hostile host makes an interval set no larger than its bound") {
  IntervalSet intervals;
  for (uint64_t i = 0; i < IntervalSet::kIntervalsMax; i++) REQUIRE(intervals.add(i * 4, 3));
  CHECK_FALSE(intervals.add(1u << 20, 1));
  CHECK_FALSE(intervals.remove(1, 1));  // would split one in two
  CHECK(intervals.overlaps(1, 1));
  CHECK(intervals.last_by_first().size() == IntervalSet::kIntervalsMax);
  CHECK(intervals.add(3, 1));     // joins two
  CHECK(intervals.remove(9, 1));  // and now there is room for a split
  CHECK_FALSE(intervals.overlaps(9, 1));
  CHECK(intervals.remove(0, 1u << 20));
  CHECK(intervals.empty());
}

TEST_CASE("what is uncorrectable cannot be read until it is written or deallocated") {
  ExecutorHost host({}, 64);
  Bytes block = bytes_of(512, 4);
  REQUIRE(host.run(ExecutorHost::entry(write, 8, 1), block) == 0);
  REQUIRE(host.run(ExecutorHost::entry(write_uncorrectable, 8, 4)) == 0);
  Bytes three(3 * 512);
  for (const uint8_t opcode : {read, compare}) {
    CHECK(host.run(ExecutorHost::entry(opcode, 8, 1), block) ==
          spec::status::unrecovered_read_error);
    CHECK(host.run(ExecutorHost::entry(opcode, 6, 3), three) ==
          spec::status::unrecovered_read_error);
    CHECK((host.command.status_field & spec::status::dnr) != 0);
    CHECK(host.run(ExecutorHost::entry(opcode, 12, 1), block) !=
          spec::status::unrecovered_read_error);
  }
  CHECK(host.run(ExecutorHost::entry(verify, 0, 64)) == spec::status::unrecovered_read_error);
  CHECK(host.run(ExecutorHost::entry(verify, 0, 8)) == 0);
  REQUIRE(host.run(ExecutorHost::entry(write, 8, 1), block) == 0);
  CHECK(host.run(ExecutorHost::entry(read, 8, 1), block) == 0);
  REQUIRE(host.run(ExecutorHost::entry(write_zeroes, 9, 1)) == 0);
  REQUIRE(host.run(ExecutorHost::entry(write_zeroes, 10, 1, spec::write_zeroes_cdw12::deac.mask)) ==
          0);
  CHECK(host.run(ExecutorHost::entry(read, 8, 3), three) == 0);
  CHECK(host.run(ExecutorHost::entry(read, 11, 1), block) == spec::status::unrecovered_read_error);
  host.ns->write_protected = true;
  CHECK(host.run(ExecutorHost::entry(write_uncorrectable, 8, 4)) ==
        spec::status::namespace_is_write_protected);
}

TEST_CASE("a write or deallocation that fails leaves uncorrectable blocks as they were") {
  ExecutorHost host({}, 64, false);
  Bytes block = bytes_of(512, 4);
  REQUIRE(host.run(ExecutorHost::entry(write_uncorrectable, 8, 2)) == 0);
  REQUIRE(host.run(ExecutorHost::entry(write_uncorrectable, 11, 1)) == 0);
  const auto marked = host.ns->uncorrectable.last_by_first();
  Bytes blocks(6 * 512);
  host.store->fails = true;
  CHECK(host.run(ExecutorHost::entry(write, 7, 6), blocks) == spec::status::write_fault);
  CHECK(host.ns->uncorrectable.last_by_first() == marked);
  CHECK(host.run(ExecutorHost::entry(write_zeroes, 9, 1, spec::write_zeroes_cdw12::deac.mask)) ==
        spec::status::write_fault);
  CHECK(host.ns->uncorrectable.last_by_first() == marked);
  host.store->fails = false;
  CHECK(host.run(ExecutorHost::entry(write, 7, 6), blocks) == 0);
  CHECK(host.ns->uncorrectable.empty());
}

// Block 8 is uncorrectable, and a store works on a write of it.
struct Rewriting : TestHost {
  Rewriting() {
    auto held = std::make_unique<CrashStore>(std::vector<std::byte>(1 << 20));
    store = held.get();
    subsystem.add_namespace(make_nvm_namespace(std::move(held), 512, nullptr));
    enable();
    queue = create_pair(1, 8);
    page = allocate(4096);
    REQUIRE(run(write_uncorrectable) == 0);
    store->options.hold_writes = true;
    submit(queue, data_command(write, 1, 8, 1, page));
    step_all();
    REQUIRE(store->held_count() == 1);
  }
  uint16_t run(uint8_t opcode) {
    return status_of(execute(queue, data_command(opcode, 2, 8, 1, page)));
  }
  uint16_t status_of_write(int os_error) {
    store->end_oldest(os_error);
    store->options.hold_writes = false;
    step_all();
    return status_of(take_completion(queue));
  }
  CrashStore* store;
  HostQueue queue;
  uint64_t page;
};

TEST_CASE("an uncorrectable block cannot be read until what is written to it has landed") {
  Rewriting host;
  CHECK(host.run(read) == spec::status::unrecovered_read_error);
  CHECK(host.status_of_write(0) == 0);
  CHECK(host.run(read) == 0);
}

TEST_CASE("a block that is made uncorrectable while it is written stays so") {
  Rewriting host;
  REQUIRE(host.run(write_uncorrectable) == 0);
  CHECK(host.status_of_write(0) == 0);
  CHECK(host.run(read) == spec::status::unrecovered_read_error);
}

TEST_CASE("a write that a reset ends leaves an uncorrectable block uncorrectable") {
  Rewriting host;
  host.write32(spec::registers::cc, 0);
  host.store->end_oldest(5);
  host.store->options.hold_writes = false;
  host.step_all();
  host.enable();
  host.queue = host.create_pair(1, 8);
  CHECK(host.run(read) == spec::status::unrecovered_read_error);
  CHECK(host.subsystem.find_namespace(1)->unmarking.empty());
}

TEST_CASE("uncorrectable ranges beyond the bound are refused, and nothing else is") {
  ExecutorHost host({}, IntervalSet::kIntervalsMax * 4 + 8);
  for (uint64_t i = 0; i < IntervalSet::kIntervalsMax; i++) {
    REQUIRE(host.run(ExecutorHost::entry(write_uncorrectable, i * 4, 3)) == 0);
  }
  const uint64_t free = IntervalSet::kIntervalsMax * 4;
  CHECK(host.run(ExecutorHost::entry(write_uncorrectable, free + 1, 1)) ==
        spec::status::write_fault);
  Bytes block(512);
  CHECK(host.run(ExecutorHost::entry(write, free + 1, 1), block) == 0);
  CHECK(host.run(ExecutorHost::entry(write, 1, 1), block) == spec::status::write_fault);
  CHECK(host.run(ExecutorHost::entry(write, 0, 1), block) == 0);
}

}  // namespace
}  // namespace nvm::emulator
