// SPDX-License-Identifier: MIT
// A client's connection to the manager of a controller: requests and their replies. Notices are
// another channel (notices.h).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "platform/clock.h"
#include "rpc/channel.h"

namespace nvm::rpc {

constexpr uint64_t kCallTimeoutNs = 5'000 * kNanosecondsPerMillisecond;

class Client {
 public:
  // Connects to the socket at `path` and greets whoever serves there. As an observer it may only
  // ask for the status. ERR_TARGET when nobody serves there, or speaks something else;
  // ERR_PERMISSION, ERR_UNSUPPORTED for another version, ERR_TIMEOUT.
  static Result<std::shared_ptr<Client>> connect(const std::string& path, bool observes = false);
  // Over a channel that is connected already. `name`: for messages.
  static Result<std::shared_ptr<Client>> greet(std::unique_ptr<Channel> channel,
                                               const std::string& name, Waiter& waiter,
                                               bool observes = false);

  const spec::RpcWelcome& welcome() const { return welcome_; }
  // What came with it, once.
  UniqueFd take_bar() { return std::move(bar_); }
  UniqueFd take_doorbells() { return std::move(doorbells_); }
  UniqueFd take_notices() { return std::move(notices_); }

  // Sends a request (its id is chosen here) and waits for the reply. Any thread. The failure that
  // the manager answers with; ERR_MANAGER_GONE when it has gone, ERR_TIMEOUT when it is silent.
  Result<Message> call(Message request, uint64_t timeout_ns = kCallTimeoutNs);
  // The same in two halves, for a caller that has something else to do meanwhile.
  class Call {
   public:
    // Sends the request, or when it is looked for a reply, if the socket is full.
    Call(Client& client, Message request);
    ~Call();  // a reply that comes later is nobody's
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    // Looks once: whether wait() would return at once.
    bool has_ended();
    // What call() returns. Once.
    Result<Message> wait(uint64_t timeout_ns);

   private:
    Client& client_;
    Message request_;
    uint32_t id_;
    bool sent_ = false;
    std::optional<Message> reply_;
  };
  // Sends a request that has no reply, unless the socket is full of them.
  void post(uint16_t code);

  // The connection is broken, for good.
  bool is_broken() const { return broken_.load(std::memory_order_acquire); }
  void note_broken() { broken_.store(true, std::memory_order_release); }
  // ERR_MANAGER_GONE.
  Status gone() const;
  const std::string& name() const { return name_; }

 private:
  Client(std::unique_ptr<Channel> channel, std::string name, Waiter& waiter);
  bool send(const Message& request);
  bool look(uint32_t id, std::optional<Message>& reply);

  const std::string name_;
  Waiter& waiter_;
  spec::RpcWelcome welcome_{};
  UniqueFd bar_, doorbells_, notices_;
  std::atomic<bool> broken_{false};

  std::mutex mutex_;  // guards everything below
  std::unique_ptr<Channel> channel_;
  uint32_t last_id_ = 0;
  std::map<uint32_t, std::optional<Message>> awaited_;
};

}  // namespace nvm::rpc
