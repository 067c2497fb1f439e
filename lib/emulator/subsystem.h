// SPDX-License-Identifier: MIT
// An NVM subsystem: namespaces, and the controllers through which hosts reach them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "emulator/namespace.h"
#include "emulator/pcie_controller.h"

namespace nvm::emulator {

struct Identity {
  std::string serial_number = "PEERNVM0";             // at most 20 ASCII characters
  std::string model_number = "peernvm emulator";      // at most 40
  std::string firmware_revision = "0.1";              // at most 8
};

class Subsystem {
 public:
  explicit Subsystem(Identity identity);

  // Takes the next namespace id, from 1.
  uint32_t add_namespace(std::unique_ptr<Namespace> ns);
  Namespace* find_namespace(uint32_t namespace_id);  // null when there is none
  uint32_t namespace_count() const;

  PcieController& add_controller(const PcieControllerLimits& limits);
  PcieController& controller(size_t index);

  const Identity& identity() const { return identity_; }

  bool step(Clock& clock);
  uint64_t next_event_ns() const;

 private:
  Identity identity_;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  std::vector<std::unique_ptr<PcieController>> controllers_;
};

}  // namespace nvm::emulator
