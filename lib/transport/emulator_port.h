// SPDX-License-Identifier: MIT
// A client's part of an emulated controller: it reaches its own memory only, and a page of
// doorbells of which the device reads those of its queues.
#pragma once

#include <memory>

#include "transport/emulator_transport.h"

namespace nvm {

class EmulatorPort final : public ClientPort {
 public:
  // `transport` outlives it. ERR_MEMORY when the system has no memory to share.
  static Result<std::unique_ptr<ClientPort>> open(EmulatorTransport& transport,
                                                  const SharingPolicy& policy);

  BarShare bar() override;
  Result<Mapping> map(const Buffer& buffer, uint64_t wanted) override;
  Status unmap(const Mapping& mapping) override;
  void assign_queue(uint16_t id, bool is_clients) override;
  void assign_admin_command(uint16_t command_id) override;
  uint64_t io_commands() override;
  bool release() override;

 private:
  EmulatorPort(EmulatorTransport& transport, emulator::ClientHost& host)
      : transport_(transport), host_(host) {}

  EmulatorTransport& transport_;
  emulator::ClientHost& host_;
};

}  // namespace nvm
