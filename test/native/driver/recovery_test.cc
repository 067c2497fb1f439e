// SPDX-License-Identifier: MIT
// A device that misbehaves, and the rungs of recovery in their order: Abort, delete the queues,
// reset the controller. What each comes to, and what stays mapped.
#include <algorithm>
#include <thread>
#include <vector>

#include "driver/controller.h"
#include "driver/fake_device.h"
#include "transport/open.h"

namespace nvm::test {
namespace {

using Answer = FakeDevice::Answer;
namespace opcode = spec::admin_opcode;

constexpr ErrorCode kNone{};
constexpr uint64_t kTimeoutNs = 100 * kNanosecondsPerMillisecond;

struct RecoveryHost {
  std::shared_ptr<FakeDevice> device = std::make_shared<FakeDevice>();
  FakeWaiter waiter{*device};
  std::shared_ptr<Controller> controller;
  std::vector<uint8_t> sent;  // opcodes of admin commands since claim()
  std::vector<uint8_t> unanswered;

  RecoveryHost() {
    device->queues_granted_field = 3;
    auto opened = Controller::open(device, waiter);
    REQUIRE(opened.ok());
    controller = opened.value();
    REQUIRE(controller->claim_admin().ok());
    device->on_admin = [this](const spec::SubmissionQueueEntry& command) {
      sent.push_back(command.opc);
      const bool held =
          std::find(unanswered.begin(), unanswered.end(), command.opc) != unanswered.end();
      return held ? Answer::Hold : Answer::Complete;
    };
  }

  std::shared_ptr<QueuePair> create(uint32_t depth = 4) {
    QueuePairOptions options;
    options.depth = depth;
    auto pair = controller->create_queue_pair(options);
    REQUIRE(pair.ok());
    sent.clear();
    return pair.value();
  }

