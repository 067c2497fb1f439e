// SPDX-License-Identifier: MIT
// A device at work as bytes, and a device made of bytes.
#include "emulator/saved_device.h"

#include <filesystem>

#include "emulator/archive.h"
#include "emulator/records.h"
#include "emulator/running_device.h"
#include "emulator/saved_state.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

std::shared_ptr<RunningDevice> start(const EmulatorOptions& options) {
  auto made = make_emulated_device(options);
  REQUIRE(made.ok());
  return std::make_shared<RunningDevice>(std::move(made.value()));
}

std::vector<std::byte> save(RunningDevice& device) {
  DeviceSaving saving(device);
  REQUIRE(saving.begin());
  auto saved = saving.finish();
  REQUIRE(saved.ok());
  return saved.value();
}

EmulatorOptions loading(std::vector<std::byte> saved) {
  EmulatorOptions options;
  options.saved = std::make_shared<const std::vector<std::byte>>(std::move(saved));
  return options;
}

ErrorCode refusal_of(const EmulatorOptions& options) {
  auto made = make_emulated_device(options);
  REQUIRE_FALSE(made.ok());
  return made.status().failure().code;
}

EmulatorOptions in_memory() {
  EmulatorOptions options;
  options.namespaces = {{.byte_length = 1 << 20},
                        {.byte_length = 2 << 20,
                         .lba_byte_length = 4096,
                         .metadata_byte_length = 8,
                         .protection_type = 1}};
  options.controllers = 3;
  options.namespaces_max = 7;
  options.serial = "S1";
  options.limits.mdts = 3;
  return options;
}

TEST_CASE("a device in memory is saved with all that makes it up") {
  auto device = start(in_memory());
  {
    Runner::Pause pause(device->runner());
    Subsystem& subsystem = pause.subsystem();
    subsystem.find_namespace(1)->store->bytes()[777] = std::byte{7};
    subsystem.find_namespace(2)->store->bytes()[(2 << 20) - 1] = std::byte{8};
    subsystem.find_namespace(2)->metadata_store->bytes()[5] = std::byte{9};
    subsystem.records().health.power_cycles = 5;
    subsystem.records().health.running = true;
    subsystem.records().saved_features[0][{spec::feature::arbitration, 0}] = 0x01020304;
  }
  const std::vector<std::byte> saved = save(*device);
  CHECK(saved.size() < 4 * (64 << 10));  // zeroes are left out
  auto loaded = start(loading(saved));
  const EmulatorOptions description = loaded->description();
  CHECK(description.serial == "S1");
  CHECK(description.controllers == 3);
  CHECK(description.namespaces_max == 7);
  CHECK(description.limits.mdts == 3);
  {
    Runner::Pause pause(loaded->runner());
    Subsystem& subsystem = pause.subsystem();
    REQUIRE(subsystem.namespace_count() == 2);
    CHECK(subsystem.find_namespace(1)->store->bytes()[777] == std::byte{7});
    CHECK(subsystem.find_namespace(2)->store->bytes()[(2 << 20) - 1] == std::byte{8});
    CHECK(subsystem.find_namespace(2)->metadata_store->bytes()[5] == std::byte{9});
    CHECK(subsystem.find_namespace(2)->format.protection_type == 1);
    CHECK(subsystem.records().health.power_cycles == 5);  // it was not without power
    CHECK(subsystem.records().health.unsafe_shutdowns == 0);
    CHECK(subsystem.records().saved_features[0][{spec::feature::arbitration, 0}] == 0x01020304);
  }
  CHECK(save(*loaded).size() == saved.size());
}

TEST_CASE("a device over an image is saved without its data, and finds it there again") {
  char folder[] = "/tmp/peernvm-saved-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  EmulatorOptions options;
  options.image = std::string(folder) + "/disk.img";
  options.namespaces[0].byte_length = 1 << 20;
  options.create = true;
  std::vector<std::byte> saved;
  {
    auto device = start(options);
    Runner::Pause(device->runner()).subsystem().find_namespace(1)->store->bytes()[3] = std::byte{4};
    saved = save(*device);
    CHECK(refusal_of(loading(saved)) == ErrorCode::Argument);
  }
  EmulatorOptions again = loading(saved);
  again.image = options.image;
  {
    auto loaded = start(again);
    Runner::Pause pause(loaded->runner());
    CHECK(pause.subsystem().find_namespace(1)->store->bytes()[3] == std::byte{4});
    CHECK(refusal_of(again) == ErrorCode::Busy);
  }
  std::filesystem::resize_file(options.image, 2 << 20);
  CHECK(refusal_of(again) == ErrorCode::Image);
  EmulatorOptions unwanted = loading(save(*start(in_memory())));
  unwanted.image = options.image;
  CHECK(refusal_of(unwanted) == ErrorCode::Argument);
  std::filesystem::remove_all(folder);
}

TEST_CASE("what cannot be a saved device is refused") {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 1 << 20;
  auto device = start(options);
  Runner::Pause(device->runner()).subsystem().find_namespace(1)->store->bytes()[0] = std::byte{1};
  const std::vector<std::byte> saved = save(*device);
  SUBCASE("damaged or torn anywhere") {
    for (size_t at = 0; at < saved.size(); at += 97) {
      std::vector<std::byte> damaged = saved;
      damaged[at] ^= std::byte{1};
      CHECK(refusal_of(loading(damaged)) == ErrorCode::State);
      damaged.resize(at);
      CHECK(refusal_of(loading(damaged)) == ErrorCode::State);
    }
  }
  SUBCASE("of something else") {
    Runner::Pause pause(device->runner());
    CHECK(refusal_of(loading(save_records(pause.subsystem()))) == ErrorCode::State);
  }
  SUBCASE("with data that its namespace has no room for") {
    ArchiveWriter writer;
    writer.section(archive_tag("WHOL"), 1, [&](uint32_t) {
      for (int i = 0; i < 3; i++) writer.string("x");
      writer.u16(1);
      writer.u32(1);
      writer.u16(1);
      writer.u32(16);
      writer.u8(5);
      writer.u16(1);
      writer.boolean(true);
      writer.blob({});
      writer.u32(1);
      writer.u32(1);
      writer.boolean(false);
      writer.u64(4096);
      writer.u64(4000);
      writer.blob(std::vector<std::byte>(97));
      writer.u64(4096);
    });
    auto refused = read_saved_device(writer.finish());
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.status().failure().detail == "data lies beyond the end of its namespace");
  }
}

TEST_CASE("a save waits for commands under way, holds back new ones, and lets them go") {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 1 << 20;
  auto device = start(options);
  Subsystem& subsystem = Runner::Pause(device->runner()).subsystem();
  {
    DeviceSaving saving(*device);
    {
      Runner::Pause pause(device->runner());
      CHECK(subsystem.holds_fetching());
      subsystem.changing_namespaces = true;
    }
    CHECK_FALSE(saving.begin());
    Runner::Pause(device->runner()).subsystem().changing_namespaces = false;
    CHECK(saving.begin());
    Runner::Pause pause(device->runner());
    CHECK(subsystem.find_namespace(1)->in_flight == 1);  // it cannot go while it is copied
  }
  Runner::Pause pause(device->runner());
  CHECK_FALSE(subsystem.holds_fetching());
  CHECK(subsystem.find_namespace(1)->in_flight == 0);
}

}  // namespace
}  // namespace nvm::emulator
