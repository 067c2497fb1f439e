// SPDX-License-Identifier: MIT
#include "rpc/remote_events.h"

namespace nvm::rpc {

Status ReceivedEvents::watch() {
  uint32_t breaks = 0;
  auto reply =
      client_->call(make_message(spec::rpc_code::watch_events, 0), kCallTimeoutNs, &breaks);
  if (!reply.ok()) return std::move(reply.status());
  std::lock_guard lock(mutex_);
  // Of a manager that has gone since.
  if (!client_->is_connected(breaks)) return client_->gone();
  watches_ = true;
  refused_.reset();
  return {};
}

Status ReceivedEvents::ask_again(Client& next) {
  {
    std::lock_guard lock(mutex_);
    if (!watches_) return {};
  }
  auto reply = next.call(make_message(spec::rpc_code::watch_events, 0));
  if (reply.ok()) return {};
  if (!next.is_connected()) return std::move(reply.status());
  std::lock_guard lock(mutex_);
  watches_ = false;
  refused_ = reply.status().failure();
  refused_->detail = "the process that serves at " + next.name() +
                     " now, asked for events of its controller: " + refused_->detail;
  return {};
}

bool ReceivedEvents::look(const WakeTarget& target) {
  std::lock_guard lock(mutex_);
  target_ = target;
  if (target.armed != nullptr) target.armed->store(1, std::memory_order_relaxed);
  return !events_.empty() || refused_.has_value() || client_->has_given_up();
}

Result<std::vector<AsyncEvent>> ReceivedEvents::take() {
  std::lock_guard lock(mutex_);
  if (events_.empty() && refused_.has_value()) return *refused_;
  if (events_.empty() && client_->has_given_up()) return client_->gone();
  std::vector<AsyncEvent> taken(std::make_move_iterator(events_.begin()),
                                std::make_move_iterator(events_.end()));
  events_.clear();
  return taken;
}

uint64_t ReceivedEvents::dropped() {
  std::lock_guard lock(mutex_);
  return dropped_;
}

void ReceivedEvents::receive(const Message& notice) {
  const auto body = parse_body<spec::RpcEvent>(notice);
  if (!body) return;
  AsyncEvent event;
  event.dword0 = body->dword0;
  const std::span<const std::byte> log = notice.body().subspan(sizeof *body);
  event.log.assign(log.begin(), log.end());
  if (body->failed != 0) {
    event.failure = Failure{ErrorCode::Os, 0, 0, "the manager could not read the log page"};
  }
  std::lock_guard lock(mutex_);
  // Another manager counts anew.
  const bool goes_on = body->dropped >= dropped_by_manager_;
  dropped_ += goes_on ? body->dropped - dropped_by_manager_ : body->dropped;
  dropped_by_manager_ = body->dropped;
  if (events_.size() == kUntakenEventsMax) {
    events_.pop_front();
    dropped_++;
  }
  events_.push_back(std::move(event));
  wake(target_);
}

void ReceivedEvents::notify() {
  std::lock_guard lock(mutex_);
  wake(target_);
}

}  // namespace nvm::rpc