  bool enabled() { return device->enabled(); }
  void disable() { device->write_register32(spec::registers::cc, 0); }
};

int32_t state_of(QueuePair& pair) {
  return pair.block().state;
}

TEST_CASE("abort names the command, and says what the controller answered") {
  RecoveryHost host;
  uint32_t asked = 0;
  host.device->on_admin = [&](const spec::SubmissionQueueEntry& command) {
    asked = command.cdw10;
    return Answer::Complete;  // DW0 repeats dword 10: bit 0 says "not aborted"
  };
  auto aborted = host.controller->abort(2, 7, kTimeoutNs);
  REQUIRE(aborted.ok());
  CHECK(aborted.value());
  CHECK(spec::abort_cdw10::sqid.get(asked) == 2);
  CHECK(spec::abort_cdw10::cid.get(asked) == 7);
  auto refused = host.controller->abort(3, 7, kTimeoutNs);
  REQUIRE(refused.ok());
  CHECK(!refused.value());
}

TEST_CASE("an abort that is not answered is given up in time, and the next one is sent") {
  RecoveryHost host;
  host.unanswered = {opcode::abort};
  const uint64_t before_ns = host.waiter.now_ns();
  auto aborted = host.controller->abort(1, 0, kTimeoutNs);
  REQUIRE(!aborted.ok());
  CHECK(aborted.status().failure().code == ErrorCode::Timeout);
  CHECK(host.waiter.now_ns() - before_ns <= kTimeoutNs + 2 * kNanosecondsPerMillisecond);
  host.unanswered.clear();
  CHECK(host.controller->abort(2, 0, kTimeoutNs).ok());
}

TEST_CASE("abort asks nothing of a controller that cannot answer, and says why") {
  RecoveryHost host;
  ErrorCode expected = kNone;
  SUBCASE("fatal") {
    host.device->fails_when_enabled = true;
    expected = ErrorCode::ControllerFatal;
  }
  SUBCASE("gone") {
    host.device->gone = true;
    expected = ErrorCode::ControllerGone;
  }
  SUBCASE("disabled by somebody else") {
    host.disable();
    expected = ErrorCode::ControllerDisabled;
  }
  auto aborted = host.controller->abort(1, 0, kTimeoutNs);
  REQUIRE(!aborted.ok());
  CHECK(aborted.status().failure().code == expected);
  CHECK(host.sent.empty());
}

TEST_CASE("an admin command that is overdue is aborted where that is asked for") {
  RecoveryHost host;
  host.unanswered = {opcode::get_features};
  uint16_t status = spec::status::command_aborted;
  host.device->on_step = [&] {
    if (host.sent.empty() || host.sent.back() != opcode::abort) return;
    host.sent.clear();
    for (auto& each : host.device->held) host.device->post(each.cid, 7, status);
    host.device->held.clear();
  };
  spec::SubmissionQueueEntry command{};
  command.opc = opcode::get_features;
  auto aborted = host.controller->admin_or_abort(command, kTimeoutNs, nullptr);
  REQUIRE(!aborted.ok());
  CHECK(aborted.status().failure().code == ErrorCode::Timeout);
  status = spec::status::success;
  auto completed = host.controller->admin_or_abort(command, kTimeoutNs, nullptr);
  REQUIRE(completed.ok());
  CHECK(completed.value().dword0 == 7);
  CHECK(!host.controller->admin(command, kTimeoutNs).ok());
  CHECK(host.sent == std::vector<uint8_t>{opcode::get_features});
}

TEST_CASE("a second completion of an admin command is not taken for the next with its id") {
  RecoveryHost host;
  spec::SubmissionQueueEntry command{};
  command.opc = opcode::get_features;
  auto first = host.controller->admin(command, kTimeoutNs);
  REQUIRE(first.ok());
  host.device->on_admin = [&](const spec::SubmissionQueueEntry& each) {
    host.device->post(first.value().command_id, 99);
    return Answer::Complete;
  };
  command.cdw10 = 5;
  auto second = host.controller->admin(command, kTimeoutNs);
  REQUIRE(second.ok());
  CHECK(second.value().dword0 == 5);
}

// What is wrong with the device when a queue is dropped, and what comes of it.
struct Misbehaviour {
  const char* name;
  void (*begin)(RecoveryHost&);
  ErrorCode reason;   // of drop(), or its failure
  bool dropped;       // drop() succeeded
  bool resets;        // the controller was reset
  bool works_again;   // recreate() succeeds
  bool mapped_after;  // the queues' memory is kept after both are closed
};

const Misbehaviour kMisbehaviours[] = {
    {"only commands are lost", [](RecoveryHost&) {}, kNone, true, false, true, false},
    {"deleting the SQ is not answered",
     [](RecoveryHost& host) { host.unanswered = {opcode::delete_io_submission_queue}; },
     ErrorCode::Timeout, true, true, true, false},
    {"deleting the CQ is not answered",
     [](RecoveryHost& host) { host.unanswered = {opcode::delete_io_completion_queue}; },
     ErrorCode::Timeout, true, true, true, false},
    {"CSTS.CFS",
     [](RecoveryHost& host) {
       host.device->fails_when_enabled = true;
       host.device->recovers_when_disabled = true;
     },
     ErrorCode::ControllerFatal, true, true, true, false},
    {"CC.EN cleared by somebody else", [](RecoveryHost& host) { host.disable(); },
     ErrorCode::ControllerDisabled, true, true, true, false},
    {"CC.EN cannot be cleared, a function-level reset works",
     [](RecoveryHost& host) {
       host.unanswered = {opcode::delete_io_submission_queue};
       host.device->becomes_disabled = false;
     },
     ErrorCode::Timeout, true, true, true, false},
    {"CSTS.CFS again after the reset",
     [](RecoveryHost& host) { host.device->fails_when_enabled = true; }, ErrorCode::ControllerFatal,
     false, true, false, false},
    {"never ready again",
     [](RecoveryHost& host) {
       host.unanswered = {opcode::delete_io_submission_queue};
       host.device->becomes_ready = false;
     },
     ErrorCode::Timeout, false, true, false, false},
    {"all registers read as ones", [](RecoveryHost& host) { host.device->gone = true; },
     ErrorCode::ControllerGone, false, false, false, false},
    {"neither disabling nor a function-level reset works",
     [](RecoveryHost& host) {
       host.unanswered = {opcode::delete_io_submission_queue};
       host.device->becomes_disabled = false;
       host.device->reset_works = false;
     },
     ErrorCode::Timeout, false, false, false, true},
};

TEST_CASE("dropping a queue pair: each rung only when the one before did not suffice") {
  for (const Misbehaviour& each : kMisbehaviours) {
    CAPTURE(each.name);
    RecoveryHost host;
    auto pair = host.create();
    const uint32_t epoch = host.controller->epoch();
    const size_t mapped = host.device->mapped.size();
    each.begin(host);
    const uint64_t before_ns = host.waiter.now_ns();
    auto dropped = pair->drop();
    CHECK(host.waiter.now_ns() - before_ns < 30'000 * kNanosecondsPerMillisecond);
    CHECK(dropped.ok() == each.dropped);
    const ErrorCode reason =
        dropped.ok() ? dropped.value().value_or(kNone) : dropped.status().failure().code;
    CHECK(reason == each.reason);
    CHECK(host.controller->epoch() - epoch == (each.reason == kNone ? 0 : 1));
    CHECK(pair->lost() == each.resets);
    CHECK(host.device->mapped.size() == mapped);  // also what a failed rung could not free

    host.unanswered.clear();
    CHECK(pair->recreate().ok() == each.works_again);
    if (each.works_again) {
      CHECK(state_of(*pair) == static_cast<int32_t>(QueueState::Live));
      CHECK(pair->id() == 1);
      CHECK(pair->enqueue() == pair->sq_entries());
    }
    (void)pair->close();
    (void)host.controller->close();
    pair.reset();
    CHECK((host.device->mapped.size() != 0) == each.mapped_after);
    host.device->gone = false;
  }
}

TEST_CASE("a controller that does not answer is reset as soon as the caller's bound has passed") {
  RecoveryHost host;
  auto pair = host.create();
  host.unanswered = {opcode::delete_io_submission_queue};
  const uint64_t before_ns = host.waiter.now_ns();
  auto dropped = pair->drop(kTimeoutNs);
  REQUIRE(dropped.ok());
  CHECK(dropped.value() == ErrorCode::Timeout);
  CHECK(pair->lost());
  CHECK(host.waiter.now_ns() - before_ns < 2 * kTimeoutNs);
}

TEST_CASE("deleting is asked in order, SQ before CQ, and the queues are created again") {
  RecoveryHost host;
  auto pair = host.create();
  REQUIRE(pair->drop().ok());
  REQUIRE(pair->recreate().ok());
  CHECK(host.sent == std::vector<uint8_t>{
                         opcode::delete_io_submission_queue, opcode::delete_io_completion_queue,
                         opcode::create_io_completion_queue, opcode::create_io_submission_queue});
}

TEST_CASE("a queue that is created again begins at the beginning, blind for old completions") {
  RecoveryHost host;
  auto pair = host.create(3);
  pair->enqueue();
  pair->ring();
  auto* entry = pair->cq_entries();
  entry->status = 1;  // phase tag
  pair->consume();
  pair->cq_entries()[1].status = 1;
  REQUIRE(pair->poll() != nullptr);
  REQUIRE(pair->drop().ok());
  REQUIRE(pair->recreate().ok());
  CHECK(pair->poll() == nullptr);
  CHECK(pair->block().outstanding == 0);
  CHECK(pair->block().cq_head == 0);
  CHECK(pair->block().sq_tail == 0);
  CHECK(pair->depth() == 3);
}

TEST_CASE("a reset loses every queue pair of the controller, and their owners need no second one") {
  RecoveryHost host;
  auto first = host.create();
  auto second = host.create();
  host.unanswered = {opcode::delete_io_submission_queue};
  REQUIRE(first->drop().ok());
  CHECK(state_of(*second) == static_cast<int32_t>(QueueState::Lost));
  const uint32_t epoch = host.controller->epoch();
  auto dropped = second->drop();
  REQUIRE(dropped.ok());
  CHECK(dropped.value() == ErrorCode::QueueLost);
  CHECK(host.controller->epoch() == epoch);
  CHECK(second->recreate().ok());
  CHECK(first->recreate().ok());
  CHECK(host.controller->reset(epoch - 1).ok());  // asked for before the first one: done already
  CHECK(host.controller->epoch() == epoch);
}

TEST_CASE("a reset of the subsystem waits for the link, then begins anew") {
  RecoveryHost host;
  CHECK(host.controller->reset_subsystem().failure().code == ErrorCode::Unsupported);
  auto pair = host.create();
  unsigned resets = 0;
  host.device->on_subsystem_reset = [&] {
    CHECK_FALSE(host.device->enabled());
    resets++;
    host.device->gone = true;
    host.device->on_step = [&, steps = 0]() mutable { host.device->gone = ++steps < 5; };
  };
  CHECK(host.controller->reset_subsystem().ok());
  CHECK(resets == 1);
  CHECK(host.device->enabled());
  CHECK(state_of(*pair) == static_cast<int32_t>(QueueState::Lost));
  CHECK(host.create()->id() != 0);
}

TEST_CASE("a controller that does not come back from a reset of its subsystem is gone") {
  RecoveryHost host;
  host.device->on_subsystem_reset = [&] { host.device->gone = true; };
  CHECK(host.controller->reset_subsystem().failure().code == ErrorCode::ControllerGone);
}

TEST_CASE("a lost queue pair is closed without asking the device") {
  RecoveryHost host;
  auto pair = host.create();
  REQUIRE(host.controller->reset(host.controller->epoch()).ok());
  host.sent.clear();
  CHECK(pair->close().ok());
  CHECK(host.sent.empty());
  CHECK(host.create()->id() == 1);
}

TEST_CASE("what could not be deleted is given back after a reset") {
  RecoveryHost host;
  auto pair = host.create();
  const size_t mapped = host.device->mapped.size();
  host.unanswered = {opcode::delete_io_submission_queue};
  CHECK(!pair->close().ok());
  pair.reset();
  CHECK(host.device->mapped.size() == mapped);
  host.unanswered.clear();
  CHECK(host.create()->id() == 2);
  REQUIRE(host.controller->reset(host.controller->epoch()).ok());
  CHECK(host.create()->id() == 1);
}

TEST_CASE("a reset ends admin commands that wait, and a late completion reaches no later one") {
  RecoveryHost host;
  host.unanswered = {opcode::get_features};
  spec::SubmissionQueueEntry command{};
  command.opc = opcode::get_features;
  Controller& controller = *host.controller;
  bool reset = false;
  host.device->on_admin = [&](const spec::SubmissionQueueEntry& each) {
    return each.opc == opcode::get_features && !reset ? Answer::Hold : Answer::Complete;
  };
  // In the middle of the wait, as another thread would.
  host.device->on_step = [&] {
    if (reset || host.device->held.empty()) return;
    reset = true;
    CHECK(controller.reset(controller.epoch()).ok());
  };
  auto ended = controller.admin(command, kTimeoutNs);
  REQUIRE(!ended.ok());
  CHECK(ended.status().failure().code == ErrorCode::Aborted);
  const uint16_t late = host.device->held.front().cid;
  host.device->post(late, 99);  // under an id that is free again
  command.cdw10 = 5;
  auto next = controller.admin(command, kTimeoutNs);
  REQUIRE(next.ok());
  CHECK(next.value().dword0 == 5);
}

TEST_CASE("a controller that did not come back says why at once, to everybody") {
  RecoveryHost host;
  auto pair = host.create();
  host.device->gone = true;
  CHECK(!pair->drop().ok());
  const uint64_t before_ns = host.waiter.now_ns();
  auto command = host.controller->admin({}, kTimeoutNs);
  REQUIRE(!command.ok());
  CHECK(command.status().failure().code == ErrorCode::ControllerGone);
  CHECK(!host.controller->create_queue_pair({}).ok());
  CHECK(!pair->recreate().ok());
  CHECK(host.waiter.now_ns() == before_ns);
  host.device->gone = false;
}

TEST_CASE("recovery, closing and resets race without a deadlock, and every call ends") {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 16 << 20;
  auto transport = open_emulator(options);
  REQUIRE(transport.ok());
  for (int round = 0; round < 20; round++) {
    auto controller = Controller::open(transport.value(), thread_waiter()).value();
    REQUIRE(controller->claim_admin().ok());
    std::vector<std::shared_ptr<QueuePair>> pairs;
    for (int i = 0; i < 3; i++) pairs.push_back(controller->create_queue_pair({}).value());
    std::vector<std::thread> threads;
    for (auto& pair : pairs) {
      threads.emplace_back([&controller, pair] {
        for (int i = 0; i < 4; i++) {
          const uint32_t epoch = controller->epoch();
          if (i % 2 == 1) (void)controller->reset(epoch);
          (void)controller->abort(pair->id(), 0, kTimeoutNs);
          if (pair->drop().ok()) (void)pair->recreate();
        }
      });
    }
    threads.emplace_back([&pairs, round] { (void)pairs[round % 3]->close(); });
    if (round % 2 == 1) threads.emplace_back([&controller] { (void)controller->close(); });
    for (auto& thread : threads) thread.join();
    CHECK(controller->close().ok());
  }
}

}  // namespace
}  // namespace nvm::test
