// SPDX-License-Identifier: MIT
// A vfio-user server that ends, and the one that comes in its place.
#include <future>
#include <thread>

#include "transport/driven.h"
#include "transport/scripted_vfio_user_server.h"
#include "transport/vfio_user_transport.h"

using namespace nvm;
using namespace nvm::test;
using Kind = vfio_user::Doorbells;

namespace {

bool comes_true(const std::function<bool()>& condition) {
  return wait_until(thread_waiter(), kPatienceNs, condition);
}

ErrorCode code_of(const Status& status) {
  return status.ok() ? ErrorCode{} : status.failure().code;
}

// Until the driver has heard that the server has gone.
bool is_lost(QueuePair& queue) {
  return comes_true([&] { return queue.lost(); });
}

bool is_back(Driven& driven) {
  return comes_true([&] { return !driven.controller->transport().awaits_manager(); });
}

spec::SubmissionQueueEntry identify_into(const DmaDescriptor& page) {
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::identify;
  command.cdw10 = spec::cns::identify_controller;
  command.prp1 = page.io_address(0);
  return command;
}

// A block is written through the first server, and has to be read through later ones.
bool reads(QueuePair& queue, DmaDescriptor& page, uint64_t lba, int value) {
  std::memset(page.bytes(), 0, kBlock);
  put(queue, spec::nvm_opcode::read, lba, page.io_address(0));
  queue.ring();
  return take(queue, 1) && page.bytes()[kBlock - 1] == static_cast<std::byte>(value);
}

// Admin commands that the device of a test takes, and never completes.
class UnansweredAdmin {
 public:
  explicit UnansweredAdmin(Driven& driven) : runner_(*driven.served.runner) {}
  uint32_t add(uint8_t opcode) {
    emulator::Fault fault;
    fault.match.queues = emulator::FaultQueues::Admin;
    fault.match.opcode = opcode;
    fault.action.drop = true;
    emulator::Runner::Pause pause(runner_);
    auto id = pause.subsystem().faults().add(fault);
    REQUIRE(id.ok());
    return id.value();
  }
  uint64_t hits(uint32_t id) {
    emulator::Runner::Pause pause(runner_);
    return pause.subsystem().faults().hits(id);
  }
  void clear() {
    emulator::Runner::Pause pause(runner_);
    pause.subsystem().faults().clear();
  }

 private:
  emulator::Runner& runner_;
};

// What a device with another identity looks like.
std::shared_ptr<emulator::Runner> make_other(const emulator::Identity& identity,
                                             size_t byte_length = 1 << 20) {
  auto subsystem = std::make_unique<emulator::Subsystem>(identity);
  subsystem->add_namespace(emulator::make_nvm_namespace(
      std::move(emulator::make_memory_store(byte_length).value()), 512, nullptr));
  subsystem->add_controller({});
  return std::make_shared<emulator::Runner>(std::move(subsystem));
}

}  // namespace

TEST_CASE("memory, queue numbers and wake-ups of a client are there again at the next server") {
  for (const auto doorbells : {Kind::Trap, Kind::Poll}) {
    CAPTURE(static_cast<int>(doorbells));
    Driven driven(doorbells, kPatienceNs);
    Sleeper sleeper;
    auto other = driven.queue({.depth = 3});
    auto queue = driven.queue({.depth = 7, .wakes = true, .wake = {nullptr, sleeper.writer.get()}});
    REQUIRE(other->close().ok());
    auto page = driven.controller->allocate(4096).value();
    const uint64_t address = page->io_address(0);
    std::memset(page->bytes(), 5, 4096);
    put(*queue, spec::nvm_opcode::write, 700, address);
    queue->ring();
    REQUIRE(take(*queue, 1));
    for (uint32_t round = 1; round <= 3; round++) {
      std::memset(page->bytes(), 5, 4096);
      driven.end_server();
      REQUIRE(is_lost(*queue));
      CHECK(page->bytes()[0] == std::byte{5});
      auto reason = queue->drop();
      REQUIRE(reason.ok());
      CHECK(reason.value() == ErrorCode::ControllerGone);
      driven.start_server();
      REQUIRE(queue->recreate().ok());  // waits
      CHECK(driven.controller->transport().later_managers() == round);
      CHECK(queue->id() == 2);
      CHECK(page->io_address(0) == address);
      CHECK(reads(*queue, *page, 700, 5));
      put(*queue, spec::nvm_opcode::flush, 0, 0);
      armed_word(*queue).store(1);
      queue->ring();
      CHECK(sleeper.sleep());
      CHECK(take(*queue, 1));
      CHECK(works(driven, *queue, 3));
    }
    auto again = driven.queue({.depth = 3});
    CHECK(again->id() == 1);
    CHECK(works(driven, *again, 3));
    CHECK(driven.controller->reset(driven.controller->epoch()).ok());
    CHECK(driven.controller->close().ok());
  }
}

