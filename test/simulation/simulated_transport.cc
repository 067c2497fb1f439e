// SPDX-License-Identifier: MIT
#include "simulated_transport.h"

#include <algorithm>

#include "memory/buffer.h"
#include "platform/wake.h"
#include "simulated_port.h"

namespace nvm::simulation {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kRunPagesMax = 16;  // of a scattered buffer
constexpr IoRange kAperture{0x1'0000'0000, 1ull << 46};

}  // namespace

SimulatedTransport::SimulatedTransport(emulator::Subsystem& subsystem,
                                       const SimulatedTransportOptions& options, Random& random)
    : random_(random),
      guarded_(options.guarded),
      scattered_(options.scattered),
      wakes_(options.limits.interrupt_vectors_max),
      controller_(subsystem.add_controller(options.limits)),
      io_addresses_({kAperture}) {
  capabilities_.emulated = true;
  capabilities_.wakes = true;
  capabilities_.vectors = options.limits.interrupt_vectors_max;
  capabilities_.name = "simulation";
  capabilities_.address = "simulation";
  controller_.set_interrupt_sink(&wakes_);
}

void SimulatedTransport::WakeTable::raise(uint16_t vector) {
  if (vector >= targets.size() || targets[vector].armed == nullptr) return;
  if (targets[vector].fd < kFirstSleeper) return wake(targets[vector]);
  if (targets[vector].armed->exchange(0) == 1) woken.insert(targets[vector].fd);
}

uint32_t SimulatedTransport::read_register32(uint32_t offset) {
  if (dead_) return UINT32_MAX;
  return static_cast<uint32_t>(controller_.read_register(offset, 4));
}

uint64_t SimulatedTransport::read_register64(uint32_t offset) {
  if (dead_) return UINT64_MAX;
  return controller_.read_register(offset, 8);
}

void SimulatedTransport::write_register32(uint32_t offset, uint32_t value) {
  if (dead_) return;
  controller_.write_register(offset, value, 4);
}

void SimulatedTransport::write_register64(uint32_t offset, uint64_t value) {
  if (dead_) return;
  controller_.write_register(offset, value, 8);
}

Doorbells SimulatedTransport::doorbells() {
  Doorbells doorbells;
  doorbells.base =
      reinterpret_cast<volatile uint32_t*>(controller_.bar() + emulator::kDoorbellOffset);
  doorbells.byte_length = emulator::kSleepingOffset - emulator::kDoorbellOffset;
  return doorbells;
}

Result<Mapping> SimulatedTransport::map(const Buffer& buffer) {
  const uint64_t page_count = (buffer.byte_length() + kPageBytes - 1) / kPageBytes;
  Mapping mapping;
  mapping.handle = next_handle_++;
  const bool scatter = std::exchange(scatter_, false);
  for (uint64_t page = 0; page < page_count;) {
    const uint64_t left = page_count - page;
    const uint64_t pages = scatter ? random_.between(1, std::min(left, kRunPagesMax)) : left;
    // A hole after some runs: neighbours in memory are then not neighbours for the device.
    const uint64_t alignment = kPageBytes << (scatter ? random_.below(3) : 0);
    Result<uint64_t> first = io_addresses_.allocate(pages * kPageBytes, alignment);
    if (!first.ok()) return std::move(first.status());
    mapping.runs.push_back({first.value(), pages * kPageBytes});
    std::byte* bytes = buffer.bytes() + page * kPageBytes;
    controller_.domain().add({first.value(), pages * kPageBytes, bytes, guarded_, true});
    page += pages;
  }
  mappings_[mapping.handle] = mapping.runs;
  return mapping;
}

Status SimulatedTransport::unmap(const Mapping& mapping) {
  for (const IoRun& run : mapping.runs) {
    if (controller_.uses(run.io_address, run.byte_length)) {
      return Status(ErrorCode::Busy, "a queue lives in it");
    }
  }
  if (mappings_.erase(mapping.handle) == 0) return Status(ErrorCode::Argument, "not mapped");
  for (const IoRun& run : mapping.runs) {
    if (!controller_.domain().remove(run.io_address, run.byte_length)) {
      return Status(ErrorCode::Argument, "not in the domain");
    }
    io_addresses_.free(run.io_address);
  }
  return {};
}

Status SimulatedTransport::bind_wake(uint16_t vector, const WakeTarget& target) {
  if (vector >= capabilities_.vectors) return Status(ErrorCode::Range, "no such vector");
  wakes_.targets[vector] = target;
  return {};
}

Result<std::unique_ptr<ClientPort>> SimulatedTransport::open_port(const SharingPolicy& policy) {
  return SimulatedPort::open(*this, policy);
}

size_t SimulatedTransport::client_wake_count() const {
  return static_cast<size_t>(
      std::count_if(wakes_.targets.begin(), wakes_.targets.end(), [](const WakeTarget& target) {
        return target.armed != nullptr && target.fd < kFirstSleeper;
      }));
}

void SimulatedTransport::die() {
  controller_.reset();
  dead_ = true;
}

// What was pulled out reaches nothing afterwards: that is all a reset promises.
Status SimulatedTransport::reset() {
  controller_.reset();
  return {};
}

}  // namespace nvm::simulation
