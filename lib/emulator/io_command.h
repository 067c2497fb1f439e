// SPDX-License-Identifier: MIT
// Commands that a user of the library adds to the emulated controller: a vendor's, or an
// experiment. Describe one as an IoCommand and hand it to Subsystem::add_io_command();
// examples/emulator/fused_read_write.cc is a whole one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "emulator/executor.h"
#include "emulator/namespace.h"
#include "emulator/nvm/blocks.h"

namespace nvm::emulator {

struct IoCommand {
  // Not one of the NVM command set's. Bit 1 set: the device writes to the host memory of the
  // command, which then has to be writable; it may read it as well.
  uint8_t opcode = 0;
  std::string name;
  // As in log page 05h, spec::command_effects, without CSUPP. With LBCC, blocks change: it is then
  // refused on a namespace that is write-protected.
  uint32_t effects = 0;

  // How much memory the data and metadata pointers name; none: none. MDTS is looked after.
  std::function<HostLengths(const Namespace&, const spec::SubmissionQueueEntry&)> host_lengths;

  // Asks the namespace's model how long it takes, for a command that arrives at `now_ns`; none: as
  // one command with this opcode and data of that length. It may be asked again after a retry.
  std::function<Schedule(TimingModel&, const Namespace&, const spec::SubmissionQueueEntry&,
                         uint64_t now_ns)>
      schedule;

  // The command itself, a coroutine; its status is the command's, as spec::status has them. It
  // judges the command's fields: nothing is known of them. Both references outlive it, and so does
  // whatever this function has captured.
  std::function<Task(Namespace&, Command&)> run;
};

// What a command waits for when another thread knows how it ends. Copies are the same answer; who
// gives it may still hold one when the device is long gone.
class Answer {
 public:
  // For `co_await answer.given()`, which is Done or Failed. Only one command awaits an answer.
  settled given() const {
    return {state_->operation, state_->operation.progress.load(std::memory_order_acquire)};
  }
  // From any thread, once.
  void give(Progress outcome) const;

 private:
  friend class IoCommands;
  struct Wake;
  struct State {
    Operation operation;
    std::shared_ptr<Wake> wake;
  };
  explicit Answer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// The commands that were added to a subsystem.
class IoCommands {
 public:
  IoCommands();
  ~IoCommands();
  IoCommands(const IoCommands&) = delete;
  IoCommands& operator=(const IoCommands&) = delete;

  // False when there is a command with its opcode. Not while the subsystem is being stepped.
  bool add(IoCommand command);
  const IoCommand* find(uint8_t opcode) const {
    const auto found = commands_.find(opcode);
    return found == commands_.end() ? nullptr : &found->second;
  }
  // By their opcodes.
  const std::map<uint8_t, IoCommand>& all() const { return commands_; }

  // `wake` is called, from any thread, when an answer has been given.
  void set_wake(std::function<void()> wake);
  Answer make_answer() const;

 private:
  std::map<uint8_t, IoCommand> commands_;  // whose coroutines refer to them: they do not move
  std::shared_ptr<Answer::Wake> wake_;
};

}  // namespace nvm::emulator
