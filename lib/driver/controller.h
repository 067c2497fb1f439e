// SPDX-License-Identifier: MIT
// A controller reference: registers mapped, nothing reset. One reference that claims the admin
// queues is the manager and may create queue pairs.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <vector>

#include "driver/admin_queue.h"
#include "driver/controller_events.h"
#include "driver/controller_limits.h"
#include "driver/data_identity.h"
#include "driver/queue_numbers.h"
#include "driver/queue_pair.h"
#include "driver/snapshot.h"
#include "memory/dma_descriptor.h"
#include "platform/clock.h"
#include "platform/process_mark.h"
#include "transport/transport.h"

namespace nvm {

// What the registers say (NVMe base 2.0, 3.1.3.1 CAP), in units of bytes, entries and nanoseconds.
struct ControllerProperties {
  uint64_t cap = 0;
  uint32_t vs = 0;
  uint32_t page_size = 4096;       // the memory page size in use, CC.MPS
  uint32_t doorbell_stride = 4;    // bytes
  uint32_t queue_entries_max = 0;  // MQES + 1
  uint64_t ready_timeout_ns = 0;   // CAP.TO
};

class Controller : public std::enable_shared_from_this<Controller> {
 public:
  // ERR_CONTROLLER_GONE when the registers read all ones; ERR_UNSUPPORTED when it has no NVM
  // command set or no 4 KiB memory page size.
  static Result<std::shared_ptr<Controller>> open(std::shared_ptr<Transport> transport,
                                                  Waiter& waiter);
  ~Controller();

  Transport& transport() { return *transport_; }
  const std::shared_ptr<Transport>& shared_transport() { return transport_; }
  const ControllerProperties& properties() const { return properties_; }

  // Becomes the manager: resets the controller, sets up the admin queues, asks for I/O queues.
  // ERR_BUSY when this process has a manager for it already, through this reference or another.
  // Where the transport leads to a manager in another process, becomes its client, and resets
  // nothing. `timeout_ns` is that of each command that this sends, or later some other call that
  // is not told one. ERR_TIMEOUT comes with a snapshot from before the controller was given up.
  Status claim_admin(uint64_t timeout_ns = kAdminTimeoutNs);
  bool has_admin();
  uint64_t admin_timeout_ns() const { return admin_timeout_ns_.load(std::memory_order_relaxed); }
  // What it looks like now. Asks the registers only.
  ControllerSnapshot snapshot();
  // What makes it the manager, for whoever shares it with other processes. ERR_NO_ADMIN when it
  // is none, or a client of one.
  struct Ownership {
    std::shared_ptr<AdminQueue> admin;
    std::shared_ptr<OwnQueueNumbers> queue_numbers;
  };
  Result<Ownership> ownership();
  const ControllerLimits& limits() const { return limits_; }  // meaningful once claimed

  // ERR_NO_ADMIN before claim_admin. See Admin::submit. While another device is awaited in place of
  // one that has gone, ERR_CONTROLLER_GONE.
  Result<Completion> admin(const spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                           std::shared_ptr<DmaDescriptor> data = nullptr);
  // As admin(); one that is overdue is aborted, in a short time. While another device is awaited,
  // waits for that.
  Result<Completion> admin_or_abort(const spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                                    std::shared_ptr<DmaDescriptor> data);
  // The first half of admin_or_abort(), as Admin::send(); null where admin_or_abort() may do
  // better, or says what is wrong. What it returns keeps the controller.
  std::unique_ptr<SentCommand> send_admin(const spec::SubmissionQueueEntry& command,
                                          uint64_t timeout_ns, std::shared_ptr<DmaDescriptor> data);

  // Memory for this controller: ours, or the caller's (ERR_ALIGNMENT unless page-aligned; the
  // caller keeps it alive until the descriptor is gone).
  Result<std::shared_ptr<DmaDescriptor>> allocate(size_t byte_length);
  Result<std::shared_ptr<DmaDescriptor>> map(void* bytes, size_t byte_length);
  // Memory of another device (transport/peer_memory.h).
  Result<std::shared_ptr<DmaDescriptor>> map_peer(std::shared_ptr<Buffer> buffer);

  // Creates a CQ, then an SQ, on the lowest free id. ERR_NO_ADMIN, ERR_NO_QUEUES, ERR_RANGE for the
  // depth. While another device is awaited, waits for that.
  Result<std::shared_ptr<QueuePair>> create_queue_pair(const QueuePairOptions& options);

  ControllerEvents& events() { return events_; }

