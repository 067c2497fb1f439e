// SPDX-License-Identifier: MIT
// How a client whose manager has gone comes to the next one that serves at the same path: it looks
// for one again and again, for a bounded time. It has no thread: whoever hears that the manager has
// gone runs it (notices.h).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "rpc/client.h"
#include "rpc/notices.h"

namespace nvm::rpc {

class Reconnection {
 public:
  struct Steps {
    // Whether the next manager serves what the client had; a failure ends it for good.
    std::function<Status(const Client& next)> accept;
    // Asks for everything that the client had, and goes on there. On a failure it is tried again.
    std::function<Status(Client& next)> attach;
  };

  // `period_ns`: for how long it looks; 0: not at all.
  Reconnection(std::string path, uint64_t period_ns, Steps steps)
      : path_(std::move(path)), period_ns_(period_ns), steps_(std::move(steps)) {}

  bool is_wanted() const { return period_ns_ != 0 && !stopped_.load(); }
  // The socket of the next manager's notices. What accept() found wrong; ERR_MANAGER_GONE when none
  // came in time, or after stop().
  Result<UniqueFd> run(const Notices::Pause& pause);
  // Ends run() soon, and lets it end at once from now on, until resume(). Any thread.
  void stop() { stopped_.store(true); }
  void resume() { stopped_.store(false); }

 private:
  // `final`: no other attempt shall be made.
  Result<UniqueFd> attempt(bool& final);

  const std::string path_;
  const uint64_t period_ns_;
  const Steps steps_;
  std::atomic<bool> stopped_{false};
};

}  // namespace nvm::rpc
