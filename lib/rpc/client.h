// SPDX-License-Identifier: MIT
// A client's connection to the manager of a controller: requests and their replies. Notices are
// another channel (notices.h). Where the client waits for the next manager when one has gone, it is
// one connection after the other (reconnection.h).
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
  // ERR_PERMISSION, ERR_UNSUPPORTED for another version, ERR_TIMEOUT. `given_up`, when it becomes
  // true, ends all waiting.
  static Result<std::shared_ptr<Client>> connect(const std::string& path, bool observes = false,
                                                 const std::atomic<bool>* given_up = nullptr);
  // Over a channel that is connected already. `name`: for messages.
  static Result<std::shared_ptr<Client>> greet(std::unique_ptr<Channel> channel,
                                               const std::string& name, Waiter& waiter,
                                               bool observes = false,
                                               const std::atomic<bool>* given_up = nullptr);

  const spec::RpcWelcome& welcome() const { return welcome_; }
  const UniqueFd& bar() const { return bar_; }
  // What came with it, once.
  UniqueFd take_bar() { return std::move(bar_); }
  UniqueFd take_doorbells() { return std::move(doorbells_); }
  UniqueFd take_notices() { return std::move(notices_); }

  // Sends a request (its id is chosen here) and waits for the reply; while the next manager is
  // awaited, for that as well. Any thread. The failure that the manager answers with; what gone()
  // says when it has gone, ERR_TIMEOUT when it is silent.
  // `breaks`: how often the connection had broken when the request was sent.
  Result<Message> call(Message request, uint64_t timeout_ns = kCallTimeoutNs,
                       uint32_t* breaks = nullptr);
  // The same in two halves, for a caller that has something else to do meanwhile, and waits for no
  // next manager.
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
    uint32_t breaks() const { return breaks_; }

   private:
    Client& client_;
    Message request_;
    uint32_t breaks_;
    uint32_t id_;
    bool sent_ = false;
    std::optional<Message> reply_;
  };
  // Sends a request that has no reply, unless the socket is full of them, or nobody is there.
  void post(uint16_t code);

  bool is_connected() const { return state_.load(std::memory_order_acquire) == State::Connected; }
  // Nobody is there, and the next manager is awaited.
  bool is_away() const { return state_.load(std::memory_order_acquire) == State::Away; }
  // Nobody is there, and nobody will be.
  bool has_given_up() const { return state_.load(std::memory_order_acquire) == State::GivenUp; }
  // Whether it is, and has not broken again since it had so often: then what a call was answered
  // still holds.
  bool is_connected(uint32_t breaks);
  // Why it is not connected: ERR_MANAGER_GONE, or what give_up() was told.
  Status gone();

  // The manager has gone.
  void note_broken();
  // It says that it ends, because of `why` unless that is success.
  void note_closing(const Status& why);
  // From now on what is asked waits for adopt() or give_up().
  void await_next();
  // Goes on with what is connected as `next`, which is of no use afterwards.
  void adopt(Client& next);
  // Ends the connection, for good.
  void hang_up();
  // No other manager comes, or is awaited.
  void give_up(Failure reason);
  const std::string& name() const { return name_; }

 private:
  // Broken: what is asked fails at once, until it is decided what comes then.
  enum class State { Connected, Broken, Away, GivenUp };

  Client(std::unique_ptr<Channel> channel, std::string name, Waiter& waiter,
         const std::atomic<bool>* given_up);
  bool send(const Message& request, uint32_t breaks);
  bool look(uint32_t id, uint32_t breaks, std::optional<Message>& reply);
  // With `mutex_` held.
  void break_off();
  bool ended(uint32_t breaks) const;

  const std::string name_;
  Waiter& waiter_;
  spec::RpcWelcome welcome_{};
  UniqueFd bar_, doorbells_, notices_;
  const std::atomic<bool>* const given_up_;
  std::atomic<State> state_{State::Connected};  // changed with `mutex_` held

  std::mutex mutex_;  // guards everything below
  uint32_t breaks_ = 0;
  std::optional<Failure> reason_;  // that give_up() was told
  std::string closing_;            // what the manager said of its end; empty: nothing
  std::unique_ptr<Channel> channel_;
  uint32_t last_id_ = 0;
  std::map<uint32_t, std::optional<Message>> awaited_;
};

}  // namespace nvm::rpc
