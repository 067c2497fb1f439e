// SPDX-License-Identifier: MIT
// The thread around a subsystem: it does what is rung, parks when there is nothing, wakes, and
// gives the baton away. The host is another thread, so these tests also see what the two may see of
// each other.
#include "emulator/runner.h"

#include <sched.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "emulator/stores/file_store.h"
#include "emulator/test_host.h"
#include "platform/ordering.h"

namespace nvm::emulator {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

template <class Done>
bool wait_for(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// A subsystem prepared by stepping it here, then handed to a runner.
struct Device {
  explicit Device(std::unique_ptr<Store> store, std::unique_ptr<TimingModel> timing = nullptr,
                  bool interrupts = false)
      : owned(std::make_unique<Subsystem>(Identity{})),
        controller(owned->add_controller({})),
        memory(1 << 20) {
    owned->add_namespace(make_nvm_namespace(std::move(store), 512, std::move(timing)));
    first = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(memory.data()) + 4095) &
                                         ~uintptr_t{4095});
    REQUIRE(controller.domain().add({kMemoryAddress, (1 << 20) - 4096, first, false, true}));
    controller.write_register(spec::registers::aqa, 0x000f000f, 4);
    controller.write_register(spec::registers::asq, kMemoryAddress, 8);
    controller.write_register(spec::registers::acq, kMemoryAddress + 0x1000, 8);
    controller.write_register(spec::registers::cc, kEnable, 4);
    auto* admin = reinterpret_cast<spec::SubmissionQueueEntry*>(first);
    admin[0].opc = spec::admin_opcode::create_io_completion_queue;
    admin[0].prp1 = kMemoryAddress + 0x2000;
    admin[0].cdw10 = 1 | (kEntries - 1) << 16;
    admin[0].cdw11 = interrupts ? 3 : 1;
    admin[1].opc = spec::admin_opcode::create_io_submission_queue;
    admin[1].prp1 = kMemoryAddress + 0x3000;
    admin[1].cdw10 = 1 | (kSubmissionEntries - 1) << 16;
    admin[1].cdw11 = 1 | 1 << 16;
    ring(0, 2);
    FakeClock clock;
    while (owned->step(clock)) {
    }
    runner = std::make_unique<Runner>(std::move(owned));
  }

  void ring(uint32_t index, uint32_t value) {
    auto* doorbells = reinterpret_cast<uint32_t*>(controller.bar() + kDoorbellOffset);
    std::atomic_ref<uint32_t>(doorbells[index]).store(value, std::memory_order_seq_cst);
  }
  void submit(uint16_t cid, uint8_t opcode = 0) {
    auto& sqe = reinterpret_cast<spec::SubmissionQueueEntry*>(first + 0x3000)[tail];
    sqe = TestHost::data_command(opcode, cid, 0, 1, kMemoryAddress + 0x8000);
    tail = (tail + 1) % kSubmissionEntries;
    ring(2, tail);
  }
  // As a client of ours does: ring, then look whether the device sleeps.
  void submit_and_wake(uint16_t cid, uint8_t opcode = 0) {
    submit(cid, opcode);
    if (controller.sleeping().load(std::memory_order_seq_cst) != 0) runner->wake();
  }
  // The last dword of the next entry, acquired; false while its phase tag is old.
  bool poll(spec::CompletionQueueEntry& entry) {
    auto* at = first + 0x2000 + head * sizeof(entry);
    auto& last = *reinterpret_cast<uint32_t*>(at + 12);
    const uint32_t word = std::atomic_ref<uint32_t>(last).load(std::memory_order_acquire);
    if ((word >> 16 & 1) != phase) return false;
    memcpy(&entry, at, 12);
    memcpy(reinterpret_cast<std::byte*>(&entry) + 12, &word, 4);
    if (++head == kEntries) {
      head = 0;
      phase ^= 1;
    }
    ring(3, head);
    return true;
  }
  bool wait_completion(spec::CompletionQueueEntry& entry) {
    return wait_for([&] { return poll(entry); });
  }
  bool wait_parked() {
    return wait_for([&] { return controller.sleeping().load() != 0; });
  }

