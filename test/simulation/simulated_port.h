// SPDX-License-Identifier: MIT
// A client's part of a simulated device, as the emulator's: a domain and doorbells of its own. What
// was unmapped stays in the domain as a trap, which notices when the device still goes there.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>

#include "emulator/remote_memory.h"
#include "simulated_transport.h"

namespace nvm::simulation {

class SimulatedPort final : public ClientPort {
 public:
  static Result<std::unique_ptr<ClientPort>> open(SimulatedTransport& transport,
                                                  const SharingPolicy& policy);
  ~SimulatedPort() override;

  bool release() override;
  BarShare bar() override;
  Result<Mapping> map(const Buffer& buffer, uint64_t wanted) override;
  Status unmap(const Mapping& mapping) override;
  void assign_queue(uint16_t id, bool is_clients) override;
  void assign_admin_command(uint16_t command_id) override;
  uint64_t io_commands() override { return host_->commands; }

  // Of the file with its doorbells, by which a client knows it.
  ino_t name() const { return name_; }
  size_t queue_count() const { return queues_.size(); }
  size_t mapping_count() const { return mappings_.size(); }
  uint64_t mapped_bytes() const;
  // Its client may name what it has unmapped itself.
  void expect_traps() { traps_count_ = false; }

 private:
  // Memory that is not the client's any more.
  class Trap final : public emulator::RemoteMemory {
   public:
    explicit Trap(SimulatedPort& port) : port_(port) {}
    emulator::Progress begin_read(emulator::Operation&, uint64_t, std::byte*, size_t) override;
    emulator::Progress begin_write(emulator::Operation&, uint64_t, const std::byte*,
                                   size_t) override;

   private:
    SimulatedPort& port_;
  };

  SimulatedPort(SimulatedTransport& transport, emulator::ClientHost& host);

  SimulatedTransport& transport_;
  emulator::ClientHost* host_;
  ino_t name_ = 0;
  bool traps_count_ = true;
  Trap trap_{*this};
  std::set<uint16_t> queues_;
  std::map<uint64_t, uint64_t> mappings_;  // lengths by first address
};

}  // namespace nvm::simulation
