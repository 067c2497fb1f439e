// SPDX-License-Identifier: MIT
// Processes that have the controller, one after the other: each does I/O of its own and serves
// clients, and ends or is killed.
#pragma once

#include <optional>

#include "host.h"
#include "rpc/service.h"
#include "sharing/process.h"
#include "simulated_port.h"

namespace nvm::simulation {

class Manager final : public Host {
 public:
  Manager(const Geometry& geometry, const SharingGeometry& sharing,
          std::vector<NamespaceState>& namespaces, Machine& machine, Random& random,
          Report& report);

  // The body of its fiber: from claiming the controller to the end of everything it gave out.
  void live();
  // It closes its socket, takes back what clients have, and lets go of the controller.
  void ask_to_end() { is_asked_to_end_ = true; }
  bool is_asked_to_end() const { return is_asked_to_end_; }
  // SIGKILL, from outside of its fiber: the controller is reset, connections break.
  void kill();
  // What is left is to be verified, and ended.
  void ask_to_finish() { is_asked_to_finish_ = is_asked_to_end_ = true; }

  // Null while it does not serve.
  std::shared_ptr<Wire> connect();
  // One step of the service; true when it did something.
  bool step();
  bool has_let_go(ino_t port_name);
  void distrust(ino_t port_name);
  uint64_t upheavals() const { return upheavals_; }
  bool serves() const { return service_ && !closed_ && !killed_; }
  size_t client_count() const;

 private:
  Waiter& waiter() override { return waiter_; }
  bool chooses_ids() override { return false; }
  bool is_dead() override { return killed_; }
  void fail(const char* what, const Status& status) override;
  void reset_controller() override;
  Wish disturb() override;

  void begin();
  void end();
  void give_up();
  void end_service();
  void finish();
  void be_buried();
  void check_quotas();
  void check_nothing_is_left();
  void check_admin_ids(AdminQueue& admin);

  const SharingGeometry& sharing_;
  FiberWaiter waiter_;
  const rpc::ServiceLimits limits_;
  std::shared_ptr<SimulatedTransport> transport_;
  std::optional<rpc::Service> service_;
  std::vector<std::weak_ptr<Wire>> wires_;
  uint64_t upheavals_ = 1;
  uint64_t generation_ = 0;
  bool is_asked_to_end_ = false;
  bool is_asked_to_finish_ = false;
  bool closed_ = false;
  bool killed_ = false;
};

}  // namespace nvm::simulation