  // Recovery, for the owner of a queue whose commands do not complete (docs/architecture.md).
  // As Admin::abort, after a look whether the controller works at all: ERR_CONTROLLER_GONE,
  // ERR_CONTROLLER_FATAL, ERR_CONTROLLER_DISABLED.
  Result<bool> abort(uint16_t queue_id, uint16_t command_id, uint64_t timeout_ns);
  // Counts resets: what reset() takes, read before one found that a reset is needed.
  uint32_t epoch();
  // Resets the controller, unless somebody has since `epoch` was read: every queue pair is lost and
  // every admin command that waits ends with ERR_ABORTED; what was in quarantine is let go. When
  // the controller does not come back, every later call fails with the reason. ERR_REFUSED, and
  // nothing has changed, for a client of a manager in another process.
  // `timeout_ns` is that of each admin command; 0: as claim_admin() was told.
  Status reset(uint32_t epoch, uint64_t timeout_ns = 0);
  // As reset(), and with it all controllers of the NVM subsystem: those are disabled afterwards.
  // ERR_UNSUPPORTED without CAP.NSSRS.
  Status reset_subsystem(uint64_t timeout_ns = 0);

  // Whether a parent of this process opened it: then it is the parent's, and every call that would
  // reach the device fails with ERR_CLOSED, but close(), which does nothing.
  bool is_inherited() const { return process_.is_inherited(); }

  // In place of a device that has gone another one is awaited: what needs one waits, or fails.
  bool awaits_device();
  void await_device();
  // The device, or its manager, went, and another is awaited or has come: what was asked of it has
  // failed, and nothing is broken.
  bool outlives(const Failure& failure);

  // Deletes what is left of queues (bounded by a timeout each), disables the controller, lets go of
  // memory. After this every call fails with ERR_CLOSED. Idempotent. ERR_TIMEOUT comes with a
  // snapshot.
  Status close();

  // Keeps `memory` until the controller is disabled by close(), or, of a client, left to its
  // manager: for what a lost command may still reach.
  void quarantine(std::shared_ptr<DmaDescriptor> memory);

 private:
  friend class QueuePair;
  friend class ControllerEvents;
  class Sent;
  // Unreachable: close() could neither disable nor reset the controller.
  enum class Life { Open, Closing, Closed, Unreachable };

  Controller(std::shared_ptr<Transport> transport, Waiter& waiter);
  Result<Completion> admin(const spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                           std::shared_ptr<DmaDescriptor> data, uint64_t abort_timeout_ns);
  void note_begin(const spec::SubmissionQueueEntry& command);
  void note_end(const spec::SubmissionQueueEntry& command, const Result<Completion>& completion);
  std::shared_ptr<Admin> admin_path();
  Result<std::shared_ptr<Admin>> working_admin_path();
  Status bind_to(const RemoteManager& manager);
  Status start_to_manage(const std::shared_ptr<AdminQueue>& admin);
  std::shared_ptr<AdminQueue> own_admin();
  ControllerSnapshot snapshot(AdminQueue* admin);
  Status with_snapshot(Status status, AdminQueue* admin);
  // They were, by a manager in another process.
  void lose_queues(ErrorCode why);
  Status learn_limits();
  Status request_queues();
  Result<uint16_t> grant_queues(Admin& admin, uint64_t timeout_ns);
  void configure_shadow_doorbells(Admin& admin, uint64_t timeout_ns);
  Result<std::unique_ptr<AdminQueue>> claim_admin_queue();
  void follow_device();
  void leave_device();
  void lose_device(ErrorCode why);
  Status revive();
  Status learn_data_identity(Admin& admin);
  void note_namespace_change(uint32_t namespace_id);
  enum class Scope { Controller, Subsystem };
  Status reset(uint32_t epoch, Scope scope, uint64_t timeout_ns);
  Status restart(Admin& admin, Scope scope, uint64_t timeout_ns,
                 std::vector<std::shared_ptr<QueuePair>>& lost);
  void lose_queue_pairs(ErrorCode why, std::vector<std::shared_ptr<QueuePair>>& lost);
  Status close_queue_pairs();
  Result<QueueNumber> take_queue_number(bool wakes);
  void give_back(QueueNumber number);
  // Of a queue that the device may still know: given back after a reset.
  void withhold(QueueNumber number);
  Status closed_status() const;
  // ERR_CLOSED in a child of the process that opened it.
  Status refuse_if_inherited() const;

  const ProcessMark process_;
  std::shared_ptr<Transport> transport_;
  Waiter& waiter_;
  ControllerProperties properties_;
  ControllerLimits limits_;
  std::atomic<uint64_t> admin_timeout_ns_ = kAdminTimeoutNs;

  ControllerEvents events_{*this};

  // Shared by whoever creates or deletes queues, so that a reset happens before or after, never
  // between. Taken before `mutex_`.
  std::shared_mutex reset_mutex_;

  std::mutex mutex_;  // guards everything below
  Life life_ = Life::Open;
  std::shared_ptr<Admin> admin_;
  std::shared_ptr<QueueNumbers> queue_numbers_;
  Ownership ownership_;  // empty unless it is the manager
  uint32_t epoch_ = 0;
  std::optional<Failure> broken_;  // a reset failed: why
  DataIdentity data_identity_;     // where a device may come back: of what was there
  std::vector<QueueNumber> withheld_;
  std::vector<std::weak_ptr<QueuePair>> queue_pairs_;
  std::vector<std::shared_ptr<DmaDescriptor>> quarantined_;
};

}  // namespace nvm
