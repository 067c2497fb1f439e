// SPDX-License-Identifier: MIT
// A command that takes more than one step, written as straight-line code: a coroutine that awaits
// store operations, host memory, other tasks or a time, and ends with the command's status. Whoever
// holds it resumes it at a step boundary; it never blocks.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include "emulator/store.h"
#include "platform/clock.h"

namespace nvm::emulator {

class [[nodiscard]] Task {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  struct promise_type {
    uint16_t status = 0;
    promise_type* outermost = this;
    Handle awaiting = nullptr;  // the task that awaits this one
    // Of the outermost task: where it is, and what it waits for.
    Handle innermost = nullptr;
    const Operation* operation = nullptr;
    uint64_t wakes_at_ns = 0;

    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(uint16_t value) { status = value; }
    void unhandled_exception() { std::terminate(); }  // out of memory
  };

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  // Only when busy() is false: what an operation still uses lives in the coroutine.
  ~Task() { clear(); }

  explicit operator bool() const { return handle_ != nullptr; }
  void clear() {
    if (handle_ != nullptr) std::exchange(handle_, nullptr).destroy();
  }

  // True while an operation that it began is under way.
  bool busy() const {
    const Operation* operation = handle_.promise().operation;
    return operation != nullptr &&
           operation->progress.load(std::memory_order_acquire) == Progress::Pending;
  }
  bool changes() const { return busy() && handle_.promise().operation->changes; }
  const Operation* operation() const { return handle_.promise().operation; }
  // 0: as soon as busy() is false.
  uint64_t wakes_at_ns() const { return handle_.promise().wakes_at_ns; }
  bool ready(Clock& clock) const {
    return !busy() && (wakes_at_ns() == 0 || wakes_at_ns() <= clock.now_ns());
  }

  // Starts it, or goes on with it, until it has to wait; true when it has ended. A loop instead of
  // nested calls, so that the depth of the stack does not depend on the compiler.
  bool resume() {
    promise_type& outermost = handle_.promise();
    if (outermost.innermost == nullptr) outermost.innermost = handle_;
    outermost.operation = nullptr;
    outermost.wakes_at_ns = 0;
    for (;;) {
      const Handle current = outermost.innermost;
      current.resume();
      if (outermost.innermost != current) continue;  // it awaits another task
      if (!current.done()) return false;
      if (current == handle_) return true;
      outermost.innermost = current.promise().awaiting;
    }
  }
  uint16_t status() const { return handle_.promise().status; }

  // co_await task: its status.
  bool await_ready() const noexcept { return false; }
  void await_suspend(Handle awaiting) noexcept {
    promise_type& inner = handle_.promise();
    inner.awaiting = awaiting;
    inner.outermost = awaiting.promise().outermost;
    inner.outermost->innermost = handle_;
  }
  uint16_t await_resume() const noexcept { return handle_.promise().status; }

 private:
  explicit Task(Handle handle) : handle_(handle) {}

  Handle handle_ = nullptr;
};

// co_await settled(operation, store.begin_…(operation, …)): how it ended. A task has one operation
// under way at a time.
struct settled {
  settled(const Operation& awaited, Progress begun) : operation(awaited), progress(begun) {}
  bool await_ready() const noexcept { return progress != Progress::Pending; }
  void await_suspend(Task::Handle handle) noexcept {
    handle.promise().outermost->operation = &operation;
  }
  Progress await_resume() const noexcept {
    return progress != Progress::Pending ? progress
                                         : operation.progress.load(std::memory_order_acquire);
  }
  const Operation& operation;
  Progress progress;
};

// co_await wait_of{task}: as long as a task waits that somebody else began and goes on with.
struct wait_of {
  const Task& task;
  bool await_ready() const noexcept { return false; }
  void await_suspend(Task::Handle handle) noexcept {
    handle.promise().outermost->operation = task.operation();
    handle.promise().outermost->wakes_at_ns = task.wakes_at_ns();
  }
  void await_resume() const noexcept {}
};

// co_await next_step{}: lets everything else have its turn, so that long work keeps steps short.
struct next_step : std::suspend_always {};

// co_await until{time}: not before that time of the step's clock.
struct until {
  uint64_t time_ns;
  bool await_ready() const noexcept { return false; }
  void await_suspend(Task::Handle handle) noexcept {
    handle.promise().outermost->wakes_at_ns = time_ns;
  }
  void await_resume() const noexcept {}
};

}  // namespace nvm::emulator
