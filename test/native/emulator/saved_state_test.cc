// SPDX-License-Identifier: MIT
// A device that ends and begins again, and one that goes on elsewhere.
#include "emulator/saved_state.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "emulator/admin/admin_host.h"
#include "emulator/archive.h"
#include "emulator/emulated_device.h"
#include "emulator/records.h"

namespace nvm::emulator {
namespace {

struct TemporaryFolder {
  TemporaryFolder() {
    char name[] = "/tmp/peernvm-saved-XXXXXX";
    path = mkdtemp(name);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

EmulatorOptions image_in(const TemporaryFolder& folder) {
  EmulatorOptions options;
  options.image = folder.path + "/disk.img";
  options.namespaces[0].byte_length = 1 << 20;
  options.create = true;
  return options;
}

TEST_CASE("what a subsystem remembers is beside its image") {
  TemporaryFolder folder;
  EmulatorOptions options = image_in(folder);
  options.capacity = 4 << 20;
  {
    auto device = make_emulated_device(options);
    REQUIRE(device.ok());
    Subsystem& subsystem = *device.value().subsystem;
    add_controllers(device.value());
    Records& records = subsystem.records();
    records.saved_features[0][{spec::feature::arbitration, 0}] = 0x01020304;
    records.health.bytes_read = 12345;
    records.health.running = true;
    spec::SelfTestResult result{};
    result.dsts = 0x10;
    records.self_tests.results.push_back(result);
    records.sanitize.state = spec::sanitize_state::completed;
    records.sanitize.cdw10 = 0x1234;
    REQUIRE(subsystem.find_namespace(1)->uncorrectable.add(5, 3));
    subsystem.find_namespace(1)->shared = false;
    subsystem.save_soon();
  }
  CHECK(std::filesystem::exists(options.image + ".peernvm"));
  auto device = make_emulated_device(options);
  REQUIRE(device.ok());
  Subsystem& subsystem = *device.value().subsystem;
  const Records& records = subsystem.records();
  CHECK(records.health.power_cycles == 2);
  CHECK(records.health.unsafe_shutdowns == 1);
  CHECK(records.health.bytes_read == 12345);
  CHECK(records.self_tests.results.size() == 1);
  CHECK(records.sanitize.cdw10 == 0x1234);
  CHECK(subsystem.capacity() == 4 << 20);
  Namespace* ns = subsystem.find_namespace(1);
  REQUIRE(ns != nullptr);
  CHECK_FALSE(ns->shared);
  CHECK(ns->uncorrectable.overlaps(7, 1));
  CHECK_FALSE(ns->uncorrectable.overlaps(8, 1));
  PcieController& controller = add_controllers(device.value());
  CHECK(controller.read_register(spec::registers::vs, 4) == 0x20000);
}

TEST_CASE("an image that nobody used has nothing beside it") {
  TemporaryFolder folder;
  const EmulatorOptions options = image_in(folder);
  REQUIRE(make_emulated_device(options).ok());
  CHECK_FALSE(std::filesystem::exists(options.image + ".peernvm"));
}

TEST_CASE("the block size of a new image is remembered before anything else happens") {
  TemporaryFolder folder;
  EmulatorOptions options = image_in(folder);
  options.namespaces[0].lba_byte_length = 4096;
  REQUIRE(make_emulated_device(options).ok());
  EmulatorOptions plain;
  plain.image = options.image;
  auto device = make_emulated_device(plain);
  REQUIRE(device.ok());
  CHECK(device.value().subsystem->find_namespace(1)->format.data_byte_length() == 4096);
}

TEST_CASE("what is asked of an image that has been saved as something else is refused") {
  TemporaryFolder folder;
  EmulatorOptions options = image_in(folder);
  options.capacity = 4 << 20;
  options.namespaces = {{.byte_length = 1 << 20, .lba_byte_length = 4096},
                        {.byte_length = 2 << 20, .metadata_byte_length = 8}};
  REQUIRE(make_emulated_device(options).ok());
  REQUIRE(make_emulated_device(options).ok());  // what it is
  EmulatorOptions nothing;
  nothing.image = options.image;
  REQUIRE(make_emulated_device(nothing).ok());
  // "" unless the image is refused, which then stays as it is.
  const auto refusal = [&](auto change) {
    EmulatorOptions changed = options;
    change(changed);
    auto device = make_emulated_device(changed);
    if (device.ok()) return std::string();
    CHECK(device.status().failure().code == ErrorCode::Argument);
    CHECK(make_emulated_device(options).ok());
    return device.status().failure().detail;
  };
  CHECK(refusal([](EmulatorOptions& o) { o.namespaces[0].lba_byte_length = 512; }) ==
        "namespace 1 of " + options.image +
            " has block size 4096, not 512; leave the block size out, or delete " + options.image +
            ".peernvm to begin with a plain image");
  const auto says = [&](const char* what, auto change) {
    return refusal(change).find(what) != std::string::npos;
  };
  CHECK(says("namespace 1", [](auto& o) { o.namespaces[0].byte_length = 2 << 20; }));
  CHECK(says("has size 2097152, not 3145728; give the size that it has",
             [](auto& o) { o.namespaces[1].byte_length = 3 << 20; }));
  CHECK(says("metadata size 8, not 0", [](auto& o) { o.namespaces[1].metadata_byte_length = 0; }));
  CHECK(says("extended blocks 0, not 1", [](auto& o) { o.namespaces[1].extended = true; }));
  CHECK(says("protection 0, not 1", [](auto& o) { o.namespaces[1].protection_type = 1; }));
  CHECK(says(".img is not there; leave it and those after it out",
             [](auto& o) { o.namespaces.push_back({.byte_length = 1 << 20}); }));
  CHECK(says("capacity of 3145728 bytes, where the device has 4194304",
             [](auto& o) { o.capacity = 3 << 20; }));
}

TEST_CASE("sizes that no image can keep are refused before anything is made") {
  TemporaryFolder folder;
  EmulatorOptions options = image_in(folder);
  const auto refusal = [&](uint64_t second, uint64_t capacity) {
    options.namespaces = {{.byte_length = 1 << 20}, {.byte_length = second}};
    options.capacity = capacity;
    auto device = make_emulated_device(options);
    REQUIRE_FALSE(device.ok());
    CHECK(std::filesystem::is_empty(folder.path));
    return device.status().failure();
  };
  Failure failure = refusal(1'000'000, 0);
  CHECK(failure.code == ErrorCode::Range);
  CHECK(failure.detail ==
        "namespace 2 has 1000000 bytes, which is not a multiple of 512; give it 1000448");
  CHECK(refusal(0, 0).detail == "namespace 2 has no size; give it one");
  failure = refusal(1'000'448, 2'049'023);
  CHECK(failure.code == ErrorCode::Argument);
  CHECK(failure.detail ==
        "a capacity of 2049023 bytes, where the device has 2049024; leave the capacity out, or "
        "give more");
  options.capacity = 2'049'024;
  for (int start = 1; start <= 2; start++) {
    CAPTURE(start);
    CHECK(make_emulated_device(options).ok());
  }
}

TEST_CASE("what a plain image has no size for is refused before anything is made beside it") {
  TemporaryFolder folder;
  REQUIRE(make_emulated_device(image_in(folder)).ok());
  EmulatorOptions options;
  options.image = folder.path + "/disk.img";
  const auto refusal = [&] {
    auto device = make_emulated_device(options);
    REQUIRE_FALSE(device.ok());
    const auto files = std::filesystem::directory_iterator(folder.path);
    CHECK(std::distance(begin(files), end(files)) == 1);
    return device.status().failure();
  };
  options.namespaces = {{.metadata_byte_length = 8}, {.byte_length = 1 << 20}};
  options.capacity = (2 << 20) - 512;
  CHECK(refusal().code == ErrorCode::Argument);
  CHECK(refusal().detail.starts_with("a capacity of 2096640 bytes, where the device has 2097152;"));
  options.capacity = 0;
  options.namespaces[1] = {.byte_length = 4096 + 512, .lba_byte_length = 4096};
  CHECK(refusal().code == ErrorCode::Range);
  CHECK(refusal().detail ==
        "namespace 2 has 4608 bytes, which is not a multiple of 4096; give it 8192");
  options.namespaces[1].byte_length = 8192;
  CHECK(make_emulated_device(options).ok());
}

// Goes on with the host's memory and queues in another subsystem.
struct Successor {
  explicit Successor(AdminHost& host, uint64_t byte_length) : subsystem(Identity{}) {
    auto store = std::make_unique<ScriptedStore>(byte_length);
    memcpy(store->memory.data(), host.subsystem.find_namespace(1)->store->bytes(), byte_length);
    subsystem.add_namespace(make_nvm_namespace(std::move(store), 512, nullptr));
    controller = &subsystem.add_controller({});
    REQUIRE(
        controller->domain().add({kMemoryAddress, 24 << 20, host.at(kMemoryAddress), false, true}));
  }
  void ring(uint32_t index, uint32_t value) {
    controller->write_register(kDoorbellOffset + index * 4, value, 4);
  }
  void step_all(FakeClock& clock) {
    for (int i = 0; i < 1000 && subsystem.step(clock); i++) {
    }
  }
  Subsystem subsystem;
  PcieController* controller;
};

TEST_CASE("a device that is loaded elsewhere goes on where the first one stopped") {
  AdminHost host;
  HostQueue queue = host.create_pair(2, 5);
  REQUIRE(host.set_feature(spec::feature::arbitration, 0x01020303) == 0);
  host.request_event(77);
  const uint64_t data = host.allocate(4096);
  for (uint16_t cid = 0; cid < 7; cid++) {
    memset(host.at(data), cid + 1, 512);
    REQUIRE(TestHost::status_of(host.execute(
                queue, TestHost::data_command(spec::nvm_opcode::write, cid, cid, 1, data))) == 0);
  }
  // Rung, and not looked at by the first device.
  const uint64_t read = host.allocate(4096);
  host.submit(queue, TestHost::data_command(spec::nvm_opcode::read, 100, 3, 1, read));
  host.subsystem.hold_fetching(true);
  host.step_everything();
  auto saved = save_device(host.subsystem);
  REQUIRE(saved.ok());
  Successor next(host, 1 << 20);
  REQUIRE(load_device(next.subsystem, saved.value()).ok());
  CHECK(next.subsystem.records().health.power_cycles == 1);
  CHECK(next.subsystem.records().health.write_commands == 7);
  CHECK(next.controller->read_register(spec::registers::csts, 4) == 1);
  CHECK(next.controller->read_register(spec::registers::asq, 8) == host.admin.sq_address);
  next.step_all(host.clock);
  CHECK(host.take_completion(queue, false).cid == 100);
  next.ring(2u * queue.id + 1, queue.head);
  CHECK(host.as<uint8_t>(read) == 4);
  // The admin queue goes on as well, and the parked request is there.
  host.place(host.admin,
             host.command(spec::admin_opcode::get_features, 0, spec::feature::arbitration));
  next.ring(0, host.admin.tail);
  next.step_all(host.clock);
  CHECK(host.take_completion(host.admin, false).dw0 == 0x01020303);
  spec::SubmissionQueueEntry abort{};
  abort.opc = spec::admin_opcode::abort;
  abort.cdw10 = 77u << 16;
  host.place(host.admin, abort);
  next.ring(0, host.admin.tail);
  next.step_all(host.clock);
  CHECK(host.take_completion(host.admin, false).cid == 77);
}

TEST_CASE("a write cache that is off stays off elsewhere") {
  AdminHost host;
  REQUIRE(host.set_feature(spec::feature::volatile_write_cache, 0) == 0);
  auto saved = save_device(host.subsystem);
  REQUIRE(saved.ok());
  Successor next(host, 1 << 20);
  REQUIRE(load_device(next.subsystem, saved.value()).ok());
  CHECK(next.subsystem.find_namespace(1)->write_through);
}

TEST_CASE("commands that wait for room or for a time are completed by the successor") {
  AdminHost host(0);
  host.add_namespace(1 << 20, 512, std::make_unique<LatencyBandwidthModel>(1'000'000, 0));
  HostQueue queue = host.make_queue(1, 8);
  HostQueue small = host.make_queue(2, 2);
  REQUIRE(host.create_cq(small) == 0);
  REQUIRE(host.create_sq(queue, 2) == 0);
  const uint64_t page = host.allocate(4096);
  const auto submit = [&](uint16_t cid) {
    host.submit(queue, TestHost::data_command(spec::nvm_opcode::read, cid, 0, 1, page));
    while (host.subsystem.step(host.clock)) {
    }
  };
  submit(0);
  submit(1);
  host.clock.now += 1'000'000;
  while (host.subsystem.step(host.clock)) {
  }
  const uint32_t first_head = small.head;
  REQUIRE(host.take_completion(small, false).cid == 0);  // the other has no room
  REQUIRE_FALSE(host.has_completion(small));
  auto saved = save_controllers(host.subsystem);
  REQUIRE(saved.ok());
  Successor next(host, 1 << 20);
  REQUIRE(load_controllers(next.subsystem, saved.value()).ok());
  next.step_all(host.clock);
  CHECK_FALSE(host.has_completion(small));
  CHECK(small.head != first_head);
  next.ring(2u * small.id + 1, small.head);
  next.step_all(host.clock);
  CHECK(host.take_completion(small, false).cid == 1);
}

TEST_CASE("a command that waits for its time completes in time elsewhere") {
  AdminHost host(0);
  host.add_namespace(1 << 20, 512, std::make_unique<LatencyBandwidthModel>(1'000'000, 0));
  HostQueue queue = host.create_pair(1, 8);
  host.clock.now += 600'000;
  const uint64_t page = host.allocate(4096);
  host.submit(queue, TestHost::data_command(spec::nvm_opcode::read, 9, 0, 1, page));
  while (host.subsystem.step(host.clock)) {
  }
  auto saved = save_controllers(host.subsystem);
  REQUIRE(saved.ok());
  Successor next(host, 1 << 20);
  next.step_all(host.clock);
  REQUIRE(load_controllers(next.subsystem, saved.value()).ok());
  next.step_all(host.clock);
  CHECK_FALSE(host.has_completion(queue));
  host.clock.now += 1'000'000;
  next.step_all(host.clock);
  CHECK(host.take_completion(queue, false).cid == 9);
}

TEST_CASE("a device is not saved while commands are under way") {
  AdminHost host(0);
  ScriptedStore& store = host.add_namespace(1 << 20);
  HostQueue queue = host.create_pair(1, 8);
  store.hold_flushes = true;
  spec::SubmissionQueueEntry flush{};
  flush.opc = spec::nvm_opcode::flush;
  flush.nsid = 1;
  host.submit(queue, flush);
  host.step_everything();
  CHECK_FALSE(save_controllers(host.subsystem).ok());
  store.end_flushes(Progress::Done);
  host.step_everything();
  CHECK(save_controllers(host.subsystem).ok());
}

TEST_CASE("what cannot be a controller's state is refused") {
  AdminHost host;
  auto saved = save_controllers(host.subsystem);
  REQUIRE(saved.ok());
  Successor next(host, 1 << 20);
  next.subsystem.add_controller({});
  CHECK_FALSE(load_controllers(next.subsystem, saved.value()).ok());
  saved.value()[20] ^= std::byte{1};
  Successor other(host, 1 << 20);
  CHECK_FALSE(load_controllers(other.subsystem, saved.value()).ok());
}

// Archives with a right checksum whose values somebody has changed.
std::vector<std::byte> changed(const std::vector<std::byte>& archive, size_t at, uint64_t value,
                               size_t byte_length) {
  constexpr size_t kEnvelopeBytes = 20;
  constexpr size_t kChecksumBytes = 4;
  std::vector<std::byte> body(archive.begin() + kEnvelopeBytes, archive.end() - kChecksumBytes);
  memcpy(body.data() + at, &value, byte_length);
  ArchiveWriter writer;
  writer.bytes(body);
  return writer.finish();
}

// Where `value` is in the body of an archive.
size_t find_value(const std::vector<std::byte>& archive, uint64_t value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  const auto found = std::search(archive.begin() + 20, archive.end(), bytes, bytes + sizeof(value));
  REQUIRE(found != archive.end());
  return static_cast<size_t>(found - archive.begin()) - 20;
}

TEST_CASE("a queue that no host can have made is refused") {
  AdminHost host;
  const HostQueue queue = host.create_pair(2, 5);
  const HostQueue other = host.create_pair(3, 5);
  auto saved = save_controllers(host.subsystem);
  REQUIRE(saved.ok());
  // Of each queue: id, address, entries, head, tail, doorbell, phase, vector, interrupts,
  // completion queue, priority.
  const size_t sq = find_value(saved.value(), queue.sq_address);
  const size_t cq = find_value(saved.value(), queue.cq_address);
  const auto loads = [&](size_t at, uint64_t value, size_t byte_length) {
    Successor next(host, 1 << 20);
    return load_controllers(next.subsystem, changed(saved.value(), at, value, byte_length)).ok();
  };
  CHECK(loads(sq, queue.sq_address, 8));
  CHECK_FALSE(loads(sq - 2, other.id, 2));  // twice the same
  CHECK_FALSE(loads(cq - 2, other.id, 2));
  CHECK_FALSE(loads(sq, queue.sq_address + 8, 8));  // not at the beginning of a page
  CHECK_FALSE(loads(cq, queue.cq_address + 8, 8));
  CHECK_FALSE(loads(sq + 8, 1, 4));  // one entry, and more than there may be
  CHECK_FALSE(loads(cq + 8, 0x10001, 4));
  CHECK_FALSE(loads(cq + 24, 2, 2));  // a phase that is no bit
  CHECK_FALSE(loads(sq + 31, 4, 1));  // a class that does not exist
}

TEST_CASE("shadow doorbells that are not at the beginning of a page are refused") {
  AdminHost host;
  const uint64_t pages = host.allocate(2 * 4096);
  spec::SubmissionQueueEntry sqe{};
  sqe.opc = spec::admin_opcode::doorbell_buffer_config;
  sqe.prp1 = pages;
  sqe.prp2 = pages + 4096;
  REQUIRE(TestHost::status_of(host.execute_admin(sqe)) == 0);
  auto saved = save_controllers(host.subsystem);
  REQUIRE(saved.ok());
  const size_t at = find_value(saved.value(), pages);
  Successor next(host, 1 << 20);
  CHECK(load_controllers(next.subsystem, saved.value()).ok());
  Successor another(host, 1 << 20);
  CHECK_FALSE(load_controllers(another.subsystem, changed(saved.value(), at, pages - 2, 8)).ok());
}

TEST_CASE("a self-test or a sanitize operation that cannot be is refused") {
  const auto loads = [](auto change) {
    Subsystem before{Identity{}};
    before.records().self_tests.running = spec::self_test_code::short_test;
    change(before.records());
    Subsystem after{Identity{}};
    return load_records(after, save_records(before)).ok();
  };
  CHECK(loads([](Records&) {}));
  CHECK_FALSE(loads([](Records& r) { r.self_tests.controller_id = kControllersMax; }));
  CHECK_FALSE(loads([](Records& r) { r.self_tests.running = 3; }));
  CHECK_FALSE(loads([](Records& r) { r.self_tests.percent = 101; }));
  CHECK_FALSE(loads([](Records& r) { r.self_tests.results.resize(kSelfTestResultsMax + 1); }));
  CHECK_FALSE(loads([](Records& r) { r.sanitize.state = 5; }));
}

TEST_CASE("options that cannot be are refused with a reason") {
  const auto refused = [](auto change, ErrorCode code = ErrorCode::Argument) {
    EmulatorOptions options;
    options.namespaces[0].byte_length = 1 << 20;
    change(options);
    auto device = make_emulated_device(options);
    return !device.ok() && device.status().failure().code == code;
  };
  CHECK(refused([](EmulatorOptions& o) { o.namespaces[0].lba_byte_length = 1024; }));
  CHECK(refused([](EmulatorOptions& o) { o.capacity = 1 << 19; }));
  CHECK(refused([](EmulatorOptions& o) { o.controllers = 0; }, ErrorCode::Range));
  CHECK(refused([](EmulatorOptions& o) { o.controllers = 65; }, ErrorCode::Range));
  CHECK(refused([](EmulatorOptions& o) { o.model = std::string(41, 'm'); }));
  CHECK(refused([](EmulatorOptions& o) { o.firmware = "123456789"; }));
  CHECK(refused([](EmulatorOptions& o) { o.limits.queue_entries_max = 1; }, ErrorCode::Range));
  CHECK(refused([](EmulatorOptions& o) { o.namespaces.resize(2); }));
  CHECK(refused([](EmulatorOptions& o) { o.namespaces.clear(); }));
  CHECK(refused([](EmulatorOptions& o) {
    o.namespaces.push_back({.byte_length = 4096, .metadata_byte_length = 16});
  }));
  CHECK(refused([](EmulatorOptions& o) {
    o.namespaces.push_back({.byte_length = 4096, .protection_type = 1});
  }));
}

TEST_CASE("namespaces in the formats that were asked for, in memory and beside an image") {
  TemporaryFolder folder;
  for (const bool in_memory : {true, false}) {
    EmulatorOptions options;
    if (!in_memory) options.image = folder.path + "/several.img";
    options.create = true;
    options.controllers = 3;
    options.namespaces = {{.byte_length = 1 << 20},
                          {.byte_length = 2 << 20,
                           .lba_byte_length = 4096,
                           .metadata_byte_length = 8,
                           .protection_type = 1}};
    auto device = make_emulated_device(options);
    REQUIRE(device.ok());
    add_controllers(device.value());
    const Subsystem& subsystem = *device.value().subsystem;
    CHECK(subsystem.controller_count() == 3);
    REQUIRE(subsystem.namespace_count() == 2);
    CHECK(subsystem.find_namespace(2)->format.lba_format == 3);
    CHECK(subsystem.find_namespace(2)->block_count() == 512);
    CHECK(subsystem.capacity() == 3 << 20);
  }
  CHECK(std::filesystem::exists(folder.path + "/several.img.ns2.meta"));
}

}  // namespace
}  // namespace nvm::emulator
