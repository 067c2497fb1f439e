// SPDX-License-Identifier: MIT
// Processes that are clients, one after the other: each connects, does verified I/O, and ends or is
// killed.
#pragma once

#include <map>

#include "host.h"
#include "sharing/client_transport.h"
#include "sharing/process.h"

namespace nvm::simulation {

class Client final : public Host {
 public:
  Client(const Geometry& geometry, const SharingGeometry& sharing, uint32_t index,
         std::vector<NamespaceState>& namespaces, Machine& machine, Exchange& exchange,
         Random& random, Report& report);

  // The body of its fiber, until the exchange ends.
  void live();
  // SIGKILL, from another fiber or from none, wherever it is.
  void kill();
  // Whether there is anything that a kill would interrupt.
  bool has_hung_up() const { return wire_ == nullptr || wire_->is_cut(Wire::End::Client); }

 private:
  std::shared_ptr<Transport> transport() override { return transport_; }
  Waiter& waiter() override { return waiter_; }
  size_t mapping_count() override { return transport_->mapping_count(); }
  void scatter_next() override {}
  int make_sleeper() override;
  bool take_wake(int sleeper) override;
  bool chooses_ids() override { return false; }
  uint32_t entries_max() override { return 64; }
  size_t arena_pages() override { return 192; }
  bool is_dead() override { return transport_ == nullptr || transport_->is_gone(); }
  bool may_be_deleted() override { return may_fail(ErrorCode::ManagerGone); }
  void look_around() override;  // for notices
  void fail(const char* what, const Status& status) override;
  void reset_controller() override { broken_ = true; }
  bool ensure_lane() override { return !lanes_.empty() && !broken_ && !is_dead(); }
  void ask_admin() override;
  Wish disturb() override;

  void connect();
  void work();
  void settle_down();
  void depart();
  void end();
  bool may_fail(ErrorCode code) const;
  void map_more();
  void take_numbers();
  void ask_status();

  const SharingGeometry& sharing_;
  Exchange& exchange_;
  FiberWaiter waiter_;
  std::shared_ptr<Wire> wire_;
  std::shared_ptr<ClientTransport> transport_;
  std::map<int, std::pair<UniqueFd, UniqueFd>> sleepers_;  // by the end that is told to the manager
  std::vector<std::shared_ptr<DmaDescriptor>> extra_;
  std::vector<QueueNumber> numbers_;
  uint64_t upheavals_ = 0;  // when it connected
  bool killed_ = false;
};

}  // namespace nvm::simulation
