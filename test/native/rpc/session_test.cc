// SPDX-License-Identifier: MIT
// All that a client can ask for, and what it may not.
#include "rpc/scripted.h"

namespace nvm::test {
namespace {

using Sqe = spec::SubmissionQueueEntry;

Sqe identify(uint64_t address) {
  Sqe command{};
  command.opc = spec::admin_opcode::identify;
  command.cdw10 = spec::cns::identify_controller;
  command.prp1 = address;
  return command;
}

Sqe set_feature(uint8_t feature) {
  Sqe command{};
  command.opc = spec::admin_opcode::set_features;
  command.cdw10 = feature;
  return command;
}

TEST_CASE("whoever asks before greeting is dropped") {
  for (const auto code : std::initializer_list<uint16_t>{
           spec::rpc_code::map, spec::rpc_code::admin, spec::rpc_code::take_queue,
           spec::rpc_code::status, spec::rpc_code::wake, 999}) {
    ScriptedService served;
    Scripted client(served, false);
    client.send(code, spec::RpcAdmin{});
    CHECK(client.is_dropped());
  }
}

TEST_CASE("a client of another version is told which one is spoken, and may try again") {
  ScriptedService served;
  Scripted client(served, false);
  const uint16_t code = spec::rpc_code::hello;
  CHECK(client.refusal(code, spec::RpcHello{2, 0}) == ErrorCode::Unsupported);
  CHECK(client.refusal(code, uint32_t{1}) == ErrorCode::Argument);
  CHECK(client.refusal(code, spec::RpcHello{1, 0}) == ErrorCode{});
  INFO("but greets once");
  CHECK(client.refusal(code, spec::RpcHello{1, 0}) == ErrorCode::Argument);
}

TEST_CASE("a request that is cut, or has the wrong descriptors, is refused and nothing else") {
  ScriptedService served;
  Scripted client(served);
  for (const auto code : std::initializer_list<uint16_t>{
           spec::rpc_code::map, spec::rpc_code::unmap, spec::rpc_code::admin,
           spec::rpc_code::take_queue, spec::rpc_code::give_queue, spec::rpc_code::bind_wake}) {
    CHECK(client.refusal(code, uint32_t{0}) == ErrorCode::Argument);
  }
  const UniqueFd fd = make_sealed_memory("memory", 4096);
  CHECK(client.refusal(spec::rpc_code::map, spec::RpcMap{0, 4096, 0}) == ErrorCode::Argument);
  CHECK(client.refusal(spec::rpc_code::map, spec::RpcMap{0, 4096, 0}, {fd.get(), fd.get()}) ==
        ErrorCode::Argument);
  CHECK(client.refusal(spec::rpc_code::bind_wake, spec::RpcBindWake{}, {fd.get(), fd.get()}) ==
        ErrorCode::Argument);
  CHECK(client.refusal(999, uint32_t{0}) == ErrorCode::Argument);
  CHECK(client.admin_status(identify(client.map(1))) == 0);
}

TEST_CASE("queue numbers are the client's that took them") {
  ScriptedService served;
  Scripted client(served);
  Scripted other(served);
  const uint64_t memory = client.map(2);
  const uint64_t others_memory = other.map(2);
  const uint16_t id = client.create_pair(memory);
  for (const uint8_t opcode :
       {spec::admin_opcode::delete_io_submission_queue,
        spec::admin_opcode::delete_io_completion_queue, spec::admin_opcode::abort}) {
    CHECK(other.admin_refusal(Scripted::about_queue(opcode, id)) == ErrorCode::Refused);
    INFO("nor the admin queues");
    CHECK(other.admin_refusal(Scripted::about_queue(opcode, 0)) == ErrorCode::Refused);
  }
  CHECK(other.admin_refusal(Scripted::create_cq(id, others_memory)) == ErrorCode::Refused);
  CHECK(other.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode::Argument);
  CHECK(other.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id + 65536u, -1}) ==
        ErrorCode::Argument);
  CHECK(other.refusal(spec::rpc_code::take_queue, spec::RpcTakeQueue{0, id, 0}) == ErrorCode::Busy);
  INFO("one that exists is not given back");
  CHECK(client.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode::Busy);
}

