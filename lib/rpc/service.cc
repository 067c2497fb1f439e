// SPDX-License-Identifier: MIT
#include "rpc/service.h"

#include <algorithm>
#include <utility>

namespace nvm::rpc {

namespace {

NamespaceChanges load_changes(const NamespaceChanges& changes) {
  NamespaceChanges loaded;
  // First: what is counted meanwhile is seen at the next look.
  loaded.any = __atomic_load_n(&changes.any, __ATOMIC_ACQUIRE);
  for (size_t i = 0; i < std::size(loaded.of_id); i++) {
    loaded.of_id[i] = __atomic_load_n(&changes.of_id[i], __ATOMIC_RELAXED);
  }
  return loaded;
}

}  // namespace

Service::Service(ServedController served, const ServiceLimits& limits, ServicePolicy policy)
    : served_(std::move(served)),
      limits_(limits),
      policy_(std::move(policy)),
      epoch_(served_.admin->epoch()),
      told_changes_(load_changes(served_.transport->namespace_changes())) {}

bool Service::has_room() const {
  const size_t greeted = size_t{guests_.clients} + guests_.observers;
  return sessions_.size() - greeted < limits_.arrivals_max;
}

void Service::connect(std::unique_ptr<Channel> channel, Peer peer, uint64_t now_ns) {
  if (closed_ || !has_room()) return;
  peer.client_id = ++last_client_id_;
  sessions_.push_back(std::make_unique<Session>(served_, limits_, policy_, guests_, peer,
                                                std::move(channel), now_ns));
}

bool Service::step(uint64_t now_ns) {
  bool worked = false;
  const uint32_t epoch = served_.admin->epoch();
  if (!closed_ && served_.admin->is_closed()) close(now_ns);
  if (std::exchange(epoch_, epoch) != epoch) {
    worked = true;
    for (const auto& session : sessions_) session->lose_queues(epoch, now_ns);
  }
  for (const auto& session : sessions_) {
    worked |= session->step(now_ns);
    const auto asked = session->take_status_request();
    if (!asked) continue;
    std::vector<spec::RpcStatusClient> clients;
    for (const auto& each : sessions_) {
      if (each->is_client()) clients.push_back(each->status(now_ns));
    }
    session->reply_status(*asked, clients);
    worked = true;
  }
  worked |= tell_namespace_changes(now_ns);
  std::erase_if(sessions_, [](const auto& session) { return session->has_gone(); });
  return worked;
}

// What has been counted since the last look, to clients that cannot look themselves.
bool Service::tell_namespace_changes(uint64_t now_ns) {
  const NamespaceChanges& changes = served_.transport->namespace_changes();
  if (__atomic_load_n(&changes.any, __ATOMIC_RELAXED) == told_changes_.any) return false;
  const NamespaceChanges counted = load_changes(changes);
  NamespaceChanges since = counted;
  for (size_t i = 0; i < std::size(since.of_id); i++) since.of_id[i] -= told_changes_.of_id[i];
  told_changes_ = counted;
  for (const auto& session : sessions_) session->tell_namespace_changes(since, now_ns);
  return true;
}

bool Service::waits_for_device() const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const auto& session) { return session->waits_for_device(); });
}

bool Service::is_settled() const {
  return std::all_of(sessions_.begin(), sessions_.end(),
                     [](const auto& session) { return session->is_stuck(); });
}

bool Service::waits_long() const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const auto& session) { return session->waits_long(); });
}

bool Service::wants_events() const {
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [](const auto& session) { return session->wants_events(); });
}

void Service::answer_watchers(const Status& outcome) {
  for (const auto& session : sessions_) session->answer_watchers(outcome);
}

void Service::tell(const AsyncEvent& event) {
  for (const auto& session : sessions_) session->tell(event);
}

void Service::count_dropped_events(uint64_t count) {
  for (const auto& session : sessions_) session->count_dropped_events(count);
}

void Service::close(uint64_t now_ns) {
  closed_ = true;
  const Status why = served_.transport->is_gone() ? served_.transport->gone() : Status();
  for (const auto& session : sessions_) {
    session->say_closing(why);
    session->leave(now_ns);
  }
}

}  // namespace nvm::rpc
