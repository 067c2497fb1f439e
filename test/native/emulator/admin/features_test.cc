// SPDX-License-Identifier: MIT
// Features: every selection of each, what is refused, and what setting one does.
#include "emulator/admin/admin_host.h"
#include "emulator/controller_state.h"

namespace nvm::emulator {
namespace {

using namespace spec::feature;

constexpr uint32_t kCurrent = spec::feature_select::current;
constexpr uint32_t kDefault = spec::feature_select::default_value;
constexpr uint32_t kSaved = spec::feature_select::saved;
constexpr uint32_t kCapabilities = spec::feature_select::supported_capabilities;
constexpr uint32_t kSaveable = 1;
constexpr uint32_t kOfNamespace = 2;
constexpr uint32_t kChangeable = 4;

TEST_CASE("each feature says what can be done with it") {
  AdminHost host;
  struct Expected {
    uint8_t id;
    uint32_t capabilities;
  };
  constexpr Expected kExpected[] = {
      {arbitration, kSaveable | kChangeable},
      {power_management, kSaveable | kChangeable},
      {temperature_threshold, kSaveable | kChangeable},
      {error_recovery, kSaveable | kOfNamespace | kChangeable},
      {volatile_write_cache, kSaveable | kChangeable},
      {number_of_queues, kChangeable},
      {interrupt_coalescing, kSaveable | kChangeable},
      {interrupt_vector_configuration, kSaveable | kChangeable},
      {write_atomicity_normal, kSaveable | kChangeable},
      {asynchronous_event_configuration, kSaveable | kChangeable},
      {spec::feature::timestamp, kChangeable},
      {keep_alive_timer, kChangeable},
      {host_controlled_thermal_management, kSaveable | kChangeable},
      {non_operational_power_state_config, kSaveable | kChangeable},
      {host_behavior_support, kChangeable},
  };
  for (const Expected& expected : kExpected) {
    CAPTURE(expected.id);
    const auto entry = host.get_feature(expected.id, kCapabilities);
    CHECK(TestHost::status_of(entry) == 0);
    CHECK(entry.dw0 == expected.capabilities);
    if ((expected.capabilities & kSaveable) == 0) {
      CHECK(host.set_feature(expected.id, 1, true) ==
            spec::status::feature_identifier_not_saveable);
    }
    if ((expected.capabilities & kOfNamespace) == 0) {
      CHECK(host.set_feature(expected.id, 0, false, 1) ==
            spec::status::feature_not_namespace_specific);
    }
  }
  for (const uint8_t id : {lba_range_type, autonomous_power_state_transition, host_memory_buffer,
                           uint8_t{0}, uint8_t{0xc0}}) {
    CAPTURE(id);
    CHECK(TestHost::status_of(host.get_feature(id)) == spec::status::invalid_field);
    CHECK(host.set_feature(id, 0) == spec::status::invalid_field);
  }
}

TEST_CASE("a saved value survives a reset, a current one does not") {
  AdminHost host;
  REQUIRE(host.set_feature(arbitration, 0x01020304, true) == 0);
  REQUIRE(host.set_feature(arbitration, 0x05060702) == 0);
  CHECK(host.get_feature(arbitration, kCurrent).dw0 == 0x05060702);
  CHECK(host.get_feature(arbitration, kSaved).dw0 == 0x01020304);
  const uint32_t initial = host.get_feature(arbitration, kDefault).dw0;
  CHECK(initial != 0x01020304);
  REQUIRE(host.set_feature(write_atomicity_normal, 1) == 0);
  host.write32(spec::registers::cc, 0);
  host.enable();
  CHECK(host.get_feature(arbitration, kCurrent).dw0 == 0x01020304);
  CHECK(host.get_feature(arbitration, kDefault).dw0 == initial);
  CHECK(host.get_feature(write_atomicity_normal).dw0 == 0);
}

TEST_CASE("values that make no sense are refused") {
  AdminHost host;
  CHECK(host.set_feature(power_management, 1) == spec::status::invalid_field);
  CHECK(host.set_feature(power_management, 3 << 5) == spec::status::invalid_field);
  CHECK(host.set_feature(power_management, 2 << 5) == 0);
  CHECK(host.set_feature(error_recovery, 1 << 16, false, 1) == spec::status::invalid_field);
  CHECK(host.set_feature(interrupt_vector_configuration, 1000) == spec::status::invalid_field);
  CHECK(host.set_feature(temperature_threshold, 1 << 16) == spec::status::invalid_field);
  CHECK(host.set_feature(temperature_threshold, 2 << 20) == spec::status::invalid_field);
  CHECK(host.set_feature(host_controlled_thermal_management, 330u << 16 | 325) ==
        spec::status::invalid_field);
  CHECK(host.set_feature(host_controlled_thermal_management, 300) == spec::status::invalid_field);
  CHECK(host.set_feature(host_controlled_thermal_management, 325u << 16 | 330) == 0);
  CHECK(host.set_feature(non_operational_power_state_config, 1) == spec::status::invalid_field);
  CHECK(host.set_feature(number_of_queues, 0xffff) == spec::status::invalid_field);
}

TEST_CASE("error recovery belongs to a namespace") {
  AdminHost host;
  host.add_namespace(1 << 20);
  REQUIRE(host.set_feature(error_recovery, 7, false, 2) == 0);
  CHECK(host.get_feature(error_recovery, kCurrent, 0, 2).dw0 == 7);
  CHECK(host.get_feature(error_recovery, kCurrent, 0, 1).dw0 == 0);
  REQUIRE(host.set_feature(error_recovery, 9, false, 0xffffffff) == 0);
  CHECK(host.get_feature(error_recovery, kCurrent, 0, 1).dw0 == 9);
  CHECK(host.get_feature(error_recovery, kCurrent, 0, 2).dw0 == 9);
  CHECK(host.set_feature(error_recovery, 1) == spec::status::invalid_namespace_or_format);
  CHECK(host.set_feature(error_recovery, 1, false, 3) == spec::status::invalid_field);
  CHECK(TestHost::status_of(host.get_feature(error_recovery, kCurrent, 0, 0xffffffff)) ==
        spec::status::invalid_namespace_or_format);
}

TEST_CASE("without the write cache every write is flushed, and what was in it as well") {
  AdminHost host(0);
  ScriptedStore& store = host.add_namespace(1 << 20);
  HostQueue queue = host.create_pair(1, 8);
  const auto write = TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, host.page);
  REQUIRE(TestHost::status_of(host.execute(queue, write)) == 0);
  CHECK(store.flushes == 0);
  REQUIRE(host.set_feature(volatile_write_cache, 0) == 0);
  CHECK(store.flushes == 1);
  REQUIRE(TestHost::status_of(host.execute(queue, write)) == 0);
  CHECK(store.flushes == 2);
  REQUIRE(host.set_feature(volatile_write_cache, 1) == 0);
  REQUIRE(TestHost::status_of(host.execute(queue, write)) == 0);
  CHECK(store.flushes == 2);
}

TEST_CASE("thresholds of both kinds are kept apart, and a warm device says so") {
  AdminHost host;
  const uint32_t under = 1 << 20;
  CHECK(host.get_feature(temperature_threshold).dw0 == 343);
  CHECK(host.get_feature(temperature_threshold, kCurrent, under).dw0 == 0);
  REQUIRE(host.set_feature(asynchronous_event_configuration, 2) == 0);
  host.request_event(33);
  REQUIRE(host.set_feature(temperature_threshold, under | 200) == 0);
  CHECK(host.get_feature(temperature_threshold, kCurrent, under).dw0 == 200);
  CHECK_FALSE(host.has_completion(host.admin));
  const auto id = spec::log_page::smart_health_information;
  CHECK(host.log<spec::SmartLog>(id).critical_warning == 0);
  host.submit(host.admin,
              host.command(spec::admin_opcode::set_features, 0, temperature_threshold, 300));
  host.step_everything();
  const auto first = host.take_completion(host.admin);
  const auto second = host.take_completion(host.admin);
  CHECK((first.cid == 33 ? first : second).dw0 == (1u | 1u << 8 | uint32_t{id} << 16));
  CHECK(host.log<spec::SmartLog>(id).critical_warning == 2);
}

TEST_CASE("the timestamp counts on with the clock") {
  AdminHost host;
  auto& stamp = host.as<uint64_t>(host.page);
  REQUIRE(TestHost::status_of(host.get_feature(spec::feature::timestamp)) == 0);
  const uint64_t before = stamp;
  CHECK(before < 100);  // since the reset, and set by it
  host.clock.now += 5'000'000'000;
  REQUIRE(TestHost::status_of(host.get_feature(spec::feature::timestamp)) == 0);
  CHECK(stamp - before >= 5000);
  CHECK(stamp - before < 5100);  // the commands take a little
  stamp = 0xffff'0123'4567'89abu;
  REQUIRE(host.run(spec::admin_opcode::set_features, 0, spec::feature::timestamp) == 0);
  host.clock.now += 2'000'000'000;
  stamp = 0;
  REQUIRE(TestHost::status_of(host.get_feature(spec::feature::timestamp)) == 0);
  CHECK((stamp >> 48) == 2);
  const uint64_t since = (stamp & 0xffff'ffff'ffff) - 0x0123'4567'89abu;
  CHECK(since >= 2000);
  CHECK(since < 2100);
}

TEST_CASE("host behaviour is what the host said, and nothing but 0 and 1") {
  AdminHost host;
  auto& behavior = host.as<spec::HostBehaviorSupport>(host.page);
  behavior = {};
  behavior.acre = 1;
  REQUIRE(host.run(spec::admin_opcode::set_features, 0, host_behavior_support) == 0);
  behavior = {};
  REQUIRE(TestHost::status_of(host.get_feature(host_behavior_support)) == 0);
  CHECK(behavior.acre == 1);
  behavior.lbafee = 2;
  CHECK(host.run(spec::admin_opcode::set_features, 0, host_behavior_support) ==
        spec::status::invalid_field);
}

TEST_CASE("a vector is exempt from coalescing as long as the host wants") {
  AdminHost host;
  REQUIRE(host.set_feature(interrupt_vector_configuration, 3 | 1 << 16) == 0);
  CHECK(host.controller.state().vectors[3].coalescing_disabled);
  CHECK(host.get_feature(interrupt_vector_configuration, kCurrent, 3).dw0 == (3u | 1u << 16));
  CHECK(host.get_feature(interrupt_vector_configuration, kCurrent, 4).dw0 == 4);
  REQUIRE(host.set_feature(interrupt_vector_configuration, 3) == 0);
  CHECK_FALSE(host.controller.state().vectors[3].coalescing_disabled);
}

}  // namespace
}  // namespace nvm::emulator
