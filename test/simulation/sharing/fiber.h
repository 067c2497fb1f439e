// SPDX-License-Identifier: MIT
// A process of a simulation: code that waits in the middle, in a thread that it shares with all
// others. It runs until it yields, and goes on where it was when it is resumed.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace nvm::simulation {

class Fiber {
 public:
  // `body` begins with the first resume().
  explicit Fiber(std::function<void()> body);
  ~Fiber();  // has ended, or is left where it is for good
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Not from within a fiber, nor after its end.
  void resume();
  bool has_ended() const { return ended_; }

  // Back to whoever resumed the fiber that calls this.
  static void yield();

 private:
  static void enter();

  std::function<void()> body_;
  std::byte* stack_;
  ucontext_t context_{};
  ucontext_t resumer_{};
  bool ended_ = false;
};

}  // namespace nvm::simulation
