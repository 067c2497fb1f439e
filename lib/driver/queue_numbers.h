// SPDX-License-Identifier: MIT
// The identifiers that queue pairs of a controller can have, and the interrupt vectors, one for
// each pair that wakes its consumer. Given out by the manager of the controller.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>

#include "platform/status.h"

namespace nvm {

struct QueueNumber {
  uint16_t queue_id = 0;
  int vector = -1;  // −1: completions announce themselves to nobody
};

class QueueNumbers {
 public:
  virtual ~QueueNumbers() = default;
  // `queue_id` 0: the lowest that is free, ERR_NO_QUEUES when there is none. Else that one:
  // ERR_BUSY when it is in use, ERR_RANGE when there is none such; whoever asks for any gets it
  // last from then on. `vector`: the same for one that wakes.
  virtual Result<QueueNumber> take(bool wakes, uint16_t queue_id = 0, uint16_t vector = 0) = 0;
  // The controller has no queue of this number any more.
  virtual void give_back(QueueNumber number) = 0;
};

// Of the manager itself. Any thread.
class OwnQueueNumbers final : public QueueNumbers {
 public:
  // Identifiers 1 … `queue_pairs`. Vector 0 is also the admin queue's: only used when it is the
  // only one.
  OwnQueueNumbers(uint16_t queue_pairs, uint16_t vectors);

  Result<QueueNumber> take(bool wakes, uint16_t queue_id = 0, uint16_t vector = 0) override;
  void give_back(QueueNumber number) override;

 private:
  class Pool {
   public:
    bool is_empty() const { return free_.empty(); }
    // 0: any. False when it is in use: it is kept for whoever asked, while there are others.
    bool reserve(uint16_t number);
    uint16_t take(uint16_t number);
    void give_back(uint16_t number);

   private:
    std::set<uint16_t> free_;
    std::set<uint16_t> wanted_;
  };

  const uint16_t queue_pairs_;
  std::mutex mutex_;
  Pool ids_;
  Pool vectors_;
};

}  // namespace nvm
