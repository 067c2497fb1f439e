// SPDX-License-Identifier: MIT
// A service that the test steps, on a running emulator, and clients that say whatever a test wants.
#pragma once

#include <sys/mman.h>
#include <sys/socket.h>

#include <optional>

#include "emulator/running_device.h"
#include "emulator/stores/memory_store.h"
#include "platform/sealed_memory.h"
#include "rpc/service.h"
#include "rpc/sharing.h"
#include "transport/emulator_registry.h"

namespace nvm::test {

constexpr uint64_t kSecondNs = 1'000 * kNanosecondsPerMillisecond;

// An emulator whose faults a test can set.
struct FaultyEmulator {
  explicit FaultyEmulator(uint64_t latency_ns = 0) : FaultyEmulator(in_memory(latency_ns)) {}
  explicit FaultyEmulator(const EmulatorOptions& options) {
    auto made = emulator::make_emulated_device(options);
    REQUIRE(made.ok());
    device = std::make_shared<emulator::RunningDevice>(std::move(made.value()));
    static std::atomic<uint64_t> number{1u << 20};
    controller = open_controller(open_emulated_controller(device, number++, 0));
  }

  static EmulatorOptions in_memory(uint64_t latency_ns) {
    EmulatorOptions options;
    options.namespaces[0].byte_length = 16 << 20;
    options.latency_ns = latency_ns;
    return options;
  }

  void drop_admin(uint8_t opcode) {
    emulator::Fault fault;
    fault.action.drop = true;
    add_admin(opcode, fault);
  }
  // `nth` and `times` as of a fault.
  void refuse_admin(uint8_t opcode, uint16_t status, uint64_t times = 0, uint64_t nth = 0) {
    emulator::Fault fault;
    fault.match.nth = nth;
    fault.action.status_field = status;
    fault.times = times;
    add_admin(opcode, fault);
  }
  void delay_admin(uint8_t opcode, uint64_t delay_ns) {
    emulator::Fault fault;
    fault.action.delay_ns = delay_ns;
    add_admin(opcode, fault);
  }
  void add_admin(uint8_t opcode, emulator::Fault fault) {
    fault.match.queues = emulator::FaultQueues::Admin;
    fault.match.opcode = opcode;
    emulator::Runner::Pause pause(device->runner());
    REQUIRE(pause.subsystem().faults().add(fault).ok());
  }
  void clear_faults() {
    emulator::Runner::Pause pause(device->runner());
    pause.subsystem().faults().clear();
  }

  std::shared_ptr<emulator::RunningDevice> device;
  std::shared_ptr<Controller> controller;
};

// The same, served to clients.
struct ServedEmulator : FaultyEmulator {
  ServedEmulator() {
    auto served = rpc::share(*controller);
    REQUIRE(served.ok());
    auto started = rpc::Server::start(served.value(), folder / "nvm", {}, {});
    REQUIRE(started.ok());
    server = std::move(started.value());
  }
  std::shared_ptr<Controller> connect() { return open_controller(open_transport(server->path())); }

  Folder folder;
  std::unique_ptr<rpc::Server> server;
};

// Namespace 2 comes or goes, as if it was plugged.
inline void change_namespaces(emulator::Runner& runner) {
  {
    emulator::Runner::Pause pause(runner);
    emulator::Subsystem& subsystem = pause.subsystem();
    if (!subsystem.remove_namespace(2)) {
      auto store = emulator::make_memory_store(4096);
      REQUIRE(store.ok());
      subsystem.add_namespace(2,
                              emulator::make_nvm_namespace(std::move(store.value()), 512, nullptr));
    }
  }
  runner.wake();
}

class ScriptedService : public FaultyEmulator {
 public:
  explicit ScriptedService(rpc::ServicePolicy policy = {}, const rpc::ServiceLimits& limits = {})
      : served_(rpc::share(*controller)) {
    REQUIRE(served_.ok());
    service.emplace(served_.value(), limits, std::move(policy));
  }

  UniqueFd connect() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    service->connect(std::make_unique<rpc::SocketChannel>(UniqueFd(ends[0])), {1, 2, 3}, now());
    return UniqueFd(ends[1]);
  }
  uint64_t now() { return thread_waiter().now_ns() + skipped_ns; }
  void step() {
    service->step(now());
    controller->transport().pump();
  }
  template <class Condition>
  bool step_until(Condition condition, uint64_t timeout_ns = 5 * kSecondNs) {
    const uint64_t end_ns = thread_waiter().now_ns() + timeout_ns;
    while (!condition()) {
      if (thread_waiter().now_ns() > end_ns) return false;
      step();
    }
    return true;
  }
  void pass(uint64_t ns) { skipped_ns += ns; }

  uint64_t skipped_ns = 0;
  std::optional<rpc::Service> service;

 private:
  Result<rpc::ServedController> served_;
};

