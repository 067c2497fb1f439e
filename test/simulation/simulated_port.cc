// SPDX-License-Identifier: MIT
#include "simulated_port.h"

#include <sys/stat.h>

#include <algorithm>

#include "memory/buffer.h"

namespace nvm::simulation {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kFirstAddress = 1ull << 45;

}  // namespace

Result<std::unique_ptr<ClientPort>> SimulatedPort::open(SimulatedTransport& transport,
                                                        const SharingPolicy&) {
  emulator::ClientHost* host = transport.controller_.add_client({});
  if (host == nullptr) return Status(ErrorCode::Memory, "for the doorbells of a client");
  return std::unique_ptr<ClientPort>(new SimulatedPort(transport, *host));
}

SimulatedPort::SimulatedPort(SimulatedTransport& transport, emulator::ClientHost& host)
    : transport_(transport), host_(&host) {
  struct stat file{};
  if (fstat(host.doorbell_fd(), &file) == 0) name_ = file.st_ino;
  transport_.ports_.push_back(this);
}

SimulatedPort::~SimulatedPort() {
  std::erase(transport_.ports_, this);
}

bool SimulatedPort::release() {
  return mappings_.empty() && transport_.controller_.remove_client(*host_);
}

BarShare SimulatedPort::bar() {
  BarShare share;
  share.bar_fd = transport_.controller_.bar_fd();
  share.bar_byte_length = emulator::kBarByteLength;
  share.doorbell_fd = host_->doorbell_fd();
  share.doorbell_byte_length = emulator::kSleepingOffset - emulator::kDoorbellOffset;
  return share;
}

Result<Mapping> SimulatedPort::map(const Buffer& buffer, uint64_t wanted) {
  const uint64_t byte_length = (buffer.byte_length() + kPageBytes - 1) / kPageBytes * kPageBytes;
  IoAddressSpace& addresses = transport_.io_addresses_;
  uint64_t first = wanted;
  if (wanted != 0) {
    NVM_TRY(addresses.allocate_at(wanted, byte_length));
  } else {
    auto found = addresses.allocate_above(kFirstAddress, byte_length, kPageBytes);
    if (!found.ok()) return std::move(found.status());
    first = found.value();
  }
  host_->domain.add({first, byte_length, buffer.bytes(), false, true});
  mappings_[first] = byte_length;
  return Mapping{{{first, byte_length}}, first};
}

// The addresses are not given out again.
Status SimulatedPort::unmap(const Mapping& mapping) {
  const IoRun& run = mapping.runs.front();
  if (transport_.controller_.uses(run.io_address, run.byte_length)) {
    return Status(ErrorCode::Busy, "a queue lives in it");
  }
  if (mappings_.erase(run.io_address) == 0) return Status(ErrorCode::Argument, "not mapped");
  host_->domain.remove(run.io_address, run.byte_length);
  host_->domain.add({run.io_address, run.byte_length, nullptr, false, true, &trap_});
  return {};
}

emulator::Progress SimulatedPort::Trap::begin_read(emulator::Operation&, uint64_t, std::byte*,
                                                   size_t) {
  port_.transport_.trap_hits_ += port_.traps_count_ ? 1 : 0;
  return emulator::Progress::Failed;
}

emulator::Progress SimulatedPort::Trap::begin_write(emulator::Operation& operation,
                                                    uint64_t address, const std::byte*,
                                                    size_t byte_length) {
  return begin_read(operation, address, nullptr, byte_length);
}

void SimulatedPort::assign_queue(uint16_t id, bool is_clients) {
  transport_.controller_.assign_queue(id, is_clients ? host_ : nullptr);
  if (is_clients) {
    queues_.insert(id);
  } else {
    queues_.erase(id);
  }
}

void SimulatedPort::assign_admin_command(uint16_t command_id) {
  transport_.controller_.assign_admin_command(command_id, *host_);
}

uint64_t SimulatedPort::mapped_bytes() const {
  uint64_t sum = 0;
  for (const auto& [first, byte_length] : mappings_) sum += byte_length;
  return sum;
}

}  // namespace nvm::simulation
