// SPDX-License-Identifier: MIT
#include "binding/added_command.h"

#include "binding/values.h"
#include "emulator/nvm/blocks.h"

namespace nvm::binding {

using emulator::Progress;

namespace {

constexpr uint8_t kDataFromHost = 1;  // bits of an opcode
constexpr uint8_t kDataToHost = 2;
constexpr uint64_t kDataBytesMax = 64 << 20;

// What a thread-safe function carries: whose exchange, and whether the command begins.
struct Event {
  std::shared_ptr<Exchange> exchange;
  bool begins;
};

uint32_t dword_of(const spec::SubmissionQueueEntry& sqe, uint32_t index) {
  const uint32_t dwords[] = {sqe.cdw10, sqe.cdw11, sqe.cdw12, sqe.cdw13, sqe.cdw14, sqe.cdw15};
  return dwords[index];
}

napi_value describe(napi_env env, const std::shared_ptr<Exchange>& exchange) {
  napi_value dwords = nullptr;
  napi_create_array_with_length(env, 6, &dwords);
  for (uint32_t i = 0; i < 6; i++) {
    napi_set_element(env, dwords, i, make_number(env, dword_of(exchange->sqe, i)));
  }
  napi_value data = nullptr;
  if (exchange->data.empty()) {
    napi_create_arraybuffer(env, 0, nullptr, &data);
  } else {
    data = make_array_buffer(env, exchange->data.data(), exchange->data.size(), exchange);
  }
  return ObjectBuilder(env)
      .number("opcode", exchange->sqe.opc)
      .number("nsid", exchange->sqe.nsid)
      .set("dwords", dwords)
      .number("blockSize", exchange->block_byte_length)
      .set("data", data)
      .object();
}

}  // namespace

std::shared_ptr<AddedCommand> AddedCommand::make(napi_env env, napi_value callback,
                                                 const AddedCommandOptions& options) {
  std::shared_ptr<AddedCommand> command(new AddedCommand(options));
  napi_value name = nullptr;
  napi_create_string_utf8(env, options.name.c_str(), options.name.size(), &name);
  auto* keep_alive = new std::shared_ptr<AddedCommand>(command);
  if (napi_create_threadsafe_function(env, callback, nullptr, name, 0, 1, keep_alive, finalize,
                                      nullptr, call, &command->function_) != napi_ok) {
    delete keep_alive;
    return nullptr;
  }
  // A device alone does not keep the process alive.
  napi_unref_threadsafe_function(env, command->function_);
  return command;
}

emulator::IoCommand AddedCommand::define(const emulator::IoCommands& commands) {
  emulator::IoCommand row;
  row.opcode = options_.opcode;
  row.name = options_.name;
  if (options_.writes) row.effects = spec::command_effects::lbcc.put(1);
  // The device's last use of the command, whose callback goes then.
  const std::shared_ptr<AddedCommand> self(
      this, [kept = shared_from_this()](AddedCommand*) { kept->release(); });
  row.host_lengths = [self](const emulator::Namespace& ns, const spec::SubmissionQueueEntry& sqe) {
    return self->host_lengths(ns, sqe);
  };
  row.run = [self, &commands](emulator::Namespace& ns, emulator::Command& command) {
    return self->run(commands, ns, command);
  };
  return row;
}

emulator::HostLengths AddedCommand::host_lengths(const emulator::Namespace& ns,
                                                 const spec::SubmissionQueueEntry& sqe) const {
  const uint64_t byte_length = data_byte_length(ns, sqe);
  return {byte_length > kDataBytesMax ? 0 : byte_length, 0};  // run() refuses what is too much
}

uint64_t AddedCommand::data_byte_length(const emulator::Namespace& ns,
                                        const spec::SubmissionQueueEntry& sqe) const {
  if (options_.unit == LengthUnit::Bytes) return options_.amount;
  const uint64_t dword = dword_of(sqe, options_.amount);
  if (options_.unit == LengthUnit::Dwords) return dword * sizeof(uint32_t);
  return ((dword & 0xffff) + 1) * ns.format.data_byte_length();
}

emulator::Task AddedCommand::run(const emulator::IoCommands& commands, emulator::Namespace& ns,
                                 emulator::Command& command) {
  if (data_byte_length(ns, command.sqe) > kDataBytesMax) {
    co_return spec::status::invalid_field | spec::status::dnr;
  }
  auto exchange = std::make_shared<Exchange>(commands.make_answer(), shared_from_this());
  exchange->sqe = command.sqe;
  exchange->block_byte_length = ns.format.data_byte_length();
  exchange->data.resize(command.data.byte_length());
  if ((options_.opcode & (kDataFromHost | kDataToHost)) != 0 && !exchange->data.empty()) {
    const uint16_t received =
        co_await receive_from_host(command.data, 0, exchange->data.data(), exchange->data.size());
    if (received != spec::status::success) co_return received;
  }
  emulator::Answer answer = exchange->answer;
  bool handed = post(exchange, answer, true);
  while (handed) {
    if (co_await answer.given() == Progress::Failed) break;
    if (exchange->wish == Exchange::Wish::Finish) {
      command.dword0 = exchange->dword0;
      if (exchange->status != spec::status::success) co_return exchange->status;
      if ((options_.opcode & kDataToHost) == 0) co_return spec::status::success;
      co_return co_await send_to_host(command.data, 0, exchange->data.data(),
                                      exchange->data.size());
    }
    const uint64_t count = exchange->blocks.size() / exchange->block_byte_length;
    if (count > ns.block_count() || exchange->lba > ns.block_count() - count) {
      exchange->status = spec::status::lba_out_of_range | spec::status::dnr;
    } else if (exchange->wish == Exchange::Wish::Read) {
      exchange->status = co_await load_blocks(ns, exchange->lba, {exchange->blocks, {}});
    } else {
      exchange->status = co_await save_blocks(ns, exchange->lba, {exchange->blocks, {}});
    }
    answer = commands.make_answer();
    handed = post(exchange, answer, false);
  }
  co_return spec::status::internal_error;  // the handler's environment has ended
}

bool AddedCommand::post(const std::shared_ptr<Exchange>& exchange, emulator::Answer answer,
                        bool begins) {
  std::lock_guard lock(mutex_);
  if (function_ == nullptr) return false;
  exchange->answer = std::move(answer);
  if (begins) {
    exchange->id = next_id_++;
    outstanding_.insert(exchange);
  }
  auto* event = new Event{exchange, begins};
  if (napi_call_threadsafe_function(function_, event, napi_tsfn_nonblocking) == napi_ok) {
    return true;
  }
  delete event;
  outstanding_.erase(exchange);
  return false;
}

void AddedCommand::hand_back(const std::shared_ptr<Exchange>& exchange) {
  std::unique_lock lock(mutex_);
  const emulator::Answer answer = exchange->answer;
  if (exchange->wish == Exchange::Wish::Finish) outstanding_.erase(exchange);
  lock.unlock();
  answer.give(Progress::Done);
}

void AddedCommand::release() {
  std::lock_guard lock(mutex_);
  if (function_ == nullptr) return;  // the environment has ended
  napi_release_threadsafe_function(function_, napi_tsfn_release);
  function_ = nullptr;
}

// On the handler's thread.
void AddedCommand::call(napi_env env, napi_value callback, void* context, void* data) {
  const std::unique_ptr<Event> event(static_cast<Event*>(data));
  if (env == nullptr) return;  // it ends: finalize() fails what is outstanding
  const std::shared_ptr<Exchange>& exchange = event->exchange;
  napi_value receiver = make_undefined(env);
  napi_value arguments[] = {
      make_handle(env, exchange), make_number(env, static_cast<double>(exchange->id)),
      event->begins ? describe(env, exchange) : make_number(env, exchange->status)};
  napi_call_function(env, receiver, callback, 3, arguments, nullptr);
}

void AddedCommand::finalize(napi_env, void* data, void*) {
  const std::unique_ptr<std::shared_ptr<AddedCommand>> command(
      static_cast<std::shared_ptr<AddedCommand>*>(data));
  (*command)->close();
}

void AddedCommand::close() {
  std::vector<emulator::Answer> answers;
  {
    std::lock_guard lock(mutex_);
    function_ = nullptr;
    for (const auto& exchange : outstanding_) answers.push_back(exchange->answer);
    outstanding_.clear();
  }
  for (const emulator::Answer& answer : answers) answer.give(Progress::Failed);
}

}  // namespace nvm::binding
