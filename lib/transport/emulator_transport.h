// SPDX-License-Identifier: MIT
// The emulator in this process as a transport: registers through its front end, doorbells as shared
// memory, DMA as addresses of this process. The device may have other users.
#pragma once

#include <memory>
#include <mutex>

#include "emulator/running_device.h"
#include "memory/io_address_space.h"
#include "transport/transport.h"

namespace nvm {

class EmulatorTransport final : public Transport {
 public:
  // Drives a controller of the device, which the caller has taken; gives it back at the end.
  EmulatorTransport(std::shared_ptr<emulator::RunningDevice> device, size_t controller_index);
  ~EmulatorTransport() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override;
  uint64_t read_register64(uint32_t offset) override;
  void write_register32(uint32_t offset, uint32_t value) override;
  void write_register64(uint32_t offset, uint64_t value) override;
  Doorbells doorbells() override;
  void ring_wake() override { device_->runner().wake(); }
  const NamespaceChanges& namespace_changes() override { return controller_.namespace_changes(); }
  bool hears_of_namespace_changes() override { return true; }
  volatile void* bar() override { return controller_.bar(); }
  size_t bar_byte_length() override { return emulator::kBarByteLength; }
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override;
  Status bind_wake(uint16_t vector, const WakeTarget& target) override;
  Result<std::unique_ptr<ClientPort>> open_port(const SharingPolicy& policy) override;
  Status reset() override;
  bool pump() override { return device_->runner().pump(); }
  bool is_stepping() override { return device_->runner().is_stepping(); }

 private:
  friend class EmulatorPort;
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

  // Where memory shall be for the device: from `exactly` on unless that is 0, or anywhere above.
  struct Place {
    uint64_t exactly = 0;
    uint64_t above = 0;
  };
  Result<Mapping> map_into(emulator::Domain& domain, const Buffer& buffer, bool may_fault,
                           const Place& place);
  Status unmap_from(emulator::Domain& domain, const Mapping& mapping);
  uint64_t read_register(uint32_t offset, unsigned byte_length);
  void write_register(uint32_t offset, uint64_t value, unsigned byte_length);

  const std::shared_ptr<emulator::RunningDevice> device_;
  const size_t controller_index_;
  emulator::PcieController& controller_;
  Capabilities capabilities_;
  std::mutex io_addresses_mutex_;
  IoAddressSpace io_addresses_;
  WakeTable wakes_;
};

}  // namespace nvm
