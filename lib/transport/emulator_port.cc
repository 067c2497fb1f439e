// SPDX-License-Identifier: MIT
#include "transport/emulator_port.h"

#include "memory/buffer.h"
#include "transport/client_addresses.h"

namespace nvm {
namespace {

emulator::CommandPolicy make_policy(const SharingPolicy& sharing) {
  emulator::CommandPolicy policy;
  policy.opcodes = sharing.opcodes;
  policy.namespaces = sharing.namespaces;
  return policy;
}

}  // namespace

Result<std::unique_ptr<ClientPort>> EmulatorPort::open(EmulatorTransport& transport,
                                                       const SharingPolicy& sharing) {
  std::optional<emulator::CommandPolicy> policy;
  if (!sharing.allows_all()) policy = make_policy(sharing);
  emulator::Runner::Pause pause(transport.device_->runner());
  emulator::ClientHost* host = nullptr;
  if (transport.controller_.bar_fd() >= 0) host = transport.controller_.add_client(policy);
  if (host == nullptr) {
    return Status(ErrorCode::Memory, "memory that processes share (memfd_create), for a client");
  }
  return std::unique_ptr<ClientPort>(new EmulatorPort(transport, *host));
}

BarShare EmulatorPort::bar() {
  BarShare share;
  share.bar_fd = transport_.controller_.bar_fd();
  share.bar_byte_length = emulator::kBarByteLength;
  share.doorbell_fd = host_.doorbell_fd();
  share.doorbell_byte_length = emulator::kSleepingOffset - emulator::kDoorbellOffset;
  share.sleeping_offset = emulator::kSleepingOffset;
  share.namespace_changes_offset = emulator::kNamespaceChangesOffset;
  return share;
}

// Clients' memory is sealed, and so never faults.
Result<Mapping> EmulatorPort::map(const Buffer& buffer, uint64_t wanted) {
  return transport_.map_into(host_.domain, buffer, false,
                             {.exactly = wanted, .above = first_client_address()});
}

Status EmulatorPort::unmap(const Mapping& mapping) {
  return transport_.unmap_from(host_.domain, mapping);
}

void EmulatorPort::assign_queue(uint16_t id, bool is_clients) {
  emulator::Runner::Pause pause(transport_.device_->runner());
  transport_.controller_.assign_queue(id, is_clients ? &host_ : nullptr);
}

void EmulatorPort::assign_admin_command(uint16_t command_id) {
  emulator::Runner::Pause pause(transport_.device_->runner());
  transport_.controller_.assign_admin_command(command_id, host_);
}

uint64_t EmulatorPort::io_commands() {
  emulator::Runner::Pause pause(transport_.device_->runner());
  return host_.commands;
}

bool EmulatorPort::release() {
  emulator::Runner::Pause pause(transport_.device_->runner());
  return transport_.controller_.remove_client(host_);
}

}  // namespace nvm
