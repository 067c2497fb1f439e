// SPDX-License-Identifier: MIT
// Admin commands that the driver sends by itself and that are lost: for how long it waits, and what
// it shows of them.
#include <optional>

#include "driver/controller.h"
#include "driver/fake_device.h"

namespace nvm::test {
namespace {

namespace opcode = spec::admin_opcode;
using Answer = FakeDevice::Answer;

constexpr uint64_t kTimeoutNs = 300 * kNanosecondsPerMillisecond;

struct LossyHost {
  std::shared_ptr<FakeDevice> device = std::make_shared<FakeDevice>();
  FakeWaiter waiter{*device};
  std::shared_ptr<Controller> controller;
  std::optional<uint8_t> lost;  // opcode

  LossyHost() {
    device->queues_granted_field = 3;
    device->on_admin = [this](const spec::SubmissionQueueEntry& command) {
      const bool waits = command.opc == opcode::asynchronous_event_request;
      return waits || command.opc == lost ? Answer::Hold : Answer::Complete;
    };
    auto opened = Controller::open(device, waiter);
    REQUIRE(opened.ok());
    controller = opened.value();
  }

  Status claim() { return controller->claim_admin(kTimeoutNs); }

  // `call` takes as long as one command may take, and little more.
  template <class Call>
  Failure lose(uint8_t command, Call call) {
    lost = command;
    const uint64_t began_ns = waiter.now_ns();
    Status status = call();
    const uint64_t elapsed_ns = waiter.now_ns() - began_ns;
    CHECK(elapsed_ns >= kTimeoutNs);
    CHECK(elapsed_ns < 2 * kTimeoutNs);
    REQUIRE(!status.ok());
    CHECK(status.failure().code == ErrorCode::Timeout);
    lost.reset();
    return status.failure();
  }
};

template <class T>
Status status_of(Result<T> result) {
  return result.ok() ? Status() : std::move(result.status());
}

TEST_CASE("claiming a controller waits for each command as long as it was told") {
  for (const uint8_t command : {opcode::identify, opcode::set_features}) {
    LossyHost host;
    host.lose(command, [&] { return host.claim(); });
    CHECK(!host.device->enabled());
    CHECK(host.claim().ok());
  }
}

TEST_CASE("what is not told a time waits as long as the claim was told") {
  LossyHost host;
  REQUIRE(host.claim().ok());
  Controller& controller = *host.controller;
  host.lose(opcode::create_io_completion_queue,
            [&] { return status_of(controller.create_queue_pair({})); });
  host.lose(opcode::create_io_submission_queue,
            [&] { return status_of(controller.create_queue_pair({})); });
  auto pair = controller.create_queue_pair({});
  REQUIRE(pair.ok());
  host.lose(opcode::delete_io_submission_queue, [&] { return pair.value()->close(); });
  host.lose(opcode::get_features, [&] { return status_of(controller.events().watch(-1)); });
  host.lose(opcode::set_features, [&] { return status_of(controller.events().watch(-1)); });
  host.lose(opcode::set_features, [&] { return controller.reset(controller.epoch()); });
}

TEST_CASE("each call may have a time of its own, which later ones for its result have, too") {
  LossyHost host;
  REQUIRE(host.controller->claim_admin().ok());
  Controller& controller = *host.controller;
  QueuePairOptions options;
  options.admin_timeout_ns = kTimeoutNs;
  host.lose(opcode::create_io_completion_queue,
            [&] { return status_of(controller.create_queue_pair(options)); });
  auto closed = controller.create_queue_pair(options);
  auto dropped = controller.create_queue_pair(options);
  REQUIRE((closed.ok() && dropped.ok()));
  host.lose(opcode::delete_io_completion_queue, [&] { return closed.value()->close(); });
  REQUIRE(dropped.value()->drop().ok());
  host.lose(opcode::create_io_completion_queue, [&] { return dropped.value()->recreate(); });
  host.lose(opcode::get_features,
            [&] { return status_of(controller.events().watch(-1, kTimeoutNs)); });
  host.lose(opcode::set_features, [&] { return controller.reset(controller.epoch(), kTimeoutNs); });
}

TEST_CASE("a controller that was given up is shown as it was before, with what was lost") {
  LossyHost host;
  const Failure failure = host.lose(opcode::identify, [&] { return host.claim(); });
  REQUIRE(failure.snapshot != nullptr);
  const ControllerSnapshot& snapshot = *failure.snapshot;
  CHECK(snapshot.address == "fake device");
  CHECK(spec::cc::en.get(snapshot.cc) == 1);
  CHECK(spec::csts::rdy.get(snapshot.csts) == 1);
  CHECK(!host.device->enabled());
  REQUIRE(snapshot.admin_queue.has_value());
  const AdminQueueSnapshot& queue = *snapshot.admin_queue;
  CHECK(queue.outstanding.empty());
  REQUIRE(queue.given_up.size() == 1);
  CHECK(queue.given_up[0].opc == opcode::identify);
  CHECK(queue.given_up[0].cdw10 == spec::cns::identify_controller);
  CHECK(queue.submissions[0].opc == opcode::identify);
  CHECK(queue.sq_tail == 1);
  CHECK(queue.cq_head == 0);
}

TEST_CASE("so is one that does not become ready, or is not disabled") {
  LossyHost never_ready;
  never_ready.device->becomes_ready = false;
  Status status = never_ready.claim();
  REQUIRE((!status.ok() && status.failure().snapshot != nullptr));
  CHECK(spec::cc::en.get(status.failure().snapshot->cc) == 1);
  CHECK(spec::csts::rdy.get(status.failure().snapshot->csts) == 0);
  CHECK(status.failure().snapshot->admin_queue->sq_tail == 0);

  LossyHost never_disabled;
  never_disabled.device->write_register32(spec::registers::cc, spec::cc::en.put(1));
  never_disabled.device->becomes_disabled = false;
  status = never_disabled.claim();
  REQUIRE((!status.ok() && status.failure().snapshot != nullptr));
  CHECK(spec::csts::rdy.get(status.failure().snapshot->csts) == 1);
  CHECK(!status.failure().snapshot->admin_queue.has_value());
}

TEST_CASE("one that is closed is shown as it was then, where that took too long") {
  LossyHost host;
  REQUIRE(host.claim().ok());
  auto pair = host.controller->create_queue_pair({});
  REQUIRE(pair.ok());
  const Failure failure =
      host.lose(opcode::delete_io_submission_queue, [&] { return host.controller->close(); });
  REQUIRE(failure.snapshot != nullptr);
  CHECK(failure.snapshot->admin_queue->given_up[0].opc == opcode::delete_io_submission_queue);

  LossyHost never_disabled;
  REQUIRE(never_disabled.claim().ok());
  never_disabled.device->becomes_disabled = never_disabled.device->reset_works = false;
  const Status status = never_disabled.controller->close();
  REQUIRE((!status.ok() && status.failure().snapshot != nullptr));
  CHECK(spec::csts::rdy.get(status.failure().snapshot->csts) == 1);
}

TEST_CASE("a snapshot tells what waits, what was given up and what was answered") {
  LossyHost host;
  REQUIRE(host.claim().ok());
  Controller& controller = *host.controller;
  REQUIRE(controller.events().watch(-1).ok());
  host.lose(opcode::create_io_completion_queue,
            [&] { return status_of(controller.create_queue_pair({})); });
  host.lost = opcode::keep_alive;
  spec::SubmissionQueueEntry command{};
  command.opc = opcode::keep_alive;
  auto sent = controller.send_admin(command, kTimeoutNs, nullptr);
  REQUIRE(sent != nullptr);

  auto queue = controller.snapshot().admin_queue;
  REQUIRE(queue.has_value());
  REQUIRE(queue->outstanding.size() == 1);
  CHECK(queue->outstanding[0].opc == opcode::keep_alive);
  REQUIRE(queue->given_up.size() == 1);
  CHECK(queue->given_up[0].opc == opcode::create_io_completion_queue);
  CHECK(queue->event_requests == 1);  // AERL 0
  const auto& last = queue->completions[queue->cq_head - 1];
  CHECK((last.cid & queue->command_mask) < queue->submissions.size());
  CHECK(last.sqhd == queue->sq_head);

  host.device->step();
  host.device->complete_held();
  REQUIRE(sent->has_ended());
  queue = controller.snapshot().admin_queue;
  CHECK(queue->given_up.empty());
  CHECK(queue->outstanding.empty());

  REQUIRE(controller.close().ok());
  CHECK(!controller.snapshot().admin_queue.has_value());
}

TEST_CASE("one that nobody here manages has no admin queue to show") {
  LossyHost host;
  CHECK(!host.controller->snapshot().admin_queue.has_value());
}

}  // namespace
}  // namespace nvm::test
