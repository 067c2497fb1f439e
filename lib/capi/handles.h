// SPDX-License-Identifier: MIT
// What stands behind the pointers of the C API: the public part of each is a base class or a
// neighbour of the private one. Only lib/capi includes this.
#pragma once

#include <nvm_types.h>

#include <memory>
#include <mutex>
#include <vector>

#include "capi/queue_ledger.h"
#include "driver/admin_queue.h"
#include "memory/dma_descriptor.h"
#include "platform/process_mark.h"
#include "rpc/server.h"
#include "transport/transport.h"

namespace nvm::capi {

constexpr size_t kPageSize = 4096;  // CC.MPS, as the driver sets it

// nvm_ctrl_t.
class ControllerHandle : public nvm_ctrl_t {
 public:
  explicit ControllerHandle(std::shared_ptr<Transport> transport);
  static ControllerHandle& of(const nvm_ctrl_t* ctrl);

  const std::shared_ptr<Transport>& transport() const { return transport_; }

  bool is_inherited() const { return process_.is_inherited(); }
  // ERR_CLOSED in a child of the process that opened it.
  Status refuse_if_inherited() const;

 private:
  const ProcessMark process_;
  std::shared_ptr<Transport> transport_;
};

// What lies before an nvm_dma_t in the same allocation.
struct alignas(32) DmaHandle {
  std::shared_ptr<DmaDescriptor> memory;  // null: nvm_dma_map, somebody else's addresses
  static DmaHandle& of(const nvm_dma_t* map);
};

// Takes note of `failure` for nvm_reason() and returns the packed status. `ok` gives 0.
int report(const Status& failure);

// Makes a reference of what was opened; null in `*ctrl`, and the packed status, when it was not, or
// is no controller that can be driven.
int give_controller(nvm_ctrl_t** ctrl, Result<std::shared_ptr<Transport>> opened);

// Completions of the C API's own waits are waited for this long at least.
constexpr uint64_t kCommandTimeoutNsMin = 5'000 * kNanosecondsPerMillisecond;

// Lets nvm_queue_wake find the device of a queue by its `sleeping` word.
void remember_for_wake(const std::shared_ptr<Transport>& transport);

}  // namespace nvm::capi

// nvm_aq_ref: of the manager, or of a client of the manager in another process.
struct nvm_admin_reference {
  nvm_admin_reference(const nvm_ctrl_t* of, std::shared_ptr<nvm::Admin> way,
                      std::shared_ptr<nvm::QueueNumbers> numbers);

  const nvm_ctrl_t* const ctrl;
  const std::shared_ptr<nvm::Admin> admin;
  std::shared_ptr<nvm::AdminQueue> owned;  // the same; null for a client
  uint64_t timeout_ns;                     // of a command
  nvm::capi::QueueLedger queues;
  std::mutex mutex;  // guards `servers`
  std::vector<std::unique_ptr<nvm::rpc::Server>> servers;
};