TEST_CASE("a queue lies in its client's memory, contiguous, and completes to its client's queue") {
  ScriptedService served;
  Scripted client(served);
  Scripted other(served);
  const uint64_t memory = client.map(2);
  const uint64_t others_memory = other.map(2);
  const uint16_t others = other.create_pair(others_memory);
  const uint16_t id = client.take_queue();
  CHECK(client.admin_refusal(Scripted::create_cq(id, others_memory)) == ErrorCode::Refused);
  CHECK(client.admin_refusal(Scripted::create_cq(id, memory + 2 * 4096)) == ErrorCode::Refused);
  Sqe command = Scripted::create_cq(id, memory);
  command.cdw10 |= 0xffffu << 16;
  CHECK(client.admin_refusal(command) == ErrorCode::Refused);
  command = Scripted::create_cq(id, memory);
  command.cdw11 = 0;
  CHECK(client.admin_refusal(command) == ErrorCode::Refused);
  command.cdw11 = 3 | 1u << 16;
  CHECK(client.admin_refusal(command) == ErrorCode::Refused);
  CHECK(client.admin_refusal(Scripted::create_sq(id, id, memory)) == ErrorCode::Refused);
  CHECK(client.admin_status(Scripted::create_cq(id, memory)) == 0);
  CHECK(client.admin_refusal(Scripted::create_sq(id, others, memory + 4096)) == ErrorCode::Refused);
  CHECK(client.admin_refusal(Scripted::create_sq(id, 0, memory + 4096)) == ErrorCode::Refused);
  CHECK(client.admin_status(Scripted::create_sq(id, id, memory + 4096)) == 0);
}

TEST_CASE("a second creation, with sizes that the device refuses, hides no queue") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(2);
  const uint16_t id = client.create_pair(memory);
  Sqe command = Scripted::create_cq(id, memory);
  command.cdw10 = id;  // one entry is too short
  CHECK(client.admin_refusal(command) == ErrorCode::Refused);
  CHECK(client.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode::Busy);
}

TEST_CASE("of a queue one creation or deletion is under way at a time") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(2);
  const uint16_t id = client.take_queue();
  served.drop_admin(spec::admin_opcode::create_io_completion_queue);
  CHECK(client.admin_refusal(Scripted::create_cq(id, memory), 1) == ErrorCode::Timeout);
  const Sqe deletion = Scripted::about_queue(spec::admin_opcode::delete_io_completion_queue, id);
  CHECK(client.admin_refusal(deletion) == ErrorCode::Busy);
  CHECK(client.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode::Busy);
}

TEST_CASE("what belongs to the manager is refused, whatever the policy") {
  rpc::ServicePolicy policy;
  policy.administers = true;
  ScriptedService served(policy);
  Scripted client(served);
  for (const uint8_t feature :
       {spec::feature::number_of_queues, spec::feature::host_memory_buffer,
        spec::feature::interrupt_coalescing, spec::feature::interrupt_vector_configuration,
        spec::feature::asynchronous_event_configuration}) {
    CHECK(client.admin_refusal(set_feature(feature)) == ErrorCode::Refused);
  }
  for (const uint8_t opcode : {spec::admin_opcode::asynchronous_event_request,
                               spec::admin_opcode::doorbell_buffer_config}) {
    CHECK(client.admin_refusal(Scripted::about_queue(opcode, 0)) == ErrorCode::Refused);
  }
  CHECK(client.admin_status(set_feature(spec::feature::volatile_write_cache)) == 0);
}

TEST_CASE("without administering, a client changes nothing that others see") {
  ScriptedService served;
  Scripted client(served);
  CHECK(client.admin_refusal(set_feature(spec::feature::volatile_write_cache)) ==
        ErrorCode::Refused);
  for (int opcode = 0; opcode < 256; opcode++) {
    Sqe command{};
    command.opc = static_cast<uint8_t>(opcode);
    command.nsid = 1;
    switch (command.opc) {
      case spec::admin_opcode::get_log_page:
      case spec::admin_opcode::identify:
      case spec::admin_opcode::get_features:
      case spec::admin_opcode::keep_alive:
      case spec::admin_opcode::get_lba_status:
        continue;
      default:
        CHECK(client.admin_refusal(command) == ErrorCode::Refused);
    }
  }
}

TEST_CASE("who may administer is still bound to what it may write, and to which namespaces") {
  rpc::ServicePolicy policy;
  policy.administers = true;
  policy.sharing.namespaces = {2};
  Sqe format{};
  format.opc = spec::admin_opcode::format_nvm;
  format.nsid = 1;
  {
    ScriptedService served(policy);
    Scripted client(served);
    CHECK(client.admin_refusal(format) == ErrorCode::Refused);
    format.nsid = 0xffffffff;
    CHECK(client.admin_refusal(format) == ErrorCode::Refused);
    format.nsid = 1;
  }
  policy.sharing = {.opcodes = reading_opcodes(), .namespaces = {}};
  ScriptedService served(policy);
  Scripted client(served);
  CHECK(client.admin_refusal(format) == ErrorCode::Refused);
}

