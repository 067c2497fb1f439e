// SPDX-License-Identifier: MIT
// The measured loop on the emulator: every block of a pass is moved, what fails or never completes
// ends it, a rate is kept.
#include "measure/loop.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "driver/controller.h"
#include "transport/open.h"

namespace nvm::test {
namespace {

constexpr uint64_t kBlock = 512;
constexpr uint64_t kBlocks = 1000;
constexpr uint64_t kMillisecond = kNanosecondsPerMillisecond;

// A controller with memory that mirrors its first blocks, and what a load counts into.
struct Bench {
  std::shared_ptr<Controller> controller;
  std::shared_ptr<DmaDescriptor> memory;
  std::array<std::vector<double>, 2> words{std::vector<double>(Histogram::kWords),
                                           std::vector<double>(Histogram::kWords)};
  std::array<double, 2> bytes{};
  std::array<double, 1> durations_ns{};
  int32_t stop = 0;

  Bench() {
    EmulatorOptions options;
    options.namespaces[0].byte_length = 16 << 20;
    auto transport = open_emulator(options);
    REQUIRE(transport.ok());
    auto opened = Controller::open(transport.value(), thread_waiter());
    REQUIRE(opened.ok());
    controller = opened.value();
    REQUIRE(controller->claim_admin().ok());
    auto allocated = controller->allocate(kBlocks * kBlock);
    REQUIRE(allocated.ok());
    memory = allocated.value();
  }

  static LoadOptions pass(bool writes) {
    LoadOptions options;
    options.namespace_id = 1;
    options.block_bytes = kBlock;
    options.blocks = kBlocks;
    options.source.block_count = kBlocks;
    options.source.writes_below = writes ? 1ull << 32 : 0;
    options.source.sizes = {{1, 1ull << 31}, {24, 1ull << 32}};
    options.source.in_turn = true;
    return options;
  }

