// SPDX-License-Identifier: MIT
#include "transport/emulator_transport.h"

#include "memory/buffer.h"
#include "platform/ordering.h"
#include "platform/wake.h"
#include "transport/emulator_port.h"

namespace nvm {
namespace {

// Starts above 4 GiB: an address that is really an offset, a truncated pointer or zero hits
// nothing.
constexpr IoRange kAperture{0x1'0000'0000, 1ull << 46};

}  // namespace

EmulatorTransport::EmulatorTransport(std::shared_ptr<emulator::RunningDevice> device,
                                     size_t controller_index)
    : device_(std::move(device)),
      controller_index_(controller_index),
      controller_(device_->controller(controller_index)),
      io_addresses_({kAperture}),
      wakes_(device_->limits().interrupt_vectors_max) {
  capabilities_.emulated = true;
  capabilities_.wakes = true;
  capabilities_.pumps = true;
  capabilities_.write_protected = device_->write_protected();
  capabilities_.vectors = device_->limits().interrupt_vectors_max;
  capabilities_.name = "emulator";
  capabilities_.address = device_->address();
  emulator::Runner::Pause pause(device_->runner());
  controller_.set_interrupt_sink(&wakes_);
}

// Whoever takes the controller next finds it as new, and it reaches no memory of ours.
EmulatorTransport::~EmulatorTransport() {
  {
    emulator::Runner::Pause pause(device_->runner());
    controller_.reset();
    controller_.domain().clear();
    controller_.forget_clients();
    controller_.set_interrupt_sink(nullptr);
  }
  device_->give_controller_back(controller_index_);
}

void EmulatorTransport::WakeTable::raise(uint16_t vector) {
  if (vector >= targets_.size()) return;
  const WakeTarget& target = targets_[vector];
  if (target.armed == nullptr) return;
  // The front end has just posted completions, and the consumer arms, then looks for completions
  // once more. This fence orders the posts before the look at `armed`: one of the two sides sees
  // the other. It stands here alone; the front end calls raise() once per posted batch.
  store_load_fence();
  wake(target);
}

uint64_t EmulatorTransport::read_register(uint32_t offset, unsigned byte_length) {
  emulator::Runner::Pause pause(device_->runner());
  return controller_.read_register(offset, byte_length);
}

void EmulatorTransport::write_register(uint32_t offset, uint64_t value, unsigned byte_length) {
  {
    emulator::Runner::Pause pause(device_->runner());
    controller_.write_register(offset, value, byte_length);
  }
  device_->runner().wake();
}

uint32_t EmulatorTransport::read_register32(uint32_t offset) {
  return static_cast<uint32_t>(read_register(offset, 4));
}

uint64_t EmulatorTransport::read_register64(uint32_t offset) {
  return read_register(offset, 8);
}

void EmulatorTransport::write_register32(uint32_t offset, uint32_t value) {
  write_register(offset, value, 4);
}

void EmulatorTransport::write_register64(uint32_t offset, uint64_t value) {
  write_register(offset, value, 8);
}

Doorbells EmulatorTransport::doorbells() {
  Doorbells doorbells;
  doorbells.base =
      reinterpret_cast<volatile uint32_t*>(controller_.bar() + emulator::kDoorbellOffset);
  doorbells.byte_length = emulator::kSleepingOffset - emulator::kDoorbellOffset;
  doorbells.sleeping = &controller_.sleeping();
  return doorbells;
}

Result<Mapping> EmulatorTransport::map(const Buffer& buffer) {
  // Memory of others may be a mapping whose pages can vanish; ours is sealed.
  return map_into(controller_.domain(), buffer, buffer.kind() != MemoryKind::Owned, {});
}

Result<Mapping> EmulatorTransport::map_into(emulator::Domain& domain, const Buffer& buffer,
                                            bool may_fault, const Place& place) {
  constexpr uint64_t kPageBytes = 4096;
  constexpr uint64_t kHugePageBytes = 2u << 20;
  if (reinterpret_cast<uintptr_t>(buffer.bytes()) % kPageBytes != 0) {
    return Status(ErrorCode::Alignment, "memory for the device begins at a multiple of 4096");
  }
  const uint64_t byte_length = (buffer.byte_length() + kPageBytes - 1) / kPageBytes * kPageBytes;
  const uint64_t alignment = byte_length >= kHugePageBytes ? kHugePageBytes : kPageBytes;
  std::lock_guard lock(io_addresses_mutex_);
  uint64_t first = place.exactly;
  if (first != 0) {
    NVM_TRY(io_addresses_.allocate_at(first, byte_length));
  } else {
    Result<uint64_t> found = io_addresses_.allocate_above(place.above, byte_length, alignment);
    if (!found.ok()) return std::move(found.status());
    first = found.value();
  }
  emulator::Runner::Pause pause(device_->runner());
  domain.add({first, byte_length, buffer.bytes(), may_fault, true});
  return Mapping{{{first, byte_length}}, first};
}

Status EmulatorTransport::unmap(const Mapping& mapping) {
  return unmap_from(controller_.domain(), mapping);
}

Status EmulatorTransport::unmap_from(emulator::Domain& domain, const Mapping& mapping) {
  if (mapping.runs.size() != 1) return Status(ErrorCode::Argument, "not a mapping of this device");
  const IoRun& run = mapping.runs[0];
  std::lock_guard lock(io_addresses_mutex_);
  {
    emulator::Runner::Pause pause(device_->runner());
    if (controller_.uses(run.io_address, run.byte_length)) {
      return Status(ErrorCode::Busy, "a queue of " + capabilities_.address + " lives in it");
    }
    if (!domain.remove(run.io_address, run.byte_length)) {
      return Status(ErrorCode::Argument, "not a mapping of this device");
    }
  }
  io_addresses_.free(run.io_address);
  return {};
}

Status EmulatorTransport::bind_wake(uint16_t vector, const WakeTarget& target) {
  if (vector >= capabilities_.vectors) {
    return Status(ErrorCode::Range, "interrupt vector " + std::to_string(vector) + " of " +
                                        std::to_string(capabilities_.vectors));
  }
  emulator::Runner::Pause pause(device_->runner());
  wakes_.bind(vector, target);
  return {};
}

Result<std::unique_ptr<ClientPort>> EmulatorTransport::open_port(const SharingPolicy& policy) {
  return EmulatorPort::open(*this, policy);
}

Status EmulatorTransport::reset() {
  emulator::Runner::Pause pause(device_->runner());
  controller_.reset();
  return {};
}

}  // namespace nvm
