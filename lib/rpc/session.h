// SPDX-License-Identifier: MIT
// One client of a manager: what it has, what it has asked for, and how all of that is taken back
// when it goes, however it goes. It never waits: step() does what can be done now.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "rpc/channel.h"
#include "rpc/client_memory.h"
#include "rpc/served.h"

namespace nvm::rpc {

// The sessions of a service that have greeted, those included that are leaving.
struct Guests {
  uint32_t clients = 0;
  uint32_t observers = 0;
};

class Session {
 public:
  // `served` and the rest outlive it.
  Session(ServedController& served, const ServiceLimits& limits, const ServicePolicy& policy,
          Guests& guests, const Peer& peer, std::unique_ptr<Channel> channel, uint64_t now_ns);
  ~Session();  // has_gone(), or the device may still use its memory, which is then kept for good

  // Goes on with what the client asked for, or with taking back what it had. True when anything was
  // done.
  bool step(uint64_t now_ns);
  // While the answer to something depends on the device, whoever steps looks again soon.
  bool waits_for_device() const;
  // The same, for what has no certain end, and for a client that is silent: now and then.
  bool waits_long() const;
  // The reply to a message does not fit in the socket.
  bool wants_to_send() const { return !outgoing_.empty(); }
  bool wants_to_receive() const;

  // No client, or nothing left of it.
  bool has_gone() const { return gone_; }
  bool is_leaving() const { return leaving_; }
  // Nothing more can be taken back before a reset.
  bool is_stuck() const { return stuck_; }
  // The client has gone, or is to go: nothing more is received, everything is taken back.
  void leave(uint64_t now_ns);

  // The controller was reset: it has no queues any more but those of `epoch`.
  void lose_queues(uint32_t epoch, uint64_t now_ns);
  // How often namespaces have changed since it was told last, by itself included.
  void tell_namespace_changes(const NamespaceChanges& since, uint64_t now_ns);
  // The manager ends, because of `why` unless that is success.
  void say_closing(const Status& why);
  // As Service has them. A client that does not read events is not waited for.
  bool wants_events() const { return !leaving_ && (watches_events_ || !watch_requests_.empty()); }
  void answer_watchers(const Status& outcome);
  void tell(const AsyncEvent& event);
  void count_dropped_events(uint64_t count) { events_dropped_ += watches_events_ ? count : 0; }

  bool is_client() const { return greeted_ && !observer_; }
  spec::RpcStatusClient status(uint64_t now_ns);
  Channel& channel() { return *channel_; }  // while it is not leaving
  // Replies to the request `status`.
  void reply_status(const spec::RpcHeader& request,
                    const std::vector<spec::RpcStatusClient>& clients);
  // The client asked for the status of all: what the service has to answer.
  std::optional<spec::RpcHeader> take_status_request();

 private:
  // A queue number of the client, and what the controller has under it, as far as one can know.
  struct Queue {
    QueueNumber number;
    uint32_t epoch = 0;  // of the admin queue, when they were made
    bool sq_exists = false;
    bool cq_exists = false;
    // That they are in: no other part of a drive keeps a client from unmapping it.
    std::shared_ptr<ClientMemory::Piece> sq_memory, cq_memory;
    bool deletion_refused = false;  // when it was to be taken back
    UniqueFd wake;
    std::shared_ptr<ClientMemory::Piece> wake_memory;  // that the word to arm is in

    // The controller was reset.
    void forget() {
      sq_exists = cq_exists = deletion_refused = false;
      sq_memory = cq_memory = nullptr;
    }
  };
  using Pieces = std::array<std::shared_ptr<ClientMemory::Piece>, 2>;
  // An admin command of which the device may still say how it ended.
  struct Outstanding {
    spec::RpcHeader request;
    spec::SubmissionQueueEntry command;
    uint64_t deadline_ns;
    std::shared_ptr<const Pieces> memory;  // that PRP1 and PRP2 are in
    std::optional<AdminTicket> ticket;     // none: no id is free yet
    bool ours = false;                     // takes a queue back: nobody waits for the reply
    bool overdue = false;  // it was replied to, but what it names is kept until the device is done
  };

  bool receive(uint64_t now_ns);
  void answer(Message& message, uint64_t now_ns);
  Status obey(Message& message, uint64_t now_ns);
  Status hello(const Message& message);
  Status check_welcome(const spec::RpcHello& hello) const;
  void describe(const BarShare& bar, spec::RpcWelcome& welcome) const;
  Status map(Message& message);
  Status unmap(const Message& message);
  Status begin_admin(const Message& message, uint64_t now_ns);
  Status take_queue(const Message& message);
  Status give_queue(const Message& message);
  Status bind_wake(Message& message);
  Status check_queue_command(const spec::SubmissionQueueEntry& command) const;
  Status check_creation(const spec::SubmissionQueueEntry& command, const Queue& queue) const;
  bool changes_queue(uint16_t id) const;
  size_t overdue_count() const;
  void count_change(const Outstanding& each);
  void note_begun(const spec::SubmissionQueueEntry& command, uint32_t epoch);
  void note_ended(const Outstanding& ended, const Completion& completion);
  bool look_after_commands(uint64_t now_ns);
  bool settle(Outstanding& each, uint64_t now_ns);
  void reply_completion(const Outstanding& command, const Completion& completion);
  void reply(Message message);
  void drop_silent(uint64_t now_ns);
  bool send(uint64_t now_ns);

  // Taking back.
  bool take_back(uint64_t now_ns);
  bool delete_next_queue(uint64_t now_ns);
  void unbind_wake(Queue& queue);
  bool finish();

  static constexpr size_t kOutstandingMax = 8;  // with more, nothing more is received

  ServedController& served_;
  const ServiceLimits& limits_;
  const ServicePolicy& policy_;
  Guests& guests_;
  const Peer peer_;
  const uint64_t connected_ns_;
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<Channel> notices_;
  bool greeted_ = false;
  bool refused_ = false;  // and was told so
  bool observer_ = false;
  bool watches_events_ = false;
  std::vector<spec::RpcHeader> watch_requests_;  // that were not answered yet
  uint64_t events_dropped_ = 0;
  bool sees_changes_ = false;       // of namespaces, in the BAR
  NamespaceChanges own_changes_{};  // that it counts itself, and was not told of
  bool leaving_ = false;
  bool gone_ = false;
  bool stuck_ = false;  // only queues that could not be deleted are left: until the next reset
  uint64_t retry_at_ns_ = 0;
  uint64_t blocked_since_ns_ = 0;  // replies do not fit in the socket; 0: they do
  uint64_t admin_commands_ = 0;
  std::unique_ptr<ClientPort> port_;
  std::unique_ptr<ClientMemory> memory_;
  std::map<uint16_t, Queue> queues_;
  std::vector<Outstanding> outstanding_;
  std::deque<Message> outgoing_;
  std::optional<spec::RpcHeader> status_request_;
};

}  // namespace nvm::rpc