TEST_CASE("what is asked while there is no server waits for the next") {
  Driven driven(Kind::Trap, kPatienceNs);
  auto queue = driven.queue({.depth = 7});
  auto page = driven.controller->allocate(4096).value();
  auto file = [&] {
    return DmaDescriptor::map(driven.controller->shared_transport(),
                              Buffer::allocate(3 << 20).value());
  };
  auto dropped = file().value();
  driven.end_server();
  REQUIRE(is_lost(*queue));
  dropped.reset();
  INFO("memory that the first server had not, of the pool and of a file of its own");
  auto large = driven.controller->allocate(64 << 20);
  REQUIRE(large.ok());
  auto mapped = file();
  REQUIRE(mapped.ok());
  Result<Completion> identified = Status(ErrorCode::Timeout);
  Result<std::shared_ptr<QueuePair>> created = Status(ErrorCode::Timeout);
  const auto command = identify_into(*page);
  std::thread identifying(
      [&] { identified = driven.controller->admin_or_abort(command, kPatienceNs, page); });
  std::thread creating([&] { created = driven.controller->create_queue_pair({.depth = 7}); });
  usleep(20'000);
  driven.start_server();
  identifying.join();
  creating.join();
  REQUIRE(identified.ok());
  CHECK(identified.value().status_field == 0);
  REQUIRE(created.ok());
  QueuePair& now = *created.value();
  for (DmaDescriptor* memory : {large.value().get(), mapped.value().get()}) {
    const size_t last = memory->byte_length() - kBlock;
    std::memset(memory->bytes() + last, 0x3c, kBlock);
    put(now, spec::nvm_opcode::write, 9, memory->io_address(last));
    now.ring();
    REQUIRE(take(now, 1));
    CHECK(reads(now, *page, 9, 0x3c));
  }
  CHECK(works(driven, now, 2));
}

TEST_CASE("commands that the server had when it went fail, and none is sent again") {
  Driven driven(Kind::Trap, kPatienceNs);
  auto queue = driven.queue({.depth = 7});
  auto page = driven.controller->allocate(4096).value();
  spec::SubmissionQueueEntry request{};
  request.opc = spec::admin_opcode::asynchronous_event_request;  // which nothing completes
  Result<Completion> waiting = Status(ErrorCode::Timeout);
  std::thread asking([&] { waiting = driven.controller->admin(request, kPatienceNs); });
  usleep(20'000);
  driven.end_server();
  asking.join();
  CHECK(code_of(waiting.status()) == ErrorCode::ControllerGone);
  REQUIRE(is_lost(*queue));
  INFO("one that does not wait says so");
  CHECK(code_of(driven.controller->admin(identify_into(*page), kPatienceNs).status()) ==
        ErrorCode::ControllerGone);
  CHECK(code_of(driven.controller->reset(driven.controller->epoch())) == ErrorCode::ControllerGone);
  driven.start_server();
  REQUIRE(is_back(driven));
  CHECK(driven.controller->admin(identify_into(*page), kPatienceNs, page).ok());
  REQUIRE(queue->drop().ok());
  REQUIRE(queue->recreate().ok());
  CHECK(works(driven, *queue, 2));
}

TEST_CASE("servers that come and go before anybody has settled with them are survived") {
  for (const auto doorbells : {Kind::Trap, Kind::Poll}) {
    Driven driven(doorbells, kPatienceNs);
    auto queue = driven.queue({.depth = 7});
    for (int round = 0; round < 30; round++) {
      driven.end_server();
      if (round % 3 == 0) usleep(static_cast<useconds_t>(round) * 300);
      driven.start_server();
      if (round % 2 == 0) usleep(static_cast<useconds_t>(round) * 100);
    }
    REQUIRE(is_lost(*queue));
    bool is_dropped = true;
    REQUIRE(comes_true([&] {
      is_dropped = queue->drop().ok();
      return !is_dropped || queue->recreate().ok();
    }));
    REQUIRE(is_dropped);
    CHECK(works(driven, *queue, 5));
    CHECK(driven.controller->close().ok());
  }
}

// The server ends while the queue's drop waits for `command`.
void end_while_dropped(Driven& driven, QueuePair& queue, uint64_t deletion_ns,
                       UnansweredAdmin& unanswered, uint32_t command) {
  auto dropping = std::async(std::launch::async, [&] { return queue.drop(deletion_ns); });
  REQUIRE(comes_true([&] { return unanswered.hits(command) == 1; }));
  driven.end_server();
  const auto dropped = dropping.get();
  REQUIRE(dropped.ok());
  CHECK(dropped.value() == ErrorCode::ControllerGone);
  unanswered.clear();
  driven.start_server();
  REQUIRE(queue.recreate().ok());
  CHECK(works(driven, queue, 2));
}

TEST_CASE("what was rung too late for one server is not heard by the next") {
  Driven driven(Kind::Poll, kPatienceNs);
  auto queue = driven.queue({.depth = 7});
  driven.end_server();
  REQUIRE(is_lost(*queue));
  driven.controller->transport().doorbells().base[0] = 1;
  driven.start_server();
  REQUIRE(is_back(driven));
  REQUIRE(queue->drop().ok());
  REQUIRE(queue->recreate().ok());
  CHECK(works(driven, *queue, 2));
}

TEST_CASE("a queue whose server ends while it is deleted is dropped, and works at the next") {
  for (const auto doorbells : {Kind::Trap, Kind::Poll}) {
    Driven driven(doorbells, kPatienceNs);
    auto queue = driven.queue({.depth = 7});
    UnansweredAdmin unanswered(driven);
    const uint32_t deletion = unanswered.add(spec::admin_opcode::delete_io_submission_queue);
    end_while_dropped(driven, *queue, kAdminTimeoutNs, unanswered, deletion);
  }
}

TEST_CASE("a queue whose server ends while the controller is reset is dropped, too") {
  for (const auto doorbells : {Kind::Trap, Kind::Poll}) {
    Driven driven(doorbells, kPatienceNs);
    auto queue = driven.queue({.depth = 7});
    UnansweredAdmin unanswered(driven);
    unanswered.add(spec::admin_opcode::delete_io_submission_queue);
    unanswered.add(spec::admin_opcode::abort);
    const uint32_t grant = unanswered.add(spec::admin_opcode::set_features);
    constexpr uint64_t kDeletionNs = 10 * kNanosecondsPerMillisecond;
    end_while_dropped(driven, *queue, kDeletionNs, unanswered, grant);
    CHECK(driven.controller->reset(driven.controller->epoch()).ok());
  }
}

TEST_CASE("a server of other blocks is not taken for the one before") {
  emulator::Identity serial, data;
  serial.serial_number = "ANOTHER";
  data.data_identity = 7;
  for (const auto& other : {make_other(serial), make_other(data)}) {
    Driven driven(Kind::Trap, kPatienceNs);
    auto queue = driven.queue({.depth = 7});
    auto page = driven.controller->allocate(4096).value();
    driven.end_server();
    driven.served.runner = other;
    REQUIRE(is_lost(*queue));
    driven.start_server();
    REQUIRE(is_back(driven));
    CHECK(driven.controller->transport().is_gone());
    CHECK(driven.controller->transport().later_managers() == 0);
    CHECK(code_of(driven.controller->admin_or_abort(identify_into(*page), kPatienceNs, page)
                      .status()) == ErrorCode::DataLost);
    REQUIRE(queue->drop().ok());
    CHECK(code_of(queue->recreate()) == ErrorCode::DataLost);
    CHECK(code_of(driven.controller->create_queue_pair({.depth = 3}).status()) ==
          ErrorCode::DataLost);
    CHECK(queue->close().ok());
    queue.reset();
    page.reset();
    CHECK(driven.controller->close().ok());
    INFO("who opens it anew uses what there is");
    driven.open();
    auto now = driven.queue({.depth = 7});
    CHECK(works(driven, *now, 2));
  }
}

TEST_CASE("blocks that a server has in memory are told apart by what Identify says of them") {
  emulator::Identity identity;
  identity.data_identity = 3;
  Driven driven(Kind::Trap, kPatienceNs);
  driven.end_server();
  driven.served.runner = make_other(identity);
  driven.start_server();
  driven.open();
  auto queue = driven.queue({.depth = 7});
  for (const auto& [next, expected] :
       {std::pair{uint64_t{3}, ErrorCode{}}, std::pair{uint64_t{4}, ErrorCode::DataLost}}) {
    driven.end_server();
    REQUIRE(is_lost(*queue));
    identity.data_identity = next;
    driven.served.runner = make_other(identity);
    driven.start_server();
    REQUIRE(is_back(driven));
    REQUIRE(queue->drop().ok());
    CHECK(code_of(queue->recreate()) == expected);
  }
}

TEST_CASE("doorbells of another kind are another controller's") {
  Driven driven(Kind::Poll, kPatienceNs);
  auto queue = driven.queue({.depth = 7});
  driven.end_server();
  driven.doorbells = Kind::Trap;
  REQUIRE(is_lost(*queue));
  driven.start_server();
  REQUIRE(is_back(driven));
  REQUIRE(queue->drop().ok());
  Status failed = queue->recreate();
  CHECK(code_of(failed) == ErrorCode::ControllerGone);
  CHECK(failed.failure().detail.find("its doorbells changed") != std::string::npos);
  driven.doorbells = Kind::Poll;
}

TEST_CASE("without a server in time everything fails with the reason, and can be closed") {
  Driven driven(Kind::Poll, 50 * kNanosecondsPerMillisecond);
  auto queue = driven.queue({.depth = 7});
  driven.end_server();
  REQUIRE(is_lost(*queue));
  REQUIRE(is_back(driven));
  for (int i = 0; i < 2; i++) {
    Status failed = std::move(driven.controller->create_queue_pair({.depth = 3}).status());
    CHECK(code_of(failed) == ErrorCode::ControllerGone);
    CHECK(failed.failure().detail.find("within 50 ms") != std::string::npos);
  }
  CHECK(code_of(driven.controller->allocate(64 << 20).status()) == ErrorCode::ControllerGone);
  CHECK(queue->close().ok());
  CHECK(driven.controller->close().ok());
}

TEST_CASE("a server that has come is waited for also when no other one is any more") {
  Driven driven(Kind::Trap, kPatienceNs);
  auto queue = driven.queue({.depth = 7});
  driven.end_server();
  REQUIRE(is_lost(*queue));
  driven.start_server();
  REQUIRE(is_back(driven));
  Transport& transport = driven.controller->transport();
  transport.stop_waiting();
  CHECK(transport.read_register32(spec::registers::vs) != UINT32_MAX);
  CHECK(queue->close().ok());
}

TEST_CASE("closing ends the wait for a server, and leaves nothing") {
  Driven driven(Kind::Trap, 3'600'000 * kNanosecondsPerMillisecond);
  auto queue = driven.queue({.depth = 7});
  driven.end_server();
  REQUIRE(is_lost(*queue));
  Result<std::shared_ptr<QueuePair>> created = Status(ErrorCode::Timeout);
  std::thread creating([&] { created = driven.controller->create_queue_pair({.depth = 7}); });
  usleep(20'000);
  CHECK(driven.controller->close().ok());
  creating.join();
  CHECK_FALSE(created.ok());
  const std::weak_ptr<Transport> left = driven.controller->shared_transport();
  queue.reset();
  driven.controller.reset();
  CHECK(left.expired());
}

namespace {

// Servers that answer have this long on a loaded machine, too.
constexpr uint32_t kReplyTimeoutMs = 500;

// A path at which one scripted server comes after the other.
struct ScriptedPlace {
  ~ScriptedPlace() { unlink(folder.socket().c_str()); }
  void serve_by(const ScriptedServer& server) {
    unlink(folder.socket().c_str());
    REQUIRE(symlink(server.path().c_str(), folder.socket().c_str()) == 0);
  }
  std::unique_ptr<Transport> open() {
    auto opened = open_vfio_user_transport(folder.socket(), kReplyTimeoutMs, kPatienceNs);
    REQUIRE(opened.ok());
    return std::move(opened.value());
  }
  vfio_user::test::ScratchFolder folder;
};

}  // namespace

TEST_CASE("a server that is late may still use memory: no other is taken in its place") {
  ScriptedServer first, next;
  first.start();
  next.start();
  ScriptedPlace place;
  place.serve_by(first);
  const auto transport = place.open();
  place.serve_by(next);
  first.stop_reading();
  CHECK(transport->read_register32(spec::registers::csts) == UINT32_MAX);
  CHECK(transport->is_gone());
  usleep(100'000);  // ten times as long as it takes to look for another
  CHECK_FALSE(transport->awaits_manager());
  CHECK(next.commands().empty());
}

TEST_CASE("a next server that has been given memory and is late has no successor, either") {
  ScriptedServer first, next;
  first.maps_doorbells = next.maps_doorbells = false;
  next.answers[CommandCode::DmaMap] = [](const Header&, const Bytes&) { return Bytes(); };
  first.start();
  next.start();
  ScriptedPlace place;
  place.serve_by(first);
  const auto transport = place.open();
  place.serve_by(next);
  first.hang_up();
  REQUIRE(comes_true([&] { return next.commands().size() > 1; }));
  REQUIRE(comes_true([&] { return !transport->awaits_manager(); }));
  CHECK(transport->is_gone());
  CHECK(transport->later_managers() == 0);
  CHECK(transport->gone().failure().detail.find("did not answer DMA_MAP") != std::string::npos);
}