  // Of different lengths, so that a completion differs from the one its entry held before in
  // everything.
  static constexpr uint32_t kEntries = 33;
  static constexpr uint32_t kSubmissionEntries = 28;
  std::unique_ptr<Subsystem> owned;
  PcieController& controller;
  std::vector<std::byte> memory;
  std::byte* first = nullptr;
  std::unique_ptr<Runner> runner;
  uint32_t tail = 0;
  uint32_t head = 0;
  uint32_t phase = 1;
};

std::unique_ptr<Store> memory_store() {
  return std::move(make_memory_store(1 << 20).value());
}

// Host and device on two CPUs: on one they take turns, and neither sees the other in the middle.
class Apart {
 public:
  Apart() {
    REQUIRE(sched_getaffinity(0, sizeof(before_), &before_) == 0);
    for (int cpu = 0; cpu < CPU_SETSIZE && cpus_.size() < 2; cpu++) {
      if (CPU_ISSET(cpu, &before_)) cpus_.push_back(cpu);
    }
  }
  ~Apart() { sched_setaffinity(0, sizeof(before_), &before_); }
  bool possible() const { return cpus_.size() == 2; }
  // Threads made from now on inherit it.
  void go_to(size_t which) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpus_[which], &one);
    REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
  }

 private:
  cpu_set_t before_;
  std::vector<int> cpus_;
};

TEST_CASE("every completion is whole when its phase tag is seen") {
  Apart apart;
  if (!apart.possible()) {
    MESSAGE("SKIPPED: needs two CPUs");
    return;
  }
  apart.go_to(0);
  Device device(memory_store());
  apart.go_to(1);
  constexpr unsigned kCommands = 100'000;
  unsigned submitted = 0;
  unsigned completed = 0;
  unsigned torn = 0;
  uint32_t expected_head = 0;
  unsigned empty_rounds = 0;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (completed < kCommands && std::chrono::steady_clock::now() < deadline) {
    while (submitted < kCommands && submitted - completed < 8) {
      device.submit_and_wake(static_cast<uint16_t>(submitted++));
    }
    spec::CompletionQueueEntry entry;
    // Looks as often as it can: a moment in which the entry is not whole is short.
    if (!device.poll(entry)) {
      if (++empty_rounds % 4096 == 0) std::this_thread::yield();
      continue;
    }
    expected_head = (expected_head + 1) % Device::kSubmissionEntries;
    if (entry.cid != static_cast<uint16_t>(completed) || entry.sqid != 1 ||
        entry.sqhd != expected_head || entry.status >> 1 != 0) {
      torn++;
    }
    completed++;
  }
  CHECK(completed == kCommands);
  CHECK(torn == 0);
}

std::set<std::string> thread_ids() {
  std::set<std::string> ids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    ids.insert(entry.path().filename());
  }
  return ids;
}

// How often a thread went to sleep.
unsigned sleep_count(const std::string& thread_id) {
  std::ifstream status("/proc/self/task/" + thread_id + "/status");
  std::string word;
  unsigned count = 0;
  while (status >> word) {
    if (word == "voluntary_ctxt_switches:") status >> count;
  }
  return count;
}

// The thread of a device that was made after `others` were all there were.
std::string find_device_thread(const std::set<std::string>& others) {
  for (const std::string& id : thread_ids()) {
    if (others.count(id) == 0) return id;
  }
  return {};
}

// Whether a thread waits in the kernel. One that is parked has then taken its last look.
bool sleeps(const std::string& thread_id) {
  std::ifstream stat("/proc/self/task/" + thread_id + "/stat");
  std::string id, name, state;
  stat >> id >> name >> state;
  return state == "S";
}

TEST_CASE("a parked device costs no processor time and wakes when it is rung") {
  const std::set<std::string> others = thread_ids();
  Device device(memory_store());
  REQUIRE(device.wait_parked());
  const std::string device_thread = find_device_thread(others);
  const unsigned before = sleep_count(device_thread);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  // It may have been on its way to sleep when we looked first; it never woke up since.
  CHECK(sleep_count(device_thread) <= before + 1);
  CHECK(device.controller.sleeping().load() == 1);
  spec::CompletionQueueEntry entry;
  for (uint16_t cid = 0; cid < 20; cid++) {
    REQUIRE(device.wait_parked());
    device.submit_and_wake(cid);
    REQUIRE(device.wait_completion(entry));
    CHECK(entry.cid == cid);
  }
}