TEST_CASE("a filter rewrites and rejects, and what it made is judged") {
  rpc::ServicePolicy policy;
  policy.filter = [](Sqe& command, const rpc::Peer& peer) {
    if (command.opc == spec::admin_opcode::keep_alive) {
      command.opc = spec::admin_opcode::asynchronous_event_request;
    }
    if (command.opc == spec::admin_opcode::identify) command.cdw10 = spec::cns::identify_controller;
    return command.opc != spec::admin_opcode::get_features && peer.pid == 1 && peer.uid == 2;
  };
  ScriptedService served(policy);
  Scripted client(served);
  CHECK(client.admin_refusal(Scripted::about_queue(spec::admin_opcode::get_features, 1)) ==
        ErrorCode::Refused);
  CHECK(client.admin_refusal(Scripted::about_queue(spec::admin_opcode::keep_alive, 0)) ==
        ErrorCode::Refused);
  Sqe command = identify(client.map(1));
  command.cdw10 = 0;
  const auto reply = client.call(spec::rpc_code::admin, Scripted::admin(command));
  REQUIRE(reply.header().error == 0);
  Sqe sent;
  std::memcpy(&sent, rpc::parse_body<spec::RpcCompletion>(reply)->command, sizeof sent);
  CHECK(sent.cdw10 == spec::cns::identify_controller);
}

TEST_CASE("memory of others, and of nobody, is an error of the command") {
  ScriptedService served;
  Scripted client(served);
  Scripted other(served);
  for (const uint64_t address : {other.map(1), uint64_t{0}, uint64_t{0x1'0000'0000}}) {
    CHECK(client.admin_status(identify(address)) == spec::status::data_transfer_error);
  }
}

TEST_CASE("a vector is of one queue, and a queue without one wakes nobody") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(1);
  client.take_queue(false);
  const UniqueFd fd = make_sealed_memory("no socket", 4096);
  for (const uint32_t vector : {0u, 1u, UINT32_MAX, 65536u}) {
    spec::RpcBindWake body{};
    body.vector = vector;
    body.armed_address = memory;
    CHECK(client.refusal(spec::rpc_code::bind_wake, body, {fd.get()}) == ErrorCode::Refused);
  }
}

TEST_CASE("a client has so many queue pairs, and numbers that it gave back are free") {
  rpc::ServiceLimits limits;
  limits.queue_pairs_max = 2;
  ScriptedService served({}, limits);
  Scripted client(served);
  Scripted other(served);
  const uint16_t id = client.take_queue();
  client.take_queue();
  const spec::RpcTakeQueue any{0, 0, 0};
  CHECK(client.refusal(spec::rpc_code::take_queue, any) == ErrorCode::NoQueues);
  CHECK(other.refusal(spec::rpc_code::take_queue, any) == ErrorCode{});
  CHECK(client.refusal(spec::rpc_code::give_queue, spec::RpcQueue{id, -1}) == ErrorCode{});
  CHECK(client.refusal(spec::rpc_code::take_queue, any) == ErrorCode{});
}

constexpr spec::RpcHello kClientHello{spec::rpc_version, 0};
constexpr spec::RpcHello kObserverHello{spec::rpc_version, 1};

// What whoever says `hello` is told, for which it must be hung up on then.
std::string refusal_text(ScriptedService& served, const spec::RpcHello& hello) {
  Scripted late(served, false);
  const auto reply = late.call(spec::rpc_code::hello, hello);
  CHECK(late.is_dropped());
  const Status status = rpc::parse_failure(reply);
  REQUIRE(status.failure().code == ErrorCode::Busy);
  return status.failure().detail;
}

TEST_CASE("more clients than there may be are told so, until one has gone") {
  rpc::ServiceLimits limits;
  limits.clients_max = 2;
  ScriptedService served({}, limits);
  Scripted client(served);
  {
    Scripted second(served);
    CHECK(refusal_text(served, kClientHello).find("takes 2 clients, and has them") !=
          std::string::npos);
  }
  for (int i = 0; i < 4; i++) served.step();
  Scripted third(served);
  CHECK(third.take_queue() != 0);
}

TEST_CASE("who asks for the status is answered when there are all clients, and is none") {
  rpc::ServiceLimits limits;
  limits.clients_max = 1;
  ScriptedService served({}, limits);
  Scripted before(served, false);
  CHECK(before.refusal(spec::rpc_code::hello, kObserverHello) == ErrorCode{});
  Scripted silent(served, false);
  Scripted client(served);
  Scripted after(served, false);
  CHECK(after.refusal(spec::rpc_code::hello, kObserverHello) == ErrorCode{});
  for (Scripted* observer : {&before, &after}) {
    const auto reply = observer->call(spec::rpc_code::status, uint32_t{0});
    CHECK(rpc::parse_body<spec::RpcStatus>(reply)->client_count == 1);
  }
}

