// SPDX-License-Identifier: MIT
// Everything of one seed of sharing: a device, its managers and their clients, whose turn it is,
// and who is killed.
#pragma once

#include <memory>
#include <vector>

#include "sharing/client.h"
#include "sharing/manager.h"
#include "sharing/stranger.h"

namespace nvm::simulation {

class SharingWorld final : public Exchange {
 public:
  SharingWorld(uint64_t seed, Report& report);

  void run();

  std::shared_ptr<Wire> connect() override;
  bool has_let_go(ino_t port_name) override { return manager_.has_let_go(port_name); }
  void distrust(ino_t port_name) override { manager_.distrust(port_name); }
  uint64_t upheavals() const override { return manager_.upheavals(); }
  bool is_ending() const override { return is_ending_; }

 private:
  void take_turn();
  bool resume(Fiber& fiber);
  void disturb();
  void keep_a_manager();
  void end();
  bool have_hung_up() const;
  bool have_ended() const;

  Random random_;
  Report& report_;
  const Geometry geometry_;
  const SharingGeometry sharing_;
  Machine machine_;
  std::vector<NamespaceState> namespaces_;
  Manager manager_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Stranger>> strangers_;
  std::unique_ptr<Fiber> manager_fiber_;
  std::vector<std::unique_ptr<Fiber>> fibers_;  // of clients, then of strangers
  unsigned idle_turns_ = 0;
  uint32_t managers_killed_ = 0;
  bool is_ending_ = false;
};

}  // namespace nvm::simulation
