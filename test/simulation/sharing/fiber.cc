// SPDX-License-Identifier: MIT
#include "sharing/fiber.h"

#include <sys/mman.h>

#include <cstdlib>
#include <utility>
#include <vector>

namespace nvm::simulation {
namespace {

constexpr size_t kStackBytes = 512 << 10;

Fiber* running = nullptr;

// Of fibers that have ended, for the next ones.
std::vector<std::byte*>& spare_stacks() {
  static std::vector<std::byte*> stacks;
  return stacks;
}

std::byte* take_stack() {
  if (!spare_stacks().empty()) {
    std::byte* stack = spare_stacks().back();
    spare_stacks().pop_back();
    return stack;
  }
  void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) abort();
  return static_cast<std::byte*>(stack);
}

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_(take_stack()) {
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = kStackBytes;
  context_.uc_link = &resumer_;
  makecontext(&context_, &Fiber::enter, 0);
}

Fiber::~Fiber() {
  if (ended_) spare_stacks().push_back(stack_);
}

void Fiber::enter() {
  Fiber& self = *running;
  self.body_();
  self.ended_ = true;
}

void Fiber::resume() {
  running = this;
  swapcontext(&resumer_, &context_);
  running = nullptr;
}

void Fiber::yield() {
  Fiber& self = *running;
  swapcontext(&self.context_, &self.resumer_);
}

}  // namespace nvm::simulation