  Status run(const LoadOptions& options, LoopTiming timing, uint32_t depth = 16) {
    QueuePairOptions pair_options;
    pair_options.depth = depth;
    auto pair = controller->create_queue_pair(pair_options);
    REQUIRE(pair.ok());
    REQUIRE(Load::fits(options, depth, memory->byte_length()));
    const std::array<double*, 2> histograms{words[0].data(), words[1].data()};
    std::vector<Load> loads;
    loads.emplace_back(pair.value(), memory, options, histograms, bytes.data());
    timing.stop = &stop;
    if (timing.timeout_ns == 0) timing.timeout_ns = 5000 * kMillisecond;
    Status status =
        run_loads(loads, timing, controller->transport(), thread_waiter(), durations_ns);
    if (status.ok()) CHECK(loads[0].outstanding() == 0);
    return status;
  }
};

LoopTiming without_end() {
  LoopTiming timing;
  timing.runtime_ns = UINT64_MAX;
  return timing;
}

}  // namespace

TEST_CASE("a pass writes every block, and another reads them back") {
  Bench bench;
  for (size_t i = 0; i < kBlocks * kBlock; i++) {
    bench.memory->bytes()[i] = static_cast<std::byte>(i * 7 + i / kBlock);
  }
  const std::vector<std::byte> expected(bench.memory->bytes(),
                                        bench.memory->bytes() + kBlocks * kBlock);
  REQUIRE(bench.run(Bench::pass(true), without_end()).ok());
  CHECK(bench.bytes[1] == kBlocks * kBlock);
  CHECK(bench.words[0][0] == 0);
  std::memset(bench.memory->bytes(), 0, kBlocks * kBlock);
  REQUIRE(bench.run(Bench::pass(false), without_end()).ok());
  CHECK(bench.bytes[0] == kBlocks * kBlock);
  CHECK(bench.words[0][0] == bench.words[1][0]);
  CHECK(std::equal(expected.begin(), expected.end(), bench.memory->bytes()));
  CHECK(bench.durations_ns[0] > 0);
}

TEST_CASE("a command that fails ends the loop with its status") {
  Bench bench;
  LoadOptions options = Bench::pass(false);
  options.namespace_id = 7;
  const Status status = bench.run(options, without_end());
  REQUIRE_FALSE(status.ok());
  CHECK(status.failure().code == ErrorCode::NvmeStatus);
}

TEST_CASE("a stop that came before the start moves nothing") {
  Bench bench;
  bench.stop = 1;
  REQUIRE(bench.run(Bench::pass(false), without_end()).ok());
  CHECK(bench.bytes[0] == 0);
}

TEST_CASE("time ends the loop, and what completes in the ramp does not count") {
  Bench bench;
  LoadOptions options = Bench::pass(false);
  options.blocks = UINT64_MAX;
  LoopTiming timing;
  timing.ramp_ns = 2 * kMillisecond;
  timing.runtime_ns = 2 * kMillisecond;
  REQUIRE(bench.run(options, timing).ok());
  CHECK(bench.durations_ns[0] >= 1.0 * kMillisecond);
  timing.ramp_ns = UINT64_MAX / 2;
  bench.stop = 1;
  bench.words[0].assign(Histogram::kWords, 0);
  REQUIRE(bench.run(options, timing).ok());
  CHECK(bench.words[0][0] == 0);
}

TEST_CASE("a ramp beyond all time counts nothing") {
  Bench bench;
  LoopTiming timing = without_end();
  timing.ramp_ns = UINT64_MAX;
  REQUIRE(bench.run(Bench::pass(false), timing).ok());
  CHECK(bench.words[0][0] == 0);
}

TEST_CASE("a rate is kept: as many commands as were due") {
  Bench bench;
  LoadOptions options = Bench::pass(false);
  options.blocks = UINT64_MAX;
  LoopTiming timing;
  timing.runtime_ns = 20 * kMillisecond;
  timing.interval_ns = 100'000;
  REQUIRE(bench.run(options, timing, 1).ok());
  CHECK(bench.words[0][0] >= 1);
  // Never more than were due when the last one that counts completed.
  CHECK(bench.words[0][0] <= bench.durations_ns[0] / timing.interval_ns + 2);
}

TEST_CASE("at a rate the first command comes after the phase of its queue") {
  Bench bench;
  LoadOptions options = Bench::pass(false);
  options.blocks = UINT64_MAX;
  LoopTiming timing;
  timing.runtime_ns = 10 * kMillisecond;
  timing.interval_ns = 1.0e9;
  REQUIRE(bench.run(options, timing).ok());
  CHECK(bench.words[0][0] == 1);
  options.phase_ns = 0.5e9;
  REQUIRE(bench.run(options, timing).ok());
  CHECK(bench.words[0][0] == 1);
}

TEST_CASE("measuring or not, all blocks are moved") {
  Bench bench;
  LoopTiming timing = without_end();
  timing.measures = false;
  REQUIRE(bench.run(Bench::pass(false), timing).ok());
  CHECK(bench.words[0][0] == 0);
  CHECK(bench.durations_ns[0] > 0);
}

TEST_CASE("memory that is too small does not fit") {
  LoadOptions options = Bench::pass(false);
  CHECK(Load::fits(options, 16, kBlocks * kBlock));
  CHECK_FALSE(Load::fits(options, 16, kBlocks * kBlock - 1));
  options.slot_bytes = 24 * kBlock;
  CHECK(Load::fits(options, 16, 16 * 24 * kBlock));
  CHECK_FALSE(Load::fits(options, 17, 16 * 24 * kBlock));
  options.slot_bytes = 23 * kBlock;
  CHECK_FALSE(Load::fits(options, 1, 1 << 20));
  options.source.sizes = {{1 << 20, 1ull << 32}};
  options.slot_bytes = 1ull << 40;
  CHECK_FALSE(Load::fits(options, 1, 1ull << 40));
}

}  // namespace nvm::test
