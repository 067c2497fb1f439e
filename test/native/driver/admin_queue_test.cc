// SPDX-License-Identifier: MIT
// The admin queue against a scripted device: laps, lost and late completions, devices that fail.
#include "driver/admin_queue.h"

#include "driver/admin_observer.h"
#include "driver/fake_device.h"
#include "driver/reset.h"

namespace nvm::test {
namespace {

constexpr uint64_t kTimeoutNs = 100 * kNanosecondsPerMillisecond;

struct AdminHost {
  std::shared_ptr<FakeDevice> device = std::make_shared<FakeDevice>();
  FakeWaiter waiter{*device};
  std::unique_ptr<AdminQueue> queue;

  std::shared_ptr<DmaDescriptor> allocate(size_t byte_length) {
    auto buffer = Buffer::allocate(byte_length);
    REQUIRE(buffer.ok());
    auto memory = DmaDescriptor::map(device, buffer.value());
    REQUIRE(memory.ok());
    return memory.value();
  }

  Result<std::unique_ptr<AdminQueue>> create() {
    auto memory = allocate(2 * kPage);
    const AdminWindow window{memory->bytes(), memory->io_address(0), memory->io_address(kPage),
                             memory};
    return AdminQueue::create(device, window, waiter);
  }

  AdminHost& start() {
    auto created = create();
    REQUIRE(created.ok());
    queue = std::move(created.value());
    return *this;
  }

