// SPDX-License-Identifier: MIT
// Controller references: claiming, limits, queue ids, and what closing does on a device that does
// not answer.
#include "driver/controller.h"

#include <thread>

#include "driver/fake_device.h"
#include "transport/open.h"

namespace nvm::test {
namespace {

constexpr uint64_t kTimeoutNs = 5'000 * kNanosecondsPerMillisecond;

struct FakeHost {
  std::shared_ptr<FakeDevice> device = std::make_shared<FakeDevice>();
  FakeWaiter waiter{*device};
  std::shared_ptr<Controller> controller;

  FakeHost& claim() {
    auto opened = Controller::open(device, waiter);
    REQUIRE(opened.ok());
    controller = opened.value();
    REQUIRE(controller->claim_admin().ok());
    return *this;
  }
};

std::shared_ptr<Controller> open_in_memory() {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 16 << 20;
  auto transport = open_emulator(options);
  REQUIRE(transport.ok());
  auto opened = Controller::open(transport.value(), thread_waiter());
  REQUIRE(opened.ok());
  return opened.value();
}

TEST_CASE("a reference resets nothing and cannot send admin commands") {
  auto controller = open_in_memory();
  CHECK(!controller->has_admin());
  CHECK(spec::cc::en.get(controller->transport().read_register32(spec::registers::cc)) == 0);
  auto refused = controller->admin({}, kTimeoutNs);
  REQUIRE(!refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::NoAdmin);
  auto pair = controller->create_queue_pair({});
  REQUIRE(!pair.ok());
  CHECK(pair.status().failure().code == ErrorCode::NoAdmin);
}

TEST_CASE("a controller is enabled with all its I/O command sets") {
  constexpr uint8_t kNvm = spec::cap_css::nvm.put(1);
  const std::pair<uint8_t, uint8_t> offered_and_chosen[] = {
      {kNvm, spec::cc_css::nvm},
      {kNvm | spec::cap_css::io_command_sets.put(1), spec::cc_css::io_command_sets}};
  for (const auto& [offered, chosen] : offered_and_chosen) {
    FakeHost host;
    host.device->command_sets = offered;
    host.claim();
    CHECK(spec::cc::css.get(host.device->read_register32(spec::registers::cc)) == chosen);
  }
}

TEST_CASE("a controller for administration only is refused") {
  auto device = std::make_shared<FakeDevice>();
  device->command_sets = spec::cap_css::admin_only.put(1);
  FakeWaiter waiter{*device};
  auto refused = Controller::open(device, waiter);
  REQUIRE(!refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::Unsupported);
}

TEST_CASE("the emulator is claimed, once, and says its limits") {
  auto controller = open_in_memory();
  REQUIRE(controller->claim_admin().ok());
  CHECK(controller->has_admin());
  CHECK(controller->limits().transfer_bytes_max % kPage == 0);
  CHECK(controller->limits().io_queue_pairs_max == 128);
  const Status again = controller->claim_admin();
  REQUIRE(!again.ok());
  CHECK(again.failure().code == ErrorCode::Busy);
  CHECK(controller->close().ok());
  CHECK(controller->close().ok());
  auto late = controller->admin({}, kTimeoutNs);
  REQUIRE(!late.ok());
  CHECK(late.status().failure().code == ErrorCode::Closed);
}

TEST_CASE("an MDTS of 0 means no limit") {
  FakeHost none;
  CHECK(none.claim().controller->limits().transfer_bytes_max == UINT64_MAX);
  none.controller.reset();
  FakeHost some;
  some.device->mdts = 5;
  CHECK(some.claim().controller->limits().transfer_bytes_max == 128 << 10);
}

TEST_CASE("a device without 4 KiB pages, and one that is gone, are refused") {
  FakeHost host;
  host.device->gone = true;
  auto opened = Controller::open(host.device, host.waiter);
  REQUIRE(!opened.ok());
  CHECK(opened.status().failure().code == ErrorCode::ControllerGone);
}

TEST_CASE("queue ids are the lowest free ones, and run out") {
  FakeHost host;
  host.device->queues_granted_field = 2;  // three
  host.claim();
  auto first = host.controller->create_queue_pair({});
  auto second = host.controller->create_queue_pair({});
  auto third = host.controller->create_queue_pair({});
  REQUIRE((first.ok() && second.ok() && third.ok()));
  CHECK(third.value()->id() == 3);
  auto fourth = host.controller->create_queue_pair({});
  REQUIRE(!fourth.ok());
  CHECK(fourth.status().failure().code == ErrorCode::NoQueues);
  CHECK(second.value()->close().ok());
  CHECK(first.value()->close().ok());
  auto again = host.controller->create_queue_pair({});
  REQUIRE(again.ok());
  CHECK(again.value()->id() == 1);
}

TEST_CASE("a queue pair that cannot be created is undone") {
  FakeHost host;
  host.claim();
  const size_t mapped = host.device->mapped.size();
  uint8_t refused = spec::admin_opcode::create_io_submission_queue;
  unsigned deleted = 0;
  host.device->on_admin = [&](const spec::SubmissionQueueEntry& command) {
    if (command.opc == spec::admin_opcode::delete_io_completion_queue) deleted++;
    return command.opc == refused ? FakeDevice::Answer::Hold : FakeDevice::Answer::Complete;
  };
  auto pair = host.controller->create_queue_pair({});
  REQUIRE(!pair.ok());
  CHECK(pair.status().failure().code == ErrorCode::Timeout);
  CHECK(deleted == 1);
  CHECK(host.device->mapped.size() == mapped);
}

TEST_CASE("nothing is kept of a queue pair whose device ends while it is created") {
  FakeHost host;
  host.claim();
  const size_t mapped = host.device->mapped.size();
  host.device->on_admin = [&](const spec::SubmissionQueueEntry&) {
    host.device->gone = host.device->uses_nothing = true;
    return FakeDevice::Answer::Hold;
  };
  auto pair = host.controller->create_queue_pair({});
  REQUIRE(!pair.ok());
  CHECK(pair.status().failure().code == ErrorCode::ControllerGone);
  CHECK(host.device->held.size() == 1);
  CHECK(host.device->mapped.size() == mapped);
}

TEST_CASE("queue memory of a device that does not answer is kept until it is disabled") {
  FakeHost host;
  host.claim();
  const size_t mapped = host.device->mapped.size();
  auto pair = host.controller->create_queue_pair({});
  REQUIRE(pair.ok());
  host.device->on_admin = [](const spec::SubmissionQueueEntry&) {
    return FakeDevice::Answer::Hold;
  };
  const Status closed = pair.value()->close();
  REQUIRE(!closed.ok());
  CHECK(closed.failure().code == ErrorCode::Timeout);
  CHECK(pair.value()->block().state == static_cast<int32_t>(QueueState::Failed));
  pair.value().reset();
  CHECK(host.device->mapped.size() == mapped + 2);  // queues and PRP lists

  CHECK(host.controller->close().ok());
  CHECK(host.device->mapped.empty());
  CHECK(host.device->unmapped_while_enabled <= 1);  // the identify page of the claim
}

TEST_CASE("closing asks a device that does not answer once, not once for each queue") {
  FakeHost host;
  host.device->queues_granted_field = 7;
  host.claim();
  std::vector<std::shared_ptr<QueuePair>> pairs;
  for (int i = 0; i < 8; i++) pairs.push_back(host.controller->create_queue_pair({}).value());
  unsigned asked = 0;
  host.device->on_admin = [&](const spec::SubmissionQueueEntry&) {
    asked++;
    return FakeDevice::Answer::Hold;
  };
  CHECK(!host.controller->close().ok());
  CHECK(asked == 1);
  pairs.clear();
  CHECK(host.device->mapped.empty());
}

TEST_CASE("an admin completion is seen whole, not only the word with the phase tag") {
  auto controller = open_in_memory();
  REQUIRE(controller->claim_admin().ok());
  auto page = controller->allocate(kPage).value();
  constexpr uint32_t kEntries = 64;  // of the admin CQ
  constexpr uint32_t kLaps = 40;
  for (uint32_t i = 0; i < kLaps * kEntries; i++) {
    // The entry of the lap before has another dword 0: one that is seen too early shows it.
    const bool answers = i / kEntries % 2 == 1;
    spec::SubmissionQueueEntry command{};
    command.opc = answers ? spec::admin_opcode::get_features : spec::admin_opcode::identify;
    command.prp1 = answers ? 0 : page->io_address(0);
    command.cdw10 = answers ? spec::feature::number_of_queues : spec::cns::identify_controller;
    auto completion = controller->admin(command, kTimeoutNs, page);
    REQUIRE(completion.ok());
    REQUIRE(completion.value().status_field == 0);
    REQUIRE((completion.value().dword0 != 0) == answers);
  }
}

TEST_CASE("admin commands from several threads get their own completions") {
  auto controller = open_in_memory();
  REQUIRE(controller->claim_admin().ok());
  std::atomic<unsigned> right{0};
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < 4; thread++) {
    threads.emplace_back([&, thread] {
      auto page = controller->allocate(kPage);
      for (int i = 0; i < 100 && !failed; i++) {
        spec::SubmissionQueueEntry command{};
        command.opc = spec::admin_opcode::identify;
        command.prp1 = page.value()->io_address(0);
        command.cdw10 = spec::cns::identify_controller;
        std::memset(page.value()->bytes(), 0, kPage);
        auto completion = controller->admin(command, kTimeoutNs, page.value());
        const auto* answer =
            reinterpret_cast<const spec::IdentifyController*>(page.value()->bytes());
        if (completion.ok() && completion.value().status_field == 0 && answer->nn > 0) {
          right++;
        } else {
          failed = true;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 400);
}

TEST_CASE("closing ends the wait of a command in another thread") {
  auto controller = open_in_memory();
  REQUIRE(controller->claim_admin().ok());
  std::atomic<int> code{0};
  std::thread waiting([&] {
    spec::SubmissionQueueEntry command{};  // completes when something happens: never
    command.opc = spec::admin_opcode::asynchronous_event_request;
    auto completion = controller->admin(command, 60'000 * kNanosecondsPerMillisecond);
    code = completion.ok() ? -1 : static_cast<int>(completion.status().failure().code);
  });
  // Waits until the emulator has the command: its queue's doorbell was rung a third time.
  volatile uint32_t* tail = controller->transport().doorbells().base;
  const bool sent = wait_until(thread_waiter(), kTimeoutNs,
                               [&] { return __atomic_load_n(tail, __ATOMIC_ACQUIRE) == 3; });
  CHECK(sent);
  CHECK(controller->close().ok());
  waiting.join();
  const bool ended = code == static_cast<int>(ErrorCode::Aborted) || code == -1;
  CHECK(ended);
}

}  // namespace
}  // namespace nvm::test