TEST_CASE("so many ask for the status at once, and take no client's place") {
  rpc::ServiceLimits limits;
  limits.observers_max = 2;
  ScriptedService served({}, limits);
  std::optional<Scripted> observers[2];
  for (auto& observer : observers) {
    observer.emplace(served, false);
    CHECK(observer->refusal(spec::rpc_code::hello, kObserverHello) == ErrorCode{});
  }
  CHECK(refusal_text(served, kObserverHello).find("answers 2 at once") != std::string::npos);
  Scripted client(served);
  CHECK(client.take_queue() != 0);
  observers[0].reset();
  for (int i = 0; i < 4; i++) served.step();
  Scripted next(served, false);
  CHECK(next.refusal(spec::rpc_code::hello, kObserverHello) == ErrorCode{});
}

TEST_CASE("so many connections may say nothing, for so long") {
  rpc::ServiceLimits limits;
  limits.clients_max = 1;
  limits.arrivals_max = 3;
  ScriptedService served({}, limits);
  std::vector<std::unique_ptr<Scripted>> silent;
  for (int i = 0; i < 3; i++) {
    CHECK(served.service->has_room());
    silent.push_back(std::make_unique<Scripted>(served, false));
  }
  CHECK_FALSE(served.service->has_room());
  CHECK(Scripted(served, false).is_dropped());
  served.pass(4 * kSecondNs);
  served.step();
  CHECK_FALSE(served.service->has_room());
  served.pass(2 * kSecondNs);
  served.step();
  for (const auto& each : silent) CHECK(each->is_dropped());
  Scripted client(served);
  CHECK(client.take_queue() != 0);
}

TEST_CASE("an observer sees each client, and may do nothing else") {
  ScriptedService served;
  Scripted client(served);
  client.create_pair(client.map(2));
  Scripted observer(served, false);
  const auto answer = observer.call(spec::rpc_code::hello, spec::RpcHello{1, 1});
  CHECK(answer.fds.empty());
  CHECK(observer.refusal(spec::rpc_code::take_queue, spec::RpcTakeQueue{0, 0, 0}) ==
        ErrorCode::Argument);
  INFO("also when it asks twice at once");
  observer.send(spec::rpc_code::status, uint32_t{0});
  observer.send(spec::rpc_code::status, uint32_t{0});
  for (int i = 0; i < 2; i++) {
    const auto reply = observer.receive();
    REQUIRE(rpc::parse_body<spec::RpcStatus>(reply)->client_count == 1);
    const auto status = rpc::parse_body<spec::RpcStatusClient>(reply, sizeof(spec::RpcStatus));
    CHECK(status->pid == 1);
    CHECK(status->queue_pairs == 1);
    CHECK(status->mapped_bytes == 8192);
    CHECK(status->admin_commands == 2);
  }
}

TEST_CASE("commands that the device does not answer are bounded, and hold up nobody") {
  ScriptedService served;
  Scripted client(served);
  Scripted other(served);
  const uint64_t memory = client.map(1);
  served.drop_admin(spec::admin_opcode::identify);
  ErrorCode last{};
  for (int i = 0; i < 20; i++) last = client.admin_refusal(identify(memory), 0);
  CHECK(last == ErrorCode::Busy);
  CHECK(other.take_queue() != 0);
  CHECK(client.take_queue() != 0);
  const auto features = Scripted::about_queue(spec::admin_opcode::get_features, 1);
  CHECK(served.controller->admin(features, kSecondNs).ok());
}

TEST_CASE("clients leave ids of admin commands to the manager") {
  ScriptedService served;
  std::vector<std::unique_ptr<Scripted>> clients;
  served.drop_admin(spec::admin_opcode::identify);
  for (int i = 0; i < 10; i++) {
    clients.push_back(std::make_unique<Scripted>(served));
    for (int j = 0; j < 8; j++) {
      clients.back()->send(spec::rpc_code::admin, Scripted::admin(identify(0), 60 * kSecondNs));
    }
  }
  for (int i = 0; i < 100; i++) served.step();
  const auto features = Scripted::about_queue(spec::admin_opcode::get_features, 1);
  CHECK(served.controller->admin(features, kSecondNs).ok());
}

}  // namespace
}  // namespace nvm::test
