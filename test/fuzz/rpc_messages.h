// SPDX-License-Identifier: MIT
// Messages of a client of a shared controller, made of a fuzzer's input: one builder for each.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <vector>

#include "input.h"
#include "native/descriptor_socket.h"
#include "platform/sealed_memory.h"
#include "rpc/channel.h"
#include "spec/nvme.h"

namespace nvm::fuzz {

constexpr uint64_t kMemoryBytes = 8 * 4096;

// The descriptors that a client may send; made once.
struct Belongings {
  UniqueFd sealed = make_sealed_memory("fuzz", kMemoryBytes);
  UniqueFd unsealed{memfd_create("fuzz", MFD_CLOEXEC)};
  UniqueFd other{open("/dev/null", O_RDWR | O_CLOEXEC)};
};

class RpcClient {
 public:
  bool is_connected() const { return socket_.valid(); }
  // The other end of a new connection.
  UniqueFd connect() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) abort();
    socket_.reset(ends[0]);
    return UniqueFd(ends[1]);
  }
  void hang_up() {
    socket_.reset();
    if (doorbells_ != nullptr) munmap(doorbells_, 4096);
    doorbells_ = nullptr;
    memory.clear();
    queues.clear();
  }

  template <class Body>
  void send(uint16_t code, const Body& body, const std::vector<int>& fds = {}) {
    const rpc::Message message = rpc::make_message(code, ++id_, body);
    send_bytes(message.bytes, fds);
  }
  void send_anything(Input& input) {
    const auto bytes = std::as_bytes(input.bytes(input.u8()));
    const std::vector<int> fds(input.below(8), belongings->other.get());
    send_bytes({bytes.begin(), bytes.end()}, fds);
  }

  // Remembers what the manager gave.
  void take_replies() {
    if (!is_connected()) return;
    rpc::SocketChannel channel(UniqueFd(fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0)));
    rpc::Message reply;
    while (channel.receive(reply) == rpc::Channel::State::Ready) {
      const spec::RpcHeader header = reply.header();
      if (header.error != 0) continue;
      if (header.code == spec::rpc_code::map && memory.size() < 16) {
        if (const auto body = rpc::parse_body<spec::RpcMapped>(reply))
          memory.push_back(body->handle);
      }
      if (header.code == spec::rpc_code::take_queue && queues.size() < 16) {
        if (const auto body = rpc::parse_body<spec::RpcQueue>(reply)) queues.push_back(*body);
      }
      if (header.code == spec::rpc_code::hello && reply.fds.size() == 3 && doorbells_ == nullptr) {
        void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reply.fds[1].get(), 0);
        if (page != MAP_FAILED) doorbells_ = static_cast<uint32_t*>(page);
      }
    }
  }

  void ring(Input& input) {
    if (doorbells_ == nullptr) return;
    std::atomic_ref<uint32_t>(doorbells_[input.below(1024)]).store(input.u16());
  }

  uint64_t some_memory(Input& input) const {
    if (memory.empty() || input.below(8) == 0) return input.u64();
    return memory[input.below(memory.size())] + input.below(9) * 4096;
  }
  spec::RpcQueue some_queue(Input& input) const {
    if (queues.empty() || input.below(8) == 0) {
      return {static_cast<uint32_t>(input.u8()), static_cast<int32_t>(input.below(8)) - 1};
    }
    return queues[input.below(queues.size())];
  }

  Belongings* belongings = nullptr;
  std::vector<uint64_t> memory;  // handles
  std::vector<spec::RpcQueue> queues;

 private:
  void send_bytes(const std::vector<std::byte>& bytes, const std::vector<int>& fds) {
    if (!is_connected()) return;
    (void)test::send_with_fds(socket_.get(), bytes, fds, MSG_DONTWAIT);
  }

  UniqueFd socket_;
  uint32_t* doorbells_ = nullptr;
  uint32_t id_ = 0;
};

inline void send_hello(Input& input, RpcClient& client) {
  client.send(spec::rpc_code::hello, spec::RpcHello{static_cast<uint32_t>(input.below(3)),
                                                    static_cast<uint32_t>(input.below(2))});
}

inline void send_map(Input& input, RpcClient& client) {
  spec::RpcMap body{0, (1 + input.below(8)) * 4096, 0};
  const uint64_t how = input.below(8);
  if (how == 0) body = {input.u64(), input.u64(), input.u64()};
  if (how == 1) body.offset = input.below(9) * 4096;
  if (how == 2) body.io_address = client.some_memory(input);
  const int choices[] = {client.belongings->sealed.get(), client.belongings->sealed.get(),
                         client.belongings->sealed.get(), client.belongings->unsealed.get(),
                         client.belongings->other.get()};
  const uint64_t count = input.below(8) == 0 ? input.below(6) : 1;
  client.send(spec::rpc_code::map, body, std::vector<int>(count, input.pick(choices)));
}

