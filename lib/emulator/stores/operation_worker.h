// SPDX-License-Identifier: MIT
// Store operations that block: they run on a thread of their own, one after the other.
#pragma once

#include <functional>
#include <optional>

#include "emulator/store.h"
#include "platform/worker.h"

namespace nvm::emulator {

class OperationWorker {
 public:
  // See Store::set_completion_hook().
  void set_completion_hook(std::function<void()> hook) { hook_ = std::move(hook); }

  // Runs `call`, which returns 0 or an errno, then ends `operation`.
  Progress begin(Operation& operation, std::function<int()> call) {
    operation.progress.store(Progress::Pending, std::memory_order_relaxed);
    if (!worker_) worker_.emplace();
    worker_->post([this, &operation, call = std::move(call)] {
      operation.os_error = call();
      // After this store the operation may be gone.
      operation.progress.store(operation.os_error == 0 ? Progress::Done : Progress::Failed,
                               std::memory_order_release);
      if (hook_) hook_();
    });
    return Progress::Pending;
  }

  // Waits until everything that was begun has ended. An owner calls it before what its calls use
  // goes.
  void finish() { worker_.reset(); }

 private:
  std::function<void()> hook_;
  std::optional<Worker> worker_;  // a store that never blocks has no thread
};

}  // namespace nvm::emulator
