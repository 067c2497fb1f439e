// SPDX-License-Identifier: MIT
// The I/O queues of an admin reference. C programs choose queue ids themselves; where others share
// the controller, an id is taken from what all of them draw from before a queue is created.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "driver/admin.h"
#include "driver/queue_numbers.h"
#include "transport/transport.h"

namespace nvm::capi {

class QueueLedger {
 public:
  // `numbers`: whom ids are taken from; null: nobody else has queues, until share().
  QueueLedger(std::shared_ptr<Transport> transport, std::shared_ptr<QueueNumbers> numbers)
      : transport_(std::move(transport)), numbers_(std::move(numbers)) {}

  // Calls `relay`, which sends `command`. An id is taken before its first queue is created, and
  // given back when it has none any more. The doorbell of a queue that is created begins at 0; that
  // of one which exists stays as it is. As `relay`, or as QueueNumbers::take().
  Result<Completion> send(const spec::SubmissionQueueEntry& command,
                          const std::function<Result<Completion>()>& relay);

  // Has every queue deleted, submission queues first, until one cannot be asked for.
  void delete_queues(const std::function<Result<Completion>(spec::SubmissionQueueEntry&)>& relay);

  // From now on others take ids too, of `queue_pairs` that the controller has granted: what they
  // take them from, the same at each call.
  std::shared_ptr<OwnQueueNumbers> share(uint16_t queue_pairs, uint16_t vectors);
  // The number of queues is settled.
  bool is_shared();
  // Whether the program has asked the controller for queues.
  bool has_asked();

 private:
  struct Queues {
    bool sq_exists = false;
    bool cq_exists = false;
    std::optional<QueueNumber> number;
  };

  Status take(uint16_t id, Queues& queues);
  std::vector<uint16_t> ids_of(bool completion);

  const std::shared_ptr<Transport> transport_;
  std::mutex mutex_;  // guards everything below, also while a queue is created or deleted
  std::shared_ptr<QueueNumbers> numbers_;
  std::shared_ptr<OwnQueueNumbers> own_numbers_;  // the same, of a manager that shares
  uint16_t own_ids_max_ = UINT16_MAX;             // nobody else is given an id above
  bool has_asked_ = false;
  std::map<uint16_t, Queues> queues_;  // by id
};

}  // namespace nvm::capi
