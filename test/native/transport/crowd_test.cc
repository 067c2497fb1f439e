// SPDX-License-Identifier: MIT
// An emulator's thread where more hosts are busy than there are CPUs for.
#include <doctest/doctest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <optional>
#include <thread>

#include "emulator/running_device.h"
#include "transport/emulator_registry.h"
#include "transport/raw_host.h"

namespace {

std::atomic<unsigned> moves{0};

}  // namespace

// In the place of the C library's: the system moves threads as well, so where one is says nothing.
extern "C" int sched_setaffinity(pid_t thread, size_t mask_bytes, const cpu_set_t* mask) noexcept {
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof name);
  if (std::strcmp(name, "nvm-emulator") == 0) moves++;
  return static_cast<int>(syscall(SYS_sched_setaffinity, thread, mask_bytes, mask));
}

namespace nvm::test {
namespace {

// This thread, and those that it makes, have two CPUs, each of which somebody else always wants.
class TwoBusyCpus {
 public:
  TwoBusyCpus() {
    REQUIRE(sched_getaffinity(0, sizeof before_, &before_) == 0);
    CPU_ZERO(&two_);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&two_) < 2; cpu++) {
      if (CPU_ISSET(cpu, &before_)) CPU_SET(cpu, &two_);
    }
    for (int cpu = 0; cpu < CPU_SETSIZE && is_possible(); cpu++) {
      if (CPU_ISSET(cpu, &two_)) spinners_.emplace_back([this, cpu] { spin(cpu); });
    }
    REQUIRE(sched_setaffinity(0, sizeof two_, &two_) == 0);
  }
  ~TwoBusyCpus() {
    stopping_ = true;
    for (std::thread& spinner : spinners_) spinner.join();
    sched_setaffinity(0, sizeof before_, &before_);
  }
  bool is_possible() const { return CPU_COUNT(&two_) == 2; }

 private:
  void spin(int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    while (!stopping_) {
    }
  }

  cpu_set_t before_, two_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> spinners_;
};

std::shared_ptr<emulator::RunningDevice> make_device_of_two_controllers() {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 1 << 20;
  options.controllers = 2;
  auto made = emulator::make_emulated_device(options);
  REQUIRE(made.ok());
  return std::make_shared<emulator::RunningDevice>(std::move(made.value()));
}

// A command of each, and then none for so long that the emulator's thread gives way.
void be_busy(std::initializer_list<RawHost*> hosts) {
  for (RawHost* host : hosts) {
    const uint64_t page = host->address(RawHost::kDataPage);
    CHECK(host->io.run(host->io_command(spec::nvm_opcode::read, 0, page)) == 0);
  }
  usleep(2'000);
}

TEST_CASE("an emulator's thread changes the CPU when as many hosts are busy as there are CPUs") {
  TwoBusyCpus cpus;
  if (!cpus.is_possible()) {
    MESSAGE("SKIPPED: needs two CPUs");
    return;
  }
  const auto device = make_device_of_two_controllers();
  constexpr uint64_t kNumber = 1u << 22;
  RawHost first(open_emulated_controller(device, kNumber, 0).value());
  first.create_io_queue(false, 0);
  for (int i = 0; i < 50; i++) be_busy({&first});
  CHECK(moves == 0);
  RawHost second(open_emulated_controller(device, kNumber, 1).value());
  second.create_io_queue(false, 0);
  CHECK(wait_until(thread_waiter(), kPatienceNs, [&] {
    be_busy({&first, &second});
    return moves != 0;
  }));
}

}  // namespace
}  // namespace nvm::test
