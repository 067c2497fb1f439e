// SPDX-License-Identifier: MIT
// A completion queue with the submission queues that complete on it: the driver's queue pair, or
// several submission queues on one completion queue, made by hand.
#pragma once

#include <memory>
#include <vector>

#include "driver/controller.h"
#include "random.h"

namespace nvm::simulation {

class Lane {
 public:
  virtual ~Lane() = default;
  virtual size_t sq_count() const = 0;
  virtual uint16_t sq_id(size_t sq) const = 0;
  virtual uint32_t sq_entries(size_t sq) const = 0;

  // As the verbs of QueuePair.
  virtual spec::SubmissionQueueEntry* enqueue(size_t sq) = 0;
  virtual void ring(size_t sq) = 0;
  virtual const spec::CompletionQueueEntry* poll() = 0;
  // `stray`: it belongs to no outstanding command.
  virtual void consume(const spec::CompletionQueueEntry& entry, bool stray) = 0;
  virtual void ring_cq() = 0;
  virtual Status close() = 0;
  // Ends every command, also on a device that does not work, and begins anew; false where the lane
  // cannot, or the device will not: then nobody knows what it does.
  virtual bool restart() { return false; }

  // Writes the value that the submission doorbell holds already.
  virtual void ring_again(size_t sq) = 0;
  // What a sleeping consumer does before it polls a last time; false where nothing would wake it.
  virtual bool arm() { return false; }
};

// `sleeper`: names its consumer to SimulatedTransport::take_wake; −1: it never sleeps.
Result<std::unique_ptr<Lane>> make_pair_lane(Controller& controller, uint32_t depth, int sleeper);

struct SharedLaneOptions {
  uint16_t first_id;  // of the completion queue and the first submission queue
  uint32_t cq_entries;
  std::vector<uint32_t> sq_entries;
};
Result<std::unique_ptr<Lane>> make_shared_lane(Controller& controller,
                                               const SharedLaneOptions& options);

}  // namespace nvm::simulation