  // The device repeats `mark` in the completion.
  Result<Completion> submit(uint32_t mark, std::shared_ptr<DmaDescriptor> data = nullptr) {
    spec::SubmissionQueueEntry command{};
    command.opc = spec::admin_opcode::get_features;
    command.cdw10 = mark;
    return queue->submit(command, kTimeoutNs, std::move(data));
  }
};

FakeDevice::Answer hold(const spec::SubmissionQueueEntry&) {
  return FakeDevice::Answer::Hold;
}
FakeDevice::Answer complete(const spec::SubmissionQueueEntry&) {
  return FakeDevice::Answer::Complete;
}

TEST_CASE("the admin completion queue goes round many laps, its head doorbell rung") {
  for (uint32_t entries_max : {2u, 3u, 5u, 7u, 64u, 1024u}) {
    CAPTURE(entries_max);
    AdminHost host;
    host.device->set_queue_entries_max(entries_max);
    host.start();
    for (uint32_t mark = 1; mark <= 400; mark++) {
      auto completion = host.submit(mark);
      REQUIRE(completion.ok());
      REQUIRE(completion.value().dword0 == mark);
    }
    const uint32_t entries = std::min(entries_max, 64u);
    CHECK(host.device->doorbell(0) == 400 % entries);
    CHECK(host.device->doorbell(1) == 400 % entries);
  }
}

TEST_CASE("both admin queues have one entry count, within MQES and the page") {
  AdminHost host;
  host.device->set_queue_entries_max(5);
  host.start();
  CHECK(spec::aqa::asqs.get(host.device->aqa()) == 4);
  CHECK(spec::aqa::acqs.get(host.device->aqa()) == 4);
  CHECK(admin_queue_entries(spec::cap::mqes.put(0xffff), kPage) == 64);
}

TEST_CASE("defect 2: the late completion of a command that timed out reaches no other") {
  AdminHost host;
  host.start();
  host.device->on_admin = hold;
  auto lost = host.submit(1);
  REQUIRE(!lost.ok());
  CHECK(lost.status().failure().code == ErrorCode::Timeout);

  // The late completion is first in the queue when the next command waits.
  host.device->on_admin = complete;
  host.device->complete_held();
  auto next = host.submit(2);
  REQUIRE(next.ok());
  CHECK(next.value().dword0 == 2);
}

TEST_CASE("a command that timed out keeps its id and its memory until it is completed") {
  AdminHost host;
  host.start();
  host.device->on_admin = hold;
  auto data = host.allocate(kPage);
  const uint64_t address = data->io_address(0);
  CHECK(!host.submit(1, std::move(data)).ok());
  CHECK(host.device->mapped.contains(address));

  host.device->on_admin = complete;
  auto second = host.submit(2);
  REQUIRE(second.ok());
  CHECK(second.value().command_id != host.device->held.front().cid);
  CHECK(host.device->mapped.contains(address));

  host.device->complete_held();
  REQUIRE(host.submit(3).ok());
  CHECK(!host.device->mapped.contains(address));
}

TEST_CASE("with every id outstanding a command times out, and ids come back") {
  AdminHost host;
  host.device->set_queue_entries_max(4);
  host.start();
  host.device->on_admin = hold;
  for (uint32_t mark = 1; mark <= 5; mark++) CHECK(!host.submit(mark).ok());
  CHECK(host.device->held.size() == 3);  // one entry less than the queue has
  host.device->on_admin = complete;
  host.device->complete_held();
  for (uint32_t mark = 1; mark <= 9; mark++) {
    auto completion = host.submit(mark);
    REQUIRE(completion.ok());
    CHECK(completion.value().dword0 == mark);
  }
}

TEST_CASE("completions for ids that nobody has are ignored") {
  AdminHost host;
  host.start();
  host.device->post(7, 99);
  host.device->post(0xffff, 99);
  auto completion = host.submit(1);
  REQUIRE(completion.ok());
  CHECK(completion.value().dword0 == 1);
}

TEST_CASE("a fatal status and a vanished device are told apart from a timeout") {
  AdminHost host;
  host.start();
  host.device->on_admin = hold;
  host.device->fails_when_enabled = true;
  auto fatal = host.submit(1);
  REQUIRE(!fatal.ok());
  CHECK(fatal.status().failure().code == ErrorCode::ControllerFatal);
  host.device->gone = true;
  auto gone = host.submit(2);
  REQUIRE(!gone.ok());
  CHECK(gone.status().failure().code == ErrorCode::ControllerGone);
  host.device->gone = false;
}

TEST_CASE("creating tells what the reset came to, and leaves the controller disabled") {
  AdminHost host;
  ErrorCode expected = ErrorCode::Timeout;
  SUBCASE("it never becomes ready") {
    host.device->becomes_ready = false;
  }
  SUBCASE("it becomes fatal") {
    host.device->fails_when_enabled = true;
    expected = ErrorCode::ControllerFatal;
  }
  SUBCASE("it is gone") {
    host.device->gone = true;
    expected = ErrorCode::ControllerGone;
  }
  auto created = host.create();
  REQUIRE(!created.ok());
  CHECK(created.status().failure().code == expected);
  CHECK(!host.device->enabled());
  CHECK(host.device->mapped.empty());
}

TEST_CASE("destroying disables the controller before its memory goes") {
  AdminHost host;
  host.start();
  host.queue.reset();
  CHECK(!host.device->enabled());
  CHECK(host.device->mapped.empty());
  CHECK(host.device->unmapped_while_enabled == 0);
}

TEST_CASE("a controller that cannot be disabled is reset") {
  AdminHost host;
  host.start();
  host.device->becomes_disabled = false;
  CHECK(host.queue->close().ok());
  host.queue.reset();
  CHECK(host.device->mapped.empty());
}

TEST_CASE("memory that an unstoppable controller may reach is never freed") {
  AdminHost host;
  host.start();
  host.device->on_admin = hold;
  CHECK(!host.submit(1, host.allocate(kPage)).ok());
  host.device->becomes_disabled = false;
  host.device->reset_works = false;
  CHECK(!host.queue->close().ok());
  host.queue.reset();
  CHECK(host.device->mapped.size() == 2);  // the window and the data
}

TEST_CASE("a controller has one manager in a process, and another after it") {
  AdminHost host;
  host.start();
  auto second = host.create();
  REQUIRE(!second.ok());
  CHECK(second.status().failure().code == ErrorCode::Busy);
  host.queue.reset();
  CHECK(host.create().ok());
}

TEST_CASE("after close every command fails as closed") {
  AdminHost host;
  host.start();
  CHECK(host.queue->close().ok());
  CHECK(host.queue->close().ok());
  auto late = host.submit(1);
  REQUIRE(!late.ok());
  CHECK(late.status().failure().code == ErrorCode::Closed);
}

// Observes while it lives.
struct Witness final : AdminObserver {
  std::vector<std::string> heard;  // `3 sent`, `3 status 0`, `3 error 2`

