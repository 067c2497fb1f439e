// SPDX-License-Identifier: MIT
// Asynchronous events that a manager passes on to its client, until somebody takes them.
#pragma once

#include <deque>
#include <mutex>

#include "driver/remote_manager.h"
#include "rpc/client.h"

namespace nvm::rpc {

class ReceivedEvents final : public RemoteEvents {
 public:
  explicit ReceivedEvents(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  Status watch() override;
  bool look(const WakeTarget& target) override;
  std::vector<AsyncEvent> take() override;

  // The manager's notice; one that cannot be read is nobody's. Of too many the oldest go.
  void receive(const Message& notice);
  // Nothing more comes: whoever waits shall look.
  void end();

 private:
  const std::shared_ptr<Client> client_;
  std::mutex mutex_;  // guards everything below
  WakeTarget target_;
  std::deque<AsyncEvent> events_;
};

}  // namespace nvm::rpc
