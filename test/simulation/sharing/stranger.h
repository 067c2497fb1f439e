// SPDX-License-Identifier: MIT
// Processes that connect and are no good clients: silent, deaf, or saying anything.
#pragma once

#include <vector>

#include "sharing/process.h"

namespace nvm::simulation {

class Stranger {
 public:
  Stranger(uint32_t index, Machine& machine, Exchange& exchange, Random& random, Report& report)
      : index_(index), machine_(machine), exchange_(exchange), random_(random), report_(report) {}

  // The body of its fiber, until the exchange ends.
  void live();
  // Or waits, in silence, until it is dropped.
  bool has_hung_up() const { return wire_ == nullptr || is_silent_; }

 private:
  void connect();
  void hang_up();
  void speak();
  void listen();
  rpc::Message make_request();
  void put_admin(rpc::Message& message);
  uint64_t any_address();

  const uint32_t index_;
  Machine& machine_;
  Exchange& exchange_;
  Random& random_;
  Report& report_;
  std::shared_ptr<Wire> wire_;
  std::unique_ptr<rpc::Channel> channel_;
  std::vector<UniqueFd> kept_;  // that came with replies
  std::vector<uint64_t> addresses_;
  std::vector<uint32_t> queues_;
  bool is_silent_ = false;
  bool is_deaf_ = false;
};

}  // namespace nvm::simulation
