// SPDX-License-Identifier: MIT
// Asynchronous events that a manager passes on to its client, until somebody takes them.
#pragma once

#include <deque>
#include <mutex>

#include "driver/remote_manager.h"
#include "rpc/belongings.h"

namespace nvm::rpc {

class ReceivedEvents final : public RemoteEvents {
 public:
  ReceivedEvents(std::shared_ptr<Client> client, std::shared_ptr<Belongings> belongings)
      : client_(std::move(client)), belongings_(std::move(belongings)) {}

  Status watch() override { return belongings_->watch_events(); }
  bool look(const WakeTarget& target) override;
  Result<std::vector<AsyncEvent>> take() override;

  uint64_t dropped() override;

  // The manager's notice; one that cannot be read is nobody's. Of too many the oldest go.
  void receive(const Message& notice);
  // Nothing more comes: whoever waits shall look.
  void end();

 private:
  const std::shared_ptr<Client> client_;
  const std::shared_ptr<Belongings> belongings_;
  std::mutex mutex_;  // guards everything below
  WakeTarget target_;
  std::deque<AsyncEvent> events_;
  uint64_t dropped_ = 0;
  uint64_t dropped_by_manager_ = 0;  // as it counts
};

}  // namespace nvm::rpc
