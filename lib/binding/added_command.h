// SPDX-License-Identifier: MIT
// A command of an emulated device that JavaScript executes. The device's thread begins it and
// waits; the handler, on its own thread, asks for blocks of the namespace any number of times and
// then says how it ends. What the two hand each other is an Exchange.
#pragma once

#include <node_api.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "emulator/io_command.h"

namespace nvm::binding {

enum class LengthUnit : uint32_t { Bytes, Blocks, Dwords };

struct AddedCommandOptions {
  uint8_t opcode = 0;
  std::string name;
  LengthUnit unit = LengthUnit::Bytes;
  uint32_t amount = 0;  // bytes; or which dword, counted from cdw10
  bool writes = false;
};

class AddedCommand;

// One command under way. The device's thread and the handler's use it in turn, never both: an
// answer given, or an event posted, hands it over.
struct Exchange {
  enum class Wish { Read, Write, Finish };

  uint64_t id = 0;
  spec::SubmissionQueueEntry sqe;
  uint32_t block_byte_length = 0;
  std::vector<std::byte> data;
  // What the handler wants next.
  Wish wish = Wish::Finish;
  uint64_t lba = 0;
  std::vector<std::byte> blocks;
  uint16_t status = 0;
  uint32_t dword0 = 0;
  emulator::Answer answer;  // the mutex of `owner` guards it
  const std::shared_ptr<AddedCommand> owner;

  Exchange(emulator::Answer first, std::shared_ptr<AddedCommand> of)
      : answer(std::move(first)), owner(std::move(of)) {}
};

class AddedCommand : public std::enable_shared_from_this<AddedCommand> {
 public:
  // Calls `callback` (exchange, id, description or status) in `env` for each command. Null when the
  // environment is ending.
  static std::shared_ptr<AddedCommand> make(napi_env env, napi_value callback,
                                            const AddedCommandOptions& options);

  // The command for a device; `commands` are the device's, and outlive what runs there.
  emulator::IoCommand define(const emulator::IoCommands& commands);

  // The handler's wish, which `exchange` holds: back to the device's thread.
  void hand_back(const std::shared_ptr<Exchange>& exchange);

 private:
  explicit AddedCommand(const AddedCommandOptions& options) : options_(options) {}

  emulator::Task run(const emulator::IoCommands& commands, emulator::Namespace& ns,
                     emulator::Command& command);
  uint64_t data_byte_length(const emulator::Namespace& ns,
                            const spec::SubmissionQueueEntry& sqe) const;
  emulator::HostLengths host_lengths(const emulator::Namespace& ns,
                                     const spec::SubmissionQueueEntry& sqe) const;
  // Hands the exchange to the handler, which will give `answer`: false when there is none any more.
  bool post(const std::shared_ptr<Exchange>& exchange, emulator::Answer answer, bool begins);
  // The device is gone: nobody calls any more.
  void release();
  // The environment ends.
  void close();

  static void call(napi_env env, napi_value callback, void* context, void* data);
  static void finalize(napi_env env, void* data, void* hint);

  const AddedCommandOptions options_;
  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;  // null once device or environment ended
  std::set<std::shared_ptr<Exchange>> outstanding_;
  uint64_t next_id_ = 1;
};

}  // namespace nvm::binding
