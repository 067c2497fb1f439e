// SPDX-License-Identifier: MIT
// The emulator in this process as a transport: registers through its front end, doorbells as shared
// memory, DMA as addresses of this process. Owns the device and its thread.
#pragma once

#include <memory>
#include <mutex>

#include "emulator/runner.h"
#include "memory/io_address_space.h"
#include "transport/transport.h"

namespace nvm {

class EmulatorTransport final : public Transport {
 public:
  // `subsystem` has its namespaces and no controller yet. `address`: what was opened, for messages.
  EmulatorTransport(std::unique_ptr<emulator::Subsystem> subsystem, std::string address,
                    bool write_protected);
  ~EmulatorTransport() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override;
  uint64_t read_register64(uint32_t offset) override;
  void write_register32(uint32_t offset, uint32_t value) override;
  void write_register64(uint32_t offset, uint64_t value) override;
  Doorbells doorbells() override;
  void ring_wake() override { runner_.wake(); }
  volatile void* bar() override { return controller_.bar(); }
  size_t bar_byte_length() override { return emulator::kBarByteLength; }
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override;
  Status bind_wake(uint16_t vector, const WakeTarget& target) override;
  Status reset() override;
  bool pump() override { return runner_.pump(); }

 private:
  // Delivers interrupts as bytes on sockets. The table is changed only while the device is paused,
  // and raise() runs in a step: once bind_wake returns, an old target is not touched again.
  class WakeTable final : public emulator::InterruptSink {
   public:
    explicit WakeTable(size_t vector_count) : targets_(vector_count) {}
    void raise(uint16_t vector) override;
    void bind(uint16_t vector, const WakeTarget& target) { targets_[vector] = target; }

   private:
    std::vector<WakeTarget> targets_;
  };

  uint64_t read_register(uint32_t offset, unsigned byte_length);
  void write_register(uint32_t offset, uint64_t value, unsigned byte_length);

  emulator::PcieControllerLimits limits_;
  Capabilities capabilities_;
  std::mutex io_addresses_mutex_;
  IoAddressSpace io_addresses_;
  WakeTable wakes_;                       // outlives the device that raises into it
  emulator::PcieController& controller_;  // in the subsystem that runner_ owns
  emulator::Runner runner_;
};

}  // namespace nvm
