// SPDX-License-Identifier: MIT
// A client that has gone, wherever it was: what it had comes back, and nothing of it before the
// device let go.
#include "rpc/scripted.h"
#include "rpc/worker.h"

namespace nvm::test {
namespace {

using Sqe = spec::SubmissionQueueEntry;

bool everything_is_back(ScriptedService& served) {
  return served.step_until([&] { return served.service->is_empty(); });
}
bool something_stays(ScriptedService& served) {
  return !served.step_until([&] { return served.service->is_empty(); }, kSecondNs / 10);
}

Sqe identify(uint64_t address) {
  Sqe command{};
  command.opc = spec::admin_opcode::identify;
  command.cdw10 = spec::cns::identify_controller;
  command.prp1 = address;
  return command;
}

TEST_CASE("queues, numbers, vectors, memory and descriptors of a client that goes come back") {
  ScriptedService served;
  const size_t before = count_free_numbers(*served.controller);
  for (int lap = 0; lap < 200; lap++) {
    Scripted client(served);
    const uint64_t memory = client.map(4);
    REQUIRE(memory != 0);
    client.create_pair(memory);
    client.create_pair(memory + 2 * 4096);
    client.take_queue(true);
    client.hang_up();
    REQUIRE(everything_is_back(served));
  }
  CHECK(count_free_numbers(*served.controller) == before);
}

TEST_CASE("dead client's queue kept: the next one under its number works") {
  ScriptedService served;
  for (const bool with_sq : {false, true}) {
    Scripted client(served);
    const uint64_t memory = client.map(2);
    const uint16_t id = client.take_queue();
    REQUIRE(client.admin_status(Scripted::create_cq(id, memory)) == 0);
    if (with_sq) REQUIRE(client.admin_status(Scripted::create_sq(id, id, memory + 4096)) == 0);
    client.hang_up();
    REQUIRE(everything_is_back(served));
    Scripted next(served);
    CHECK(next.create_pair(next.map(2)) == id);
    next.hang_up();
    REQUIRE(everything_is_back(served));
  }
}

TEST_CASE("early free: nothing is given to others while the device has not deleted the queues") {
  ScriptedService served;
  const size_t before = count_free_numbers(*served.controller);
  Scripted client(served);
  const uint64_t memory = client.map(2);
  client.create_pair(memory);
  served.drop_admin(spec::admin_opcode::delete_io_submission_queue);
  client.hang_up();
  for (int i = 0; i < 50; i++) served.step();
  served.pass(10 * kSecondNs);
  CHECK(something_stays(served));
  CHECK(count_free_numbers(*served.controller) == before - 1);
  Scripted other(served);
  INFO("its address included");
  const UniqueFd fd = make_sealed_memory("other", 8192);
  CHECK(other.refusal(spec::rpc_code::map, spec::RpcMap{0, 8192, memory}, {fd.get()}) !=
        ErrorCode{});
  served.clear_faults();
  other.hang_up();
  CHECK(something_stays(served));
  INFO("a reset lets go of everything");
  REQUIRE(served.controller->reset(served.controller->epoch()).ok());
  REQUIRE(everything_is_back(served));
  CHECK(count_free_numbers(*served.controller) == before);
}

TEST_CASE("a deletion that the device answers late is one") {
  ScriptedService served;
  Scripted client(served);
  client.create_pair(client.map(2));
  served.delay_admin(spec::admin_opcode::delete_io_submission_queue, kSecondNs / 2);
  client.hang_up();
  served.step();
  served.pass(10 * kSecondNs);
  REQUIRE(served.step_until([&] { return served.service->is_empty(); }));
}

TEST_CASE("one queue whose deletion is refused keeps the memory, and no other queue") {
  ScriptedService served;
  const size_t before = count_free_numbers(*served.controller);
  Scripted client(served);
  const uint64_t memory = client.map(4);
  client.create_pair(memory);
  const uint16_t second = client.create_pair(memory + 2 * 4096);
  served.refuse_admin(spec::admin_opcode::delete_io_submission_queue, spec::status::internal_error,
                      1);
  client.hang_up();
  CHECK(something_stays(served));
  CHECK(count_free_numbers(*served.controller) == before - 2);
  CHECK_FALSE(served.service->waits_for_device());
  auto deletion = served.controller->admin(
      Scripted::about_queue(spec::admin_opcode::delete_io_submission_queue, second), kSecondNs);
  REQUIRE(deletion.ok());
  CHECK((deletion.value().status_field & spec::status::code_mask) ==
        spec::status::invalid_queue_identifier);
  REQUIRE(served.controller->reset(served.controller->epoch()).ok());
  REQUIRE(everything_is_back(served));
}

TEST_CASE("queues that the client deleted behind our back hold up nothing") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(4);
  const uint16_t id = client.create_pair(memory);
  client.create_pair(memory + 2 * 4096);
  INFO("by the owner, whom nobody hinders");
  auto deletion = served.controller->admin(
      Scripted::about_queue(spec::admin_opcode::delete_io_submission_queue, id), kSecondNs);
  REQUIRE(deletion.ok());
  client.hang_up();
  CHECK(everything_is_back(served));
}

TEST_CASE("a client that dies with all its commands outstanding is noticed") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(1);
  served.delay_admin(spec::admin_opcode::identify, kSecondNs / 2);
  for (int i = 0; i < 20; i++) {
    client.send(spec::rpc_code::admin, Scripted::admin(identify(memory), 3600 * kSecondNs));
  }
  served.step();
  client.hang_up();
  REQUIRE(served.step_until([&] { return served.service->is_empty(); }));
}

