// SPDX-License-Identifier: MIT
#include "sharing/client_transport.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "emulator/bar.h"
#include "platform/os_failure.h"
#include "rpc/remote_admin.h"

namespace nvm::simulation {

Result<std::shared_ptr<ClientTransport>> ClientTransport::make(std::shared_ptr<rpc::Client> client,
                                                               std::shared_ptr<Wire> wire) {
  std::shared_ptr<ClientTransport> transport(
      new ClientTransport(std::move(client), std::move(wire)));
  NVM_TRY(transport->map_bar());
  return transport;
}

ClientTransport::ClientTransport(std::shared_ptr<rpc::Client> client, std::shared_ptr<Wire> wire)
    : client_(std::move(client)), wire_(std::move(wire)) {
  const spec::RpcWelcome& welcome = client_->welcome();
  capabilities_.emulated = true;
  capabilities_.foreign_memory = false;
  capabilities_.wakes = welcome.wakes != 0;
  capabilities_.vectors = static_cast<uint16_t>(welcome.vectors);
  capabilities_.name = "rpc";
  capabilities_.address = client_->name();
  manager_.path = client_->name();
  manager_.admin = std::make_shared<rpc::RemoteAdmin>(client_);
  manager_.queue_numbers = std::make_shared<rpc::RemoteQueueNumbers>(client_);
  manager_.limits.transfer_bytes_max = welcome.transfer_bytes_max;
  manager_.limits.io_queue_pairs_max = static_cast<uint16_t>(welcome.io_queue_pairs_max);
  manager_.limits.takes_sgls = welcome.takes_sgls != 0;
  notices_ = std::make_unique<rpc::SocketChannel>(client_->take_notices());
}

ClientTransport::~ClientTransport() {
  if (bar_ != nullptr) munmap(bar_, bar_byte_length());
}

Status ClientTransport::map_bar() {
  const spec::RpcWelcome& welcome = client_->welcome();
  const UniqueFd bar = client_->take_bar();
  doorbell_fd_ = client_->take_doorbells();
  struct stat file{};
  if (fstat(doorbell_fd_.get(), &file) != 0) return os_failure("fstat", errno);
  port_name_ = file.st_ino;
  void* bytes = mmap(nullptr, welcome.bar_byte_length, PROT_READ, MAP_SHARED, bar.get(), 0);
  if (bytes == MAP_FAILED) return os_failure("mmap", errno);
  bar_ = static_cast<std::byte*>(bytes);
  if (mmap(bar_ + emulator::kDoorbellOffset, welcome.doorbell_byte_length, PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_FIXED, doorbell_fd_.get(), 0) == MAP_FAILED) {
    return os_failure("mmap", errno);
  }
  return {};
}

// A process that has ended has no memory. The code that is still under way in its name sees what
// there was, and writes into copies.
void ClientTransport::leave() {
  if (has_left()) return;
  wire_->cut(Wire::End::Client);
  client_->note_broken();
  notices_.reset();
  const auto part = [](std::byte* bytes, size_t byte_length, int fd) {
    (void)mmap(bytes, byte_length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
  };
  part(bar_ + emulator::kDoorbellOffset, client_->welcome().doorbell_byte_length,
       doorbell_fd_.get());
  for (const auto& [handle, mapped] : mapped_) part(mapped.bytes, mapped.byte_length, mapped.fd);
}

bool ClientTransport::look_for_notices() {
  bool lost = false;
  rpc::Message message;
  while (notices_ != nullptr) {
    const rpc::Channel::State state = notices_->receive(message);
    if (state == rpc::Channel::State::Broken) client_->note_broken();
    if (state != rpc::Channel::State::Ready) break;
    lost |= message.header().code == spec::rpc_code::queues_lost;
  }
  return lost;
}

uint32_t ClientTransport::read_register32(uint32_t offset) {
  if (client_->is_broken()) return UINT32_MAX;
  return __atomic_load_n(reinterpret_cast<uint32_t*>(bar_ + offset), __ATOMIC_ACQUIRE);
}

uint64_t ClientTransport::read_register64(uint32_t offset) {
  if (client_->is_broken()) return UINT64_MAX;
  return __atomic_load_n(reinterpret_cast<uint64_t*>(bar_ + offset), __ATOMIC_ACQUIRE);
}

Doorbells ClientTransport::doorbells() {
  Doorbells doorbells;
  doorbells.base = reinterpret_cast<volatile uint32_t*>(bar_ + emulator::kDoorbellOffset);
  doorbells.byte_length = client_->welcome().doorbell_byte_length;
  doorbells.stride_bytes = client_->welcome().doorbell_stride;
  return doorbells;
}

Result<Mapping> ClientTransport::map(const Buffer& buffer) {
  rpc::Message request = rpc::make_message(
      spec::rpc_code::map, 0,
      spec::RpcMap{.offset = 0, .byte_length = buffer.byte_length(), .io_address = 0});
  request.fds.emplace_back(fcntl(buffer.fd(), F_DUPFD_CLOEXEC, 0));
  auto reply = client_->call(std::move(request));
  if (!reply.ok()) return std::move(reply.status());
  const auto body = rpc::parse_body<spec::RpcMapped>(reply.value());
  const auto run = rpc::parse_body<spec::RpcRun>(reply.value(), sizeof(spec::RpcMapped));
  if (!body || !run || body->run_count != 1 || run->byte_length < buffer.byte_length()) {
    return Status(ErrorCode::Target, "a reply to `map` that cannot be read");
  }
  mapped_[body->handle] = {buffer.bytes(), buffer.byte_length(), buffer.fd(), run->io_address};
  return Mapping{{{run->io_address, run->byte_length}}, body->handle};
}

Status ClientTransport::unmap(const Mapping& mapping) {
  if (!is_gone()) {
    auto reply =
        client_->call(rpc::make_message(spec::rpc_code::unmap, 0, spec::RpcUnmap{mapping.handle}));
    // Memory that cannot be had back is had back by leaving.
    if (!reply.ok()) {
      refusal_ = reply.status().failure();
      leave();
    }
  }
  mapped_.erase(mapping.handle);
  return {};
}

uint64_t ClientTransport::io_address_of(const void* address) const {
  const auto* byte = static_cast<const std::byte*>(address);
  for (const auto& [handle, mapped] : mapped_) {
    if (byte >= mapped.bytes && byte < mapped.bytes + mapped.byte_length) {
      return mapped.io_address + static_cast<uint64_t>(byte - mapped.bytes);
    }
  }
  return 0;
}

Status ClientTransport::bind_wake(uint16_t vector, const WakeTarget& target) {
  spec::RpcBindWake body{};
  body.vector = vector;
  body.armed_address = target.armed == nullptr ? 0 : io_address_of(target.armed);
  rpc::Message request = rpc::make_message(spec::rpc_code::bind_wake, 0, body);
  if (target.armed != nullptr) request.fds.emplace_back(fcntl(target.fd, F_DUPFD_CLOEXEC, 0));
  auto reply = client_->call(std::move(request));
  const bool ends_with_manager = client_->is_broken() && target.armed == nullptr;
  return reply.ok() || ends_with_manager ? Status() : std::move(reply.status());
}

Status ClientTransport::reset() {
  return Status(ErrorCode::Refused, "resetting a controller that others use");
}

}  // namespace nvm::simulation
