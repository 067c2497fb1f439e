// SPDX-License-Identifier: MIT
// Who has queues of a controller: its owner, and clients with which the owner shares it. Each has a
// domain and doorbells of its own, so that what one writes into all that it can reach concerns
// nobody else's queues.
#pragma once

#include <algorithm>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "emulator/domain.h"
#include "platform/unique_fd.h"
#include "spec/nvme.h"

namespace nvm::emulator {

// Which I/O commands a host may send; the others end with Operation Denied.
struct CommandPolicy {
  std::bitset<256> opcodes = std::bitset<256>().set();
  std::vector<uint32_t> namespaces;  // empty: all

  bool allows(const spec::SubmissionQueueEntry& command) const {
    return opcodes.test(command.opc) &&
           (namespaces.empty() ||
            std::find(namespaces.begin(), namespaces.end(), command.nsid) != namespaces.end());
  }
};

struct Host {
  Domain domain;
  // Where it rings: the word of doorbell `index` is doorbells[index]. Lives as long as the host.
  uint32_t* doorbells = nullptr;
  std::optional<CommandPolicy> policy;  // none: every command is allowed
  uint64_t commands = 0;                // fetched from its queues
  uint64_t commands_seen = 0;           // by was_busy()

  // Whether commands were fetched since this was asked last.
  bool was_busy() { return std::exchange(commands_seen, commands) != commands; }
};

// Stores a doorbell for the host, as it would itself.
inline void ring(Host& host, uint32_t index, uint32_t value) {
  std::atomic_ref<uint32_t>(host.doorbells[index]).store(value, std::memory_order_release);
}

// A host whose doorbells are a page of its own, which another process can map.
class ClientHost : public Host {
 public:
  // Null when the system has no memory for the page, or no descriptor.
  static std::unique_ptr<ClientHost> make(std::optional<CommandPolicy> policy);
  ~ClientHost();
  ClientHost(const ClientHost&) = delete;
  ClientHost& operator=(const ClientHost&) = delete;

  int doorbell_fd() const { return fd_.get(); }

 private:
  ClientHost() = default;
  UniqueFd fd_;
};

}  // namespace nvm::emulator
