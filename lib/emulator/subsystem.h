// SPDX-License-Identifier: MIT
// An NVM subsystem: namespaces, and the controllers through which hosts reach them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emulator/namespace.h"
#include "emulator/pcie_controller.h"

namespace nvm::emulator {

// No registered vendor: 0x4e50 ("PN" in memory) is not assigned by PCI-SIG, so that no operating
// system applies another device's quirks to ours.
constexpr uint16_t kPciVendorId = 0x4e50;

struct Identity {
  std::string serial_number = "PEERNVM0";         // at most 20 ASCII characters
  std::string model_number = "peernvm emulator";  // at most 40
  std::string firmware_revision = "0.1";          // at most 8
  // Identify VID and SSVID, as in the PCI configuration space.
  uint16_t pci_vendor_id = kPciVendorId;
  uint16_t pci_subsystem_vendor_id = kPciVendorId;
};

class Subsystem {
 public:
  explicit Subsystem(Identity identity);
  ~Subsystem();

  // Takes the next namespace id, from 1.
  uint32_t add_namespace(std::unique_ptr<Namespace> ns);
  // Null when there is none.
  Namespace* find_namespace(uint32_t namespace_id) const {
    return namespace_id - 1 < namespaces_.size() ? namespaces_[namespace_id - 1].get() : nullptr;
  }
  uint32_t namespace_count() const { return static_cast<uint32_t>(namespaces_.size()); }

  PcieController& add_controller(const PcieControllerLimits& limits);
  PcieController& controller(size_t index) { return *controllers_[index]; }
  size_t controller_count() const { return controllers_.size(); }

  const Identity& identity() const { return identity_; }

  // `wake` is called, from any thread, when a store operation has ended and step() has work.
  void set_wake(std::function<void()> wake);

  // Goes on with `work`, one turn in each step, until it ends; for what outlives the command that
  // asked for it.
  void begin_work(Task work) { work_.push_back(std::move(work)); }

  bool step(Clock& clock);
  uint64_t next_event_ns() const;

 private:
  bool step_work(Clock& clock);

  Identity identity_;
  std::function<void()> wake_;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  std::vector<std::unique_ptr<PcieController>> controllers_;
  std::vector<Task> work_;
};

}  // namespace nvm::emulator
