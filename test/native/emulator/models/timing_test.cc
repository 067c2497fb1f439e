// SPDX-License-Identifier: MIT
// Timing models on a virtual clock.
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kLatencyNs = 12'000;
constexpr uint64_t kBytesPerSecond = 12ull * (1ull << 30) / 5;  // 2.4 GiB/s

std::unique_ptr<TimingModel> drive() {
  return std::make_unique<LatencyBandwidthModel>(kLatencyNs, kBytesPerSecond);
}

TEST_CASE("at queue depth 1 a 4 KiB read completes after the latency, not a nanosecond earlier") {
  TestHost host;
  ScriptedStore& store = host.add_namespace(1 << 20, 512, drive());
  host.enable();
  HostQueue queue = host.create_pair(1, 8);
  const uint64_t page = host.allocate(4096);
  store.memory[0] = std::byte{5};
  for (int round = 0; round < 5; round++) {
    const uint64_t start = host.clock.now;
    host.submit(queue, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 8, page));
    host.step_all();
    CHECK(host.controller.next_event_ns() == start + kLatencyNs);
    CHECK(host.as<uint8_t>(page) == 5);  // the data moved at the beginning
    host.clock.now = start + kLatencyNs - 1;
    host.step_all();
    CHECK_FALSE(host.has_completion(queue));
    host.clock.now = start + kLatencyNs;
    host.step_all();
    CHECK(TestHost::status_of(host.take_completion(queue)) == 0);
    CHECK(host.controller.next_event_ns() == UINT64_MAX);
  }
}

// Nanoseconds that `count` transfers of `byte_length` take when `depth` are always outstanding.
uint64_t run_at_depth(unsigned depth, unsigned count, uint64_t byte_length) {
  TestHost host;
  host.add_namespace(1 << 20, 512, drive());
  host.enable();
  HostQueue queue = host.create_pair(1, 256);
  const uint64_t page = host.allocate(4096);
  const uint64_t start = host.clock.now;
  unsigned submitted = 0;
  unsigned completed = 0;
  while (completed < count) {
    while (submitted < count && submitted - completed < depth) {
      host.submit(queue, TestHost::data_command(spec::nvm_opcode::read, 0, 0,
                                                static_cast<uint32_t>(byte_length / 512), page));
      submitted++;
    }
    host.step_all();
    if (!host.has_completion(queue)) {
      REQUIRE(host.controller.next_event_ns() != UINT64_MAX);
      host.clock.now = host.controller.next_event_ns();
      host.step_all();
    }
    for (; host.has_completion(queue); completed++) host.take_completion(queue);
  }
  return host.clock.now - start;
}

TEST_CASE("latency and bandwidth both hold at every depth") {
  for (const uint64_t byte_length : {uint64_t{512}, uint64_t{4096}}) {
    for (const unsigned depth : {1u, 2u, 4u, 8u, 16u, 64u, 128u}) {
      CAPTURE(byte_length);
      CAPTURE(depth);
      constexpr unsigned kCount = 2000;
      const double seconds = static_cast<double>(run_at_depth(depth, kCount, byte_length)) / 1e9;
      const double per_second = kCount / seconds;
      const double by_latency = depth / (kLatencyNs / 1e9);
      const double by_bandwidth = static_cast<double>(kBytesPerSecond) / byte_length;
      const double bound = std::min(by_latency, by_bandwidth);
      CHECK(per_second <= bound * 1.0001);
      CHECK(per_second >= bound * 0.97);
    }
  }
}

TEST_CASE("the link's rate is kept to the nanosecond over many small commands") {
  LatencyBandwidthModel model(0, kBytesPerSecond);
  uint64_t at_ns = 0;
  constexpr uint64_t kCount = 100'000;
  for (uint64_t i = 0; i < kCount; i++) at_ns = model.schedule({2, 0, 512}, 0).at_ns;
  const double exact = static_cast<double>(kCount) * 512 * 1e9 / kBytesPerSecond;
  CHECK(static_cast<double>(at_ns) <= exact);
  CHECK(static_cast<double>(at_ns) > exact - 1);
}

TEST_CASE("an idle link gives no credit, and no bandwidth limit means latency only") {
  LatencyBandwidthModel model(0, 1'000'000'000);
  CHECK(model.schedule({2, 0, 1000}, 0).at_ns == 1000);
  CHECK(model.schedule({2, 0, 1000}, 50'000).at_ns == 51'000);
  LatencyBandwidthModel unlimited(700, 0);
  CHECK(unlimited.schedule({2, 0, 1 << 30}, 5).at_ns == 705);
  CHECK(unlimited.schedule({2, 0, 1 << 30}, 5).at_ns == 705);
}

// Refuses a command until its buffer is free again.
class BufferModel final : public TimingModel {
 public:
  Schedule schedule(const TimedCommand&, uint64_t now_ns) override {
    asked++;
    if (now_ns < free_at_ns) return {free_at_ns, true};
    free_at_ns = now_ns + 100;
    return {now_ns + 10, false};
  }
  uint64_t free_at_ns = 0;
  unsigned asked = 0;
};

TEST_CASE("a command that the model puts off is tried again, and its data moves only then") {
  TestHost host;
  ScriptedStore& store = host.add_namespace(1 << 20, 512, std::make_unique<BufferModel>());
  host.enable();
  HostQueue queue = host.create_pair(1, 8);
  const uint64_t page = host.allocate(4096);
  host.as<uint8_t>(page) = 1;
  const uint64_t start = host.clock.now;
  host.submit(queue, TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, page));
  host.submit(queue, TestHost::data_command(spec::nvm_opcode::write, 2, 1, 1, page));
  host.step_all();
  CHECK(store.memory[0] == std::byte{1});
  CHECK(store.memory[512] == std::byte{0});
  host.clock.now = start + 10;
  host.step_all();
  CHECK(host.take_completion(queue).cid == 1);
  CHECK(host.controller.next_event_ns() == start + 100);
  host.as<uint8_t>(page) = 2;
  host.clock.now = start + 100;
  host.step_all();
  CHECK(store.memory[512] == std::byte{2});
  host.clock.now = start + 110;
  host.step_all();
  CHECK(host.take_completion(queue).cid == 2);
}

TEST_CASE("commands due at the same time complete in the order they came") {
  TestHost host;
  host.add_namespace(1 << 20, 512, std::make_unique<LatencyBandwidthModel>(500, 0));
  host.enable();
  HostQueue queue = host.create_pair(1, 64);
  const uint64_t page = host.allocate(4096);
  for (uint16_t cid = 0; cid < 40; cid++) {
    host.submit(queue, TestHost::data_command(spec::nvm_opcode::read, cid, 0, 1, page));
  }
  host.step_all();
  host.clock.now += 500;
  host.step_all();
  for (uint16_t cid = 0; cid < 40; cid++) CHECK(host.take_completion(queue).cid == cid);
}

}  // namespace
}  // namespace nvm::emulator