// A client that says one thing after the other.
class Scripted {
 public:
  explicit Scripted(ScriptedService& served, bool greets = true)
      : served_(served), channel_(std::make_unique<rpc::SocketChannel>(served.connect())) {
    if (!greets) return;
    auto answer = call(spec::rpc_code::hello, spec::RpcHello{spec::rpc_version, 0});
    REQUIRE(answer.fds.size() == 3);
    notices = std::make_unique<rpc::SocketChannel>(std::move(answer.fds[2]));
  }

  template <class Body>
  rpc::Message call(uint16_t code, const Body& body, std::vector<int> fds = {}) {
    send(code, body, fds);
    return receive();
  }
  template <class Body>
  void send(uint16_t code, const Body& body, std::vector<int> fds = {}) {
    rpc::Message message = rpc::make_message(code, ++id_, body);
    for (const int fd : fds) message.fds.emplace_back(dup(fd));
    REQUIRE(channel_->send(message) == rpc::Channel::State::Ready);
  }
  void send(const rpc::Message& message) {
    REQUIRE(channel_->send(message) == rpc::Channel::State::Ready);
  }
  rpc::Message receive() {
    rpc::Message reply;
    REQUIRE(served_.step_until([&] { return channel_->receive(reply) == Ready; }));
    return reply;
  }
  template <class Body>
  ErrorCode refusal(uint16_t code, const Body& body, std::vector<int> fds = {}) {
    return static_cast<ErrorCode>(call(code, body, fds).header().error);
  }
  // Whether the service hangs up.
  bool is_dropped() {
    rpc::Message message;
    return served_.step_until([&] { return channel_->receive(message) == Broken; }, kSecondNs);
  }
  void hang_up() {
    channel_.reset();
    notices.reset();
  }
  rpc::SocketChannel& channel() { return *channel_; }

  // I/O address of new memory of `pages` pages, or 0.
  uint64_t map(uint64_t pages, UniqueFd* kept = nullptr) {
    UniqueFd fd = make_sealed_memory("scripted", pages * 4096);
    const auto reply = call(spec::rpc_code::map, spec::RpcMap{0, pages * 4096, 0}, {fd.get()});
    if (reply.header().error != 0) return 0;
    if (kept != nullptr) *kept = std::move(fd);
    return rpc::parse_body<spec::RpcMapped>(reply)->handle;
  }
  uint16_t take_queue(bool wakes = false) {
    const auto reply = call(spec::rpc_code::take_queue, spec::RpcTakeQueue{wakes ? 1u : 0u, 0, 0});
    REQUIRE(reply.header().error == 0);
    return static_cast<uint16_t>(rpc::parse_body<spec::RpcQueue>(reply)->queue_id);
  }
  static spec::RpcAdmin admin(const spec::SubmissionQueueEntry& command,
                              uint64_t timeout_ns = kSecondNs) {
    spec::RpcAdmin body{};
    std::memcpy(body.command, &command, sizeof body.command);
    body.timeout_ns = timeout_ns;
    return body;
  }
  ErrorCode admin_refusal(const spec::SubmissionQueueEntry& command,
                          uint64_t timeout_ns = kSecondNs) {
    return refusal(spec::rpc_code::admin, admin(command, timeout_ns));
  }
  // The device's status of a command that the manager lets through.
  uint16_t admin_status(const spec::SubmissionQueueEntry& command) {
    const auto reply = call(spec::rpc_code::admin, admin(command));
    REQUIRE(reply.header().error == 0);
    return rpc::parse_body<spec::RpcCompletion>(reply)->status_field & spec::status::code_mask;
  }
  static spec::SubmissionQueueEntry create_cq(uint16_t id, uint64_t address) {
    spec::SubmissionQueueEntry command{};
    command.opc = spec::admin_opcode::create_io_completion_queue;
    command.prp1 = address;
    command.cdw10 = id | 7u << 16;
    command.cdw11 = 1;
    return command;
  }
  static spec::SubmissionQueueEntry create_sq(uint16_t id, uint16_t cq_id, uint64_t address) {
    spec::SubmissionQueueEntry command = create_cq(id, address);
    command.opc = spec::admin_opcode::create_io_submission_queue;
    command.cdw11 = 1 | uint32_t{cq_id} << 16;
    return command;
  }
  static spec::SubmissionQueueEntry about_queue(uint8_t opcode, uint16_t id) {
    spec::SubmissionQueueEntry command{};
    command.opc = opcode;
    command.cdw10 = id;
    return command;
  }
  // A pair in two pages at `address`.
  uint16_t create_pair(uint64_t address) {
    const uint16_t id = take_queue();
    REQUIRE(admin_status(create_cq(id, address)) == 0);
    REQUIRE(admin_status(create_sq(id, id, address + 4096)) == 0);
    return id;
  }

  std::unique_ptr<rpc::SocketChannel> notices;

 private:
  static constexpr auto Ready = rpc::Channel::State::Ready;
  static constexpr auto Broken = rpc::Channel::State::Broken;
  ScriptedService& served_;
  std::unique_ptr<rpc::SocketChannel> channel_;
  uint32_t id_ = 0;
};

}  // namespace nvm::test
