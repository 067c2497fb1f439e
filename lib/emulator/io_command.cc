// SPDX-License-Identifier: MIT
#include "emulator/io_command.h"

#include <mutex>

#include "emulator/nvm/limits.h"

namespace nvm::emulator {

// Outlives the device for as long as somebody holds an answer.
struct Answer::Wake {
  std::mutex mutex;
  std::function<void()> wake;  // empty: there is no device any more, or nobody sleeps
};

void Answer::give(Progress outcome) const {
  // A command that is woken ends; what it waited for is kept by this answer.
  const std::shared_ptr<State> state = state_;
  state->operation.progress.store(outcome, std::memory_order_release);
  const std::lock_guard lock(state->wake->mutex);
  if (state->wake->wake) state->wake->wake();
}

IoCommands::IoCommands() : wake_(std::make_shared<Answer::Wake>()) {}

IoCommands::~IoCommands() {
  set_wake(nullptr);
}

bool IoCommands::add(IoCommand command) {
  if (nvm_command_effects(command.opcode) != 0) return false;
  const uint8_t opcode = command.opcode;
  return commands_.emplace(opcode, std::move(command)).second;
}

void IoCommands::set_wake(std::function<void()> wake) {
  const std::lock_guard lock(wake_->mutex);
  wake_->wake = std::move(wake);
}

Answer IoCommands::make_answer() const {
  auto state = std::make_shared<Answer::State>();
  state->operation.progress.store(Progress::Pending, std::memory_order_relaxed);
  state->wake = wake_;
  return Answer(std::move(state));
}

}  // namespace nvm::emulator
