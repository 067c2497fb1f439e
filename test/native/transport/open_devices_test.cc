// SPDX-License-Identifier: MIT
// Devices that are opened at the same time, in one process.
#include "transport/open_devices.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "driver/fake_device.h"
#include "driver/wait.h"

namespace nvm::test {
namespace {

constexpr uint64_t kPatienceNs = 5'000 * kNanosecondsPerMillisecond;

bool comes_true(const std::atomic<bool>& flag) {
  return wait_until(thread_waiter(), kPatienceNs, [&] { return flag.load(); });
}

// A thread that calls in, and whether it waits there: it has no other reason to sleep.
class Waiting {
 public:
  explicit Waiting(const std::function<void()>& call)
      : thread_([this, call] {
          id_ = gettid();
          call();
        }) {}
  bool is_seen() {
    return wait_until(thread_waiter(), kPatienceNs, [&] { return id_ != 0 && sleeps(); });
  }
  void join() { thread_.join(); }

 private:
  // Twice, some time apart: a lock that is held for a moment is no wait.
  bool sleeps() const {
    if (state() != 'S') return false;
    usleep(5'000);
    return state() == 'S';
  }
  char state() const {
    std::ifstream file("/proc/self/task/" + std::to_string(id_) + "/stat");
    std::string stat;
    std::getline(file, stat);
    const size_t end = stat.rfind(") ");
    return end == std::string::npos ? '?' : stat[end + 2];
  }

  std::atomic<pid_t> id_{0};
  std::thread thread_;
};

Result<std::unique_ptr<Transport>> make_device() {
  return std::unique_ptr<Transport>(std::make_unique<FakeDevice>());
}

TEST_CASE("a device that takes long to open holds up no other, and is opened once") {
  std::atomic<bool> opening{false}, others_are_open{false};
  std::atomic<int> opened{0};
  const auto open_slowly = [&] {
    return share_open_device("test:slow", [&] {
      opened++;
      opening = true;
      CHECK(comes_true(others_are_open));
      return make_device();
    });
  };
  std::shared_ptr<Transport> devices[2];
  std::thread first([&] { devices[0] = open_slowly().value(); });
  REQUIRE(comes_true(opening));
  Waiting second([&] { devices[1] = open_slowly().value(); });
  CHECK(second.is_seen());
  const auto other = share_open_device("test:other", make_device);
  others_are_open = true;
  first.join();
  second.join();
  CHECK(other.ok());
  CHECK(devices[0] == devices[1]);
  CHECK(opened == 1);
}

TEST_CASE("when a device cannot be opened, who waited for it tries as well") {
  std::atomic<bool> opening{false}, fails{false};
  std::thread first([&] {
    auto refused = share_open_device("test:refused", [&] {
      opening = true;
      CHECK(comes_true(fails));
      return Result<std::unique_ptr<Transport>>(Status(ErrorCode::Busy, "test:refused"));
    });
    CHECK(refused.status().failure().code == ErrorCode::Busy);
  });
  REQUIRE(comes_true(opening));
  Waiting second([&] { CHECK(share_open_device("test:refused", make_device).ok()); });
  CHECK(second.is_seen());
  fails = true;
  first.join();
  second.join();
}

}  // namespace
}  // namespace nvm::test
