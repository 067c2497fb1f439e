// SPDX-License-Identifier: MIT
#include "sharing/client_transport.h"

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
    : client_(std::move(client)),
      belongings_(std::make_shared<rpc::Belongings>(client_)),
      wire_(std::move(wire)) {
  const spec::RpcWelcome& welcome = client_->welcome();
  capabilities_.emulated = true;
  capabilities_.foreign_memory = false;
  capabilities_.wakes = welcome.wakes != 0;
  capabilities_.vectors = static_cast<uint16_t>(welcome.vectors);
  capabilities_.name = "rpc";
  capabilities_.address = client_->name();
  manager_.path = client_->name();
  manager_.admin = std::make_shared<rpc::RemoteAdmin>(client_, capabilities_.address);
  manager_.queue_numbers = std::make_shared<rpc::RemoteQueueNumbers>(belongings_);
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
  if (!client_->is_connected()) return UINT32_MAX;
  return __atomic_load_n(reinterpret_cast<uint32_t*>(bar_ + offset), __ATOMIC_ACQUIRE);
}

uint64_t ClientTransport::read_register64(uint32_t offset) {
  if (!client_->is_connected()) return UINT64_MAX;
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
  auto mapping = belongings_->map(buffer);
  if (mapping.ok()) {
    mapped_[mapping.value().handle] = {buffer.bytes(), buffer.byte_length(), buffer.fd()};
  }
  return mapping;
}

Status ClientTransport::unmap(const Mapping& mapping) {
  if (!is_gone()) {
    Status unmapped = belongings_->unmap(mapping);
    // Memory that cannot be had back is had back by leaving.
    if (!unmapped.ok()) {
      refusal_ = unmapped.failure();
      leave();
    }
  }
  mapped_.erase(mapping.handle);
  return {};
}

Status ClientTransport::reset() {
  return Status(ErrorCode::Refused, "resetting a controller that others use");
}

}  // namespace nvm::simulation