  Witness() { admin_observer = this; }
  ~Witness() override { admin_observer = nullptr; }
  void hear(uint16_t id, const std::string& what) {
    heard.push_back(std::to_string(id) + " " + what);
  }
  uint64_t sent(const std::string&, const spec::SubmissionQueueEntry& command) override {
    hear(command.cid, "sent");
    return 7;
  }
  void completed(const std::string& controller, uint16_t id, uint64_t sent_ns,
                 uint16_t status_field) override {
    CHECK(controller == "fake device");
    CHECK(sent_ns == 7);
    hear(id, "status " + std::to_string(status_field));
  }
  void lost(const std::string&, uint16_t id, uint64_t, ErrorCode why) override {
    hear(id, "error " + std::to_string(static_cast<int>(why)));
  }
};

std::string error_text(ErrorCode code) {
  return "error " + std::to_string(static_cast<int>(code));
}

TEST_CASE("an observer hears of each command, and of one end: the first that its caller sees") {
  AdminHost host;
  host.start();
  Witness witness;
  host.device->on_admin = hold;
  CHECK(!host.submit(1).ok());
  host.device->on_admin = complete;
  host.device->complete_held();  // late: nobody's
  CHECK(host.submit(2).ok());
  const std::string lost = error_text(ErrorCode::Timeout);
  CHECK(witness.heard == std::vector<std::string>{"0 sent", "0 " + lost, "64 sent", "64 status 0"});
}

TEST_CASE("an observer hears that a reset ended commands, also those that nobody waits for") {
  AdminHost host;
  host.start();
  Witness witness;
  host.device->on_admin = hold;
  CHECK(host.queue->keep_event_requests(2) == 2);
  spec::SubmissionQueueEntry command{};
  REQUIRE(host.queue->begin(command, nullptr, nullptr).has_value());
  REQUIRE(host.queue->stop().ok());
  const std::string lost = error_text(ErrorCode::Aborted);
  CHECK(witness.heard == std::vector<std::string>{"0 sent", "65 sent", "130 sent", "0 " + lost,
                                                  "65 " + lost, "130 " + lost});
}

TEST_CASE("an observer that comes later hears of no end without its beginning") {
  AdminHost host;
  host.start();
  host.device->on_admin = hold;
  spec::SubmissionQueueEntry command{};
  const auto ticket = host.queue->begin(command, nullptr, nullptr);
  REQUIRE(ticket.has_value());
  Witness witness;
  host.device->step();
  host.device->complete_held();
  REQUIRE(host.queue->end(*ticket).has_value());
  CHECK(witness.heard.empty());
}

TEST_CASE("a command of a client has not ended before a controller that is reset is disabled") {
  AdminHost host;
  host.start();
  host.device->on_admin = hold;
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::get_features;
  const auto ticket = host.queue->begin(command, nullptr, nullptr);
  REQUIRE(ticket.has_value());
  host.device->becomes_disabled = false;
  int looks = 0;
  host.device->on_step = [&] {
    if (host.device->enabled()) return;
    CHECK_FALSE(host.queue->end(*ticket).has_value());
    if (++looks < 3) return;
    host.device->becomes_disabled = true;
    host.device->write_register32(spec::registers::cc, 0);
  };
  REQUIRE(host.queue->stop().ok());
  CHECK(looks == 3);
  auto ended = host.queue->end(*ticket);
  REQUIRE(ended.has_value());
  CHECK(ended->status().failure().code == ErrorCode::Aborted);
}

}  // namespace
}  // namespace nvm::test
