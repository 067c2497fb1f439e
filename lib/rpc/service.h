// SPDX-License-Identifier: MIT
// A manager's side of sharing: its clients, each a Session. It never waits and has no thread:
// whoever steps it brings clients and the time.
#pragma once

#include <memory>
#include <vector>

#include "rpc/session.h"

namespace nvm::rpc {

class Service {
 public:
  Service(ServedController served, const ServiceLimits& limits, ServicePolicy policy);

  // Whether one more may connect: whether it finds a place is known when it has greeted.
  bool has_room() const;
  // Hears one that has connected, or hangs up when there is no room, or it is closed.
  void connect(std::unique_ptr<Channel> channel, Peer peer, uint64_t now_ns);

  // Goes on with everything that can be done now; true when anything was done.
  bool step(uint64_t now_ns);
  // Whether something waits for the device: then step again soon.
  bool waits_for_device() const;
  // Whether something else is to be looked at now and then.
  bool waits_long() const;

  // Whether a client wants to hear of asynchronous events, and telling those that do. One that has
  // asked to hear of them does not before it was answered: with success once every event is told
  // that happens afterwards, or why that is not to be.
  bool wants_events() const;
  void answer_watchers(const Status& outcome);
  void tell(const AsyncEvent& event);
  // That nobody can tell them any more.
  void count_dropped_events(uint64_t count);

  // Tells every client that it ends, and takes back what they have. Step until is_settled(). The
  // end of the admin queue does the same.
  void close(uint64_t now_ns);
  bool is_empty() const { return sessions_.empty(); }
  // Nothing is left but what only a reset takes back.
  bool is_settled() const;

  // For whoever waits until a client has said something. Null: nobody.
  template <class Visit>
  void for_each_channel(Visit visit) {
    for (const auto& session : sessions_) {
      if (!session->is_leaving()) {
        visit(session->channel(), session->wants_to_receive(), session->wants_to_send());
      }
    }
  }

 private:
  bool tell_namespace_changes(uint64_t now_ns);

  ServedController served_;
  const ServiceLimits limits_;
  const ServicePolicy policy_;
  uint32_t epoch_;
  NamespaceChanges told_changes_;
  uint32_t last_client_id_ = 0;
  bool closed_ = false;
  Guests guests_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace nvm::rpc