TEST_CASE("no doorbell is lost between the last look and the sleep") {
  Device device(memory_store());
  spec::CompletionQueueEntry entry;
  // Rings at a different moment of the way into the sleep each time.
  for (unsigned round = 0; round < 300; round++) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(round * 7);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    device.submit_and_wake(static_cast<uint16_t>(round));
    REQUIRE(device.wait_completion(entry));
    REQUIRE(entry.cid == static_cast<uint16_t>(round));
  }
}

TEST_CASE("no host that begins to poll is lost between the last look and the sleep") {
  Device device(memory_store());
  spec::CompletionQueueEntry entry;
  for (unsigned round = 0; round < 300; round++) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(round * 7);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    device.runner->keep_polling(true);
    device.submit(static_cast<uint16_t>(round));
    REQUIRE(device.wait_completion(entry));
    REQUIRE(entry.cid == static_cast<uint16_t>(round));
    device.runner->keep_polling(false);
  }
}

TEST_CASE("a client pumps a parked device without waking it") {
  const std::set<std::string> others = thread_ids();
  Device device(memory_store());
  const std::string device_thread = find_device_thread(others);
  REQUIRE(wait_for([&] { return device.wait_parked() && sleeps(device_thread); }));
  spec::CompletionQueueEntry entry;
  unsigned pumped = 0;
  for (uint16_t cid = 0; cid < 100; cid++) {
    device.submit(cid);
    REQUIRE(wait_for([&] {
      pumped += device.runner->pump() ? 1 : 0;
      return device.poll(entry);
    }));
    CHECK(entry.cid == cid);
  }
  CHECK(pumped == 100);
  CHECK(device.controller.sleeping().load() == 1);
}

TEST_CASE("what a pumping client began completes without it") {
  constexpr uint64_t kLatencyNs = 5'000'000;
  Device device(memory_store(), std::make_unique<LatencyBandwidthModel>(kLatencyNs, 0));
  REQUIRE(device.wait_parked());
  device.submit(7, spec::nvm_opcode::read);
  spec::CompletionQueueEntry entry;
  bool completed = false;
  // The thread may be taking its last look: then it has the baton, and may or may not see the
  // doorbell. A client pumps until something was done.
  REQUIRE(wait_for([&] {
    completed = device.poll(entry);
    return completed || device.runner->pump();
  }));
  if (!completed) REQUIRE(device.wait_completion(entry));
  CHECK(entry.cid == 7);
}

TEST_CASE("commands under a timing model complete while the host only waits") {
  Device device(memory_store(), std::make_unique<LatencyBandwidthModel>(12'000, 0));
  spec::CompletionQueueEntry entry;
  for (uint16_t cid = 0; cid < 50; cid++) {
    device.submit_and_wake(cid, spec::nvm_opcode::read);
    REQUIRE(device.wait_completion(entry));
    CHECK(entry.cid == cid);
  }
}

TEST_CASE("the end of a flush wakes a parked device") {
  char path[] = "/tmp/peernvm-test-XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  unlink(path);
  REQUIRE(ftruncate(fd, 1 << 20) == 0);
  FileStoreOptions options;
  options.fd = fd;
  auto store = open_file_store(options);
  REQUIRE(store.ok());
  {
    Device device(std::move(store.value()));
    spec::CompletionQueueEntry entry;
    for (uint16_t cid = 0; cid < 20; cid++) {
      device.submit_and_wake(cid, spec::nvm_opcode::flush);
      REQUIRE(device.wait_completion(entry));
      CHECK(TestHost::status_of(entry) == 0);
    }
    device.submit_and_wake(20, spec::nvm_opcode::flush);  // may be under way when everything goes
  }
  close(fd);
}

TEST_CASE("while paused nothing steps, and afterwards it goes on") {
  Device device(memory_store());
  spec::CompletionQueueEntry entry;
  {
    Runner::Pause pause(*device.runner);
    CHECK(pause.subsystem().namespace_count() == 1);
    device.submit_and_wake(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK_FALSE(device.poll(entry));
    CHECK_FALSE(device.runner->pump());
  }
  CHECK(device.wait_completion(entry));
}

TEST_CASE("a device that keeps polling serves hosts that cannot wake it") {
  Device device(memory_store());
  device.runner->keep_polling(true);
  spec::CompletionQueueEntry entry;
  for (uint16_t cid = 0; cid < 5; cid++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    device.submit(cid);
    REQUIRE(device.wait_completion(entry));
  }
}

}  // namespace
}  // namespace nvm::emulator
