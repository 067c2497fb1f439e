// SPDX-License-Identifier: MIT
// A helper thread for calls that block (fdatasync), so that no thread that steps queues ever does.
#pragma once

#include <functional>
#include <memory>

namespace nvm {

class Worker {
 public:
  Worker();
  ~Worker();  // finishes what was posted, then joins
  void post(std::function<void()> job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nvm
