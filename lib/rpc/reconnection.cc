// SPDX-License-Identifier: MIT
#include "rpc/reconnection.h"

namespace nvm::rpc {
namespace {

constexpr int kAttemptEveryMs = 10;

}  // namespace

Result<UniqueFd> Reconnection::attempt(bool& final) {
  auto next = Client::connect(path_, false, &stopped_);
  if (!next.ok()) {
    final = next.status().failure().code == ErrorCode::Unsupported;
    return std::move(next.status());
  }
  Client& client = *next.value();
  Status accepted = steps_.accept(client);
  if (!accepted.ok()) {
    final = true;
    return accepted;
  }
  UniqueFd notices = client.take_notices();
  NVM_TRY(steps_.attach(client));
  return notices;
}

Result<UniqueFd> Reconnection::run(const Notices::Pause& pause) {
  Waiter& waiter = thread_waiter();
  const uint64_t deadline_ns = waiter.now_ns() + period_ns_;
  for (;;) {
    bool final = false;
    auto notices = attempt(final);
    if (notices.ok() || final) return notices;
    if (waiter.now_ns() >= deadline_ns) {
      return Status(ErrorCode::ManagerGone,
                    "no other came to " + path_ + " within " +
                        std::to_string(period_ns_ / kNanosecondsPerMillisecond) +
                        " ms; the last attempt: " + notices.status().failure().detail);
    }
    if (!pause(kAttemptEveryMs) || stopped_.load()) {
      return Status(ErrorCode::ManagerGone, "it served at " + path_);
    }
  }
}

}  // namespace nvm::rpc