TEST_CASE("a command that is never answered keeps what it may write to, until the reset") {
  ScriptedService served;
  Scripted client(served);
  served.drop_admin(spec::admin_opcode::identify);
  client.send(spec::rpc_code::admin, Scripted::admin(identify(client.map(1)), 3600 * kSecondNs));
  served.step();
  client.hang_up();
  served.step();
  served.pass(2 * kSecondNs);
  CHECK(something_stays(served));
  REQUIRE(served.controller->reset(served.controller->epoch()).ok());
  CHECK(everything_is_back(served));
}

TEST_CASE("a creation that is answered after its client has gone is undone") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(2);
  const uint16_t id = client.take_queue();
  served.delay_admin(spec::admin_opcode::create_io_completion_queue, kSecondNs / 4);
  client.send(spec::rpc_code::admin, Scripted::admin(Scripted::create_cq(id, memory)));
  served.step();
  client.hang_up();
  REQUIRE(everything_is_back(served));
  served.clear_faults();
  Scripted next(served);
  CHECK(next.create_pair(next.map(2)) == id);
}

TEST_CASE("a reset tells clients, and what they made before is gone") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(2);
  const uint16_t id = client.create_pair(memory);
  REQUIRE(served.controller->reset(served.controller->epoch()).ok());
  rpc::Message notice;
  REQUIRE(served.step_until(
      [&] { return client.notices->receive(notice) == rpc::Channel::State::Ready; }));
  CHECK(notice.header().code == spec::rpc_code::queues_lost);
  CHECK(client.admin_status(Scripted::create_cq(id, memory)) == 0);
  CHECK(client.admin_status(Scripted::create_sq(id, id, memory + 4096)) == 0);
  INFO("both, also before the service has heard of the reset");
  REQUIRE(served.controller->reset(served.controller->epoch()).ok());
  CHECK(client.admin_status(Scripted::create_cq(id, memory)) == 0);
  CHECK(client.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode::Busy);
  CHECK(client.admin_status(
            Scripted::about_queue(spec::admin_opcode::delete_io_completion_queue, id)) == 0);
  CHECK(client.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode{});
}

TEST_CASE("after a reset a client lets go at once of what was never answered before") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(2);
  const uint16_t id = client.create_pair(memory);
  served.drop_admin(spec::admin_opcode::delete_io_submission_queue);
  const Sqe deletion = Scripted::about_queue(spec::admin_opcode::delete_io_submission_queue, id);
  CHECK(client.admin_refusal(deletion, kSecondNs / 100) == ErrorCode::Timeout);
  CHECK(client.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode::Busy);
  REQUIRE(served.controller->reset(served.controller->epoch()).ok());
  CHECK(client.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode{});
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{memory}) == ErrorCode{});
}

TEST_CASE("a deletion that waits for an id ends with the controller") {
  ScriptedService served;
  Scripted client(served);
  client.create_pair(client.map(2));
  served.drop_admin(spec::admin_opcode::identify);
  std::vector<std::unique_ptr<Scripted>> others;
  for (int i = 0; i < 8; i++) {
    others.push_back(std::make_unique<Scripted>(served));
    for (int j = 0; j < 8; j++) {
      others.back()->send(spec::rpc_code::admin, Scripted::admin(identify(0), 60 * kSecondNs));
    }
  }
  for (int i = 0; i < 100; i++) served.step();
  client.hang_up();
  for (int i = 0; i < 100; i++) served.step();
  REQUIRE(served.controller->close().ok());
  CHECK(everything_is_back(served));
}

TEST_CASE("silence has an end: without a greeting, and without reading replies") {
  ScriptedService served;
  Scripted silent(served, false);
  Scripted deaf(served);
  Scripted honest(served);
  for (int i = 0; i < 100'000; i++) {
    rpc::Message message = rpc::make_message(spec::rpc_code::take_queue, 1, uint32_t{0});
    if (deaf.channel().send(message) == rpc::Channel::State::Blocked) break;
    served.step();
  }
  CHECK(served.service->waits_long());
  served.pass(6 * kSecondNs);
  CHECK(silent.is_dropped());
  served.step();
  rpc::Message message;
  while (deaf.channel().receive(message) == rpc::Channel::State::Ready) {
  }
  CHECK(deaf.is_dropped());
  CHECK(honest.take_queue() != 0);
}

TEST_CASE("when the admin queue is closed, clients are told and everything comes back") {
  ScriptedService served;
  Scripted client(served);
  client.create_pair(client.map(2));
  REQUIRE(served.controller->close().ok());
  REQUIRE(everything_is_back(served));
  rpc::Message notice;
  REQUIRE(client.notices->receive(notice) == rpc::Channel::State::Ready);
  CHECK(notice.header().code == spec::rpc_code::closing);
}

}  // namespace
}  // namespace nvm::test
