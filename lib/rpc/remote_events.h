// SPDX-License-Identifier: MIT
// Asynchronous events that a manager passes on to its client, until somebody takes them.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "driver/remote_manager.h"
#include "rpc/client.h"

namespace nvm::rpc {

class ReceivedEvents final : public RemoteEvents {
 public:
  explicit ReceivedEvents(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  Status watch() override;
  bool look(const WakeTarget& target) override;
  Result<std::vector<AsyncEvent>> take() override;

  uint64_t dropped() override;

  // The manager's notice; one that cannot be read is nobody's. Of too many the oldest go.
  void receive(const Message& notice);
  // Asks `next` for them if the client watches. One that cannot watch the controller ends the
  // events, and nothing else: then take() says why. A failure when `next` has gone.
  Status ask_again(Client& next);
  // Whoever waits shall look.
  void notify();

 private:
  const std::shared_ptr<Client> client_;
  std::mutex mutex_;  // guards everything below
  bool watches_ = false;
  std::optional<Failure> refused_;  // why nothing more comes, until it is asked for anew
  WakeTarget target_;
  std::deque<AsyncEvent> events_;
  uint64_t dropped_ = 0;
  uint64_t dropped_by_manager_ = 0;  // as it counts
};

}  // namespace nvm::rpc
