// SPDX-License-Identifier: MIT
// Devices whose timing is a known drive's.
#include "emulator/models/named_models.h"

#include <set>

#include "emulator/hot_add.h"
#include "emulator/running_device.h"
#include "emulator/saved_device.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;

constexpr uint64_t kGiB = 1ull << 30;

EmulatorOptions with_model(const char* name) {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 4 << 20;
  options.timing_model = name;
  return options;
}

std::string refusal_of(const EmulatorOptions& options) {
  auto made = make_emulated_device(options);
  REQUIRE_FALSE(made.ok());
  CHECK(made.status().failure().code == ErrorCode::Argument);
  return made.status().failure().detail;
}

TEST_CASE("p4800x: reads take 12 µs and writes 14 µs at least") {
  for (const auto& [opcode, latency_ns] :
       {std::pair{read, 12'000u}, {write, 14'000u}, {flush, 14'000u}, {compare, 12'000u}}) {
    CAPTURE(int{opcode});
    TestHost host;
    host.add_namespace(1 << 20, 512, find_named_model("p4800x")->make(1 << 20));
    host.enable();
    HostQueue queue = host.create_pair(1, 8);
    const uint64_t page = host.allocate(4096);
    const uint64_t start = host.clock.now;
    host.submit(queue, TestHost::data_command(opcode, 1, 0, 8, page));
    host.step_all();
    host.clock.now = start + latency_ns - 1;
    host.step_all();
    CHECK_FALSE(host.has_completion(queue));
    host.clock.now++;
    host.step_all();
    CHECK(TestHost::status_of(host.take_completion(queue)) == 0);
  }
}

TEST_CASE("p4800x: 2.4 GiB/s are read and 2.0 GiB/s written at most") {
  for (const auto& [opcode, rate] : {std::pair{read, 2.4 * kGiB}, {write, 2.0 * kGiB}}) {
    CAPTURE(int{opcode});
    auto model = find_named_model("p4800x")->make(kGiB);
    constexpr uint64_t kCount = 10'000;
    uint64_t at_ns = 0;
    for (uint64_t i = 0; i < kCount; i++) at_ns = model->schedule({opcode, 0, 131'072}, 0).at_ns;
    CHECK(static_cast<double>(at_ns) ==
          doctest::Approx(kCount * 131'072 * 1e9 / rate).epsilon(1e-6));
  }
}

TEST_CASE("p4800x: what is deallocated takes no bandwidth") {
  auto model = find_named_model("p4800x")->make(kGiB);
  CHECK(model->schedule({dataset_management, 0, kGiB}, 0).at_ns == 14'000);
  CHECK(model->schedule({write_zeroes, 0, kGiB, false, true}, 0).at_ns == 14'000);
  CHECK(model->schedule({write_zeroes, 0, kGiB}, 0).at_ns == 500'000'000);
}

TEST_CASE("every namespace of a device has a model of its own, and so have those made later") {
  EmulatorOptions options = with_model("970pro");
  options.namespaces = {{.byte_length = 4 << 20}, {.byte_length = 8 << 20}};
  auto made = make_emulated_device(options);
  REQUIRE(made.ok());
  Subsystem& subsystem = *made.value().subsystem;
  auto addition = std::make_shared<NamespaceAddition>();
  const Status refused = begin_adding_namespace(subsystem, {.byte_length = 1024 * kGiB}, addition);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().detail ==
        "the device's model is for namespaces of at most 1024 GiB in all; give a smaller size");
  REQUIRE(begin_adding_namespace(subsystem, {.byte_length = 1 << 20}, addition).ok());
  FakeClock clock;
  for (int i = 0; i < 10; i++) subsystem.step(clock);
  REQUIRE(addition->namespace_id == 3);
  std::set<const TimingModel*> models;
  subsystem.for_each_namespace([&](const Namespace& ns) { models.insert(ns.timing.get()); });
  CHECK(models.size() == 3);
  CHECK(models.count(nullptr) == 0);
}

TEST_CASE("what is too much for any device is not said to be too much for a model") {
  auto made = make_emulated_device(with_model(""));
  REQUIRE(made.ok());
  const Status refused =
      begin_adding_namespace(*made.value().subsystem, {.byte_length = UINT64_MAX - 511},
                             std::make_shared<NamespaceAddition>());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().detail ==
        "the namespaces of a device have less than 2^64 bytes in all; give a smaller size");
}

TEST_CASE("a device that is loaded takes the model that it is given, like any timing") {
  auto made = make_emulated_device(with_model("p4800x"));
  REQUIRE(made.ok());
  RunningDevice device(std::move(made.value()));
  DeviceSaving saving(device);
  REQUIRE(saving.begin());
  auto saved = saving.finish();
  REQUIRE(saved.ok());
  for (const char* name : {"", "970pro"}) {
    EmulatorOptions options;
    options.saved = std::make_shared<const std::vector<std::byte>>(saved.value());
    options.timing_model = name;
    auto loaded = make_emulated_device(options);
    REQUIRE(loaded.ok());
    const bool timed = loaded.value().subsystem->find_namespace(1)->timing != nullptr;
    CHECK(timed == (options.timing_model != ""));
  }
}

TEST_CASE("a model that there is not, that is not alone or that would take too much is refused") {
  CHECK(refusal_of(with_model("optane")) == "there is no model 'optane'; there are p4800x 970pro");
  EmulatorOptions both = with_model("p4800x");
  both.latency_ns = 1;
  CHECK(refusal_of(both).find("leave it out") != std::string::npos);
  EmulatorOptions large = with_model("970pro");
  large.namespaces[0].byte_length = 1024 * kGiB + 512;
  CHECK(refusal_of(large).find("at most 1024 GiB") != std::string::npos);
  EmulatorOptions capacity = with_model("970pro");
  capacity.capacity = 2048 * kGiB;
  CHECK(refusal_of(capacity).find("at most 1024 GiB") != std::string::npos);
  EmulatorOptions many = with_model("970pro");
  many.namespaces = {{.byte_length = 600 * kGiB}, {.byte_length = 600 * kGiB}};
  CHECK(refusal_of(many).find("at most 1024 GiB") != std::string::npos);
}

}  // namespace
}  // namespace nvm::emulator