inline void send_unmap(Input& input, RpcClient& client) {
  client.send(spec::rpc_code::unmap, spec::RpcUnmap{client.some_memory(input) & ~uint64_t{4095}});
}

inline void send_admin(Input& input, RpcClient& client) {
  spec::SubmissionQueueEntry command{};
  constexpr uint8_t kOpcodes[] = {spec::admin_opcode::identify,
                                  spec::admin_opcode::get_log_page,
                                  spec::admin_opcode::get_features,
                                  spec::admin_opcode::set_features,
                                  spec::admin_opcode::abort,
                                  spec::admin_opcode::asynchronous_event_request,
                                  spec::admin_opcode::doorbell_buffer_config};
  command.opc = input.below(8) == 0 ? input.u8() : input.pick(kOpcodes);
  // What ends the controller for all ends the fuzzing, too.
  if (command.opc == spec::admin_opcode::format_nvm ||
      command.opc == spec::admin_opcode::sanitize) {
    command.opc = spec::admin_opcode::identify;
  }
  command.flags = input.below(8) == 0 ? input.u8() : 0;
  command.nsid = static_cast<uint32_t>(input.below(3));
  command.prp1 = client.some_memory(input);
  command.prp2 = client.some_memory(input);
  command.cdw10 = input.u32();
  command.cdw11 = input.u16();
  spec::RpcAdmin body{};
  memcpy(body.command, &command, sizeof command);
  body.timeout_ns = input.below(4) == 0 ? input.u64() : 1'000'000'000;
  client.send(spec::rpc_code::admin, body);
}

// Create and Delete commands, mostly right.
inline void send_queue_command(Input& input, RpcClient& client) {
  constexpr uint8_t kOpcodes[] = {spec::admin_opcode::create_io_completion_queue,
                                  spec::admin_opcode::create_io_submission_queue,
                                  spec::admin_opcode::delete_io_submission_queue,
                                  spec::admin_opcode::delete_io_completion_queue};
  const spec::RpcQueue queue = client.some_queue(input);
  spec::SubmissionQueueEntry command{};
  command.opc = input.pick(kOpcodes);
  command.cdw10 = queue.queue_id | (input.below(4) == 0 ? input.u16() : 15u) << 16;
  const bool is_cq = command.opc == spec::admin_opcode::create_io_completion_queue;
  const uint32_t upper =
      is_cq ? static_cast<uint32_t>(queue.vector) : client.some_queue(input).queue_id;
  command.cdw11 = 1 | (is_cq && queue.vector >= 0 ? 2 : 0) | upper << 16;
  if (input.below(8) == 0) command.cdw11 = input.u32();
  command.prp1 = client.some_memory(input);
  spec::RpcAdmin body{};
  memcpy(body.command, &command, sizeof command);
  body.timeout_ns = input.below(8) == 0 ? 0 : 1'000'000'000;
  client.send(spec::rpc_code::admin, body);
}

inline void send_take_queue(Input& input, RpcClient& client) {
  client.send(spec::rpc_code::take_queue,
              spec::RpcTakeQueue{static_cast<uint32_t>(input.below(2)),
                                 input.below(8) == 0 ? input.u32() : 0, 0});
}

inline void send_give_queue(Input& input, RpcClient& client) {
  client.send(spec::rpc_code::give_queue, client.some_queue(input));
}

inline void send_bind_wake(Input& input, RpcClient& client) {
  spec::RpcBindWake body{};
  body.vector =
      input.below(8) == 0 ? input.u32() : static_cast<uint32_t>(client.some_queue(input).vector);
  body.armed_address = client.some_memory(input) + input.below(8);
  const int choices[] = {client.belongings->sealed.get(), client.belongings->other.get()};
  client.send(spec::rpc_code::bind_wake, body,
              std::vector<int>(input.below(3), input.pick(choices)));
}

inline void send_small(Input& input, RpcClient& client) {
  constexpr uint16_t kCodes[] = {spec::rpc_code::wake, spec::rpc_code::status,
                                 spec::rpc_code::watch_events, 0, 99};
  client.send(input.pick(kCodes), uint32_t{0});
}

constexpr void (*kRpcMessages[])(Input&, RpcClient&) = {
    send_hello,         send_map,        send_map,        send_unmap,         send_admin,
    send_admin,         send_take_queue, send_take_queue, send_queue_command, send_queue_command,
    send_queue_command, send_give_queue, send_bind_wake,  send_small};

}  // namespace nvm::fuzz
