// SPDX-License-Identifier: MIT
// Commands of an emulated device that JavaScript executes: defining one, and what its handler asks.
#include <cstring>

#include "binding/added_command.h"
#include "binding/calls.h"
#include "binding/emulators.h"
#include "binding/object_reader.h"
#include "binding/values.h"

namespace nvm::binding {

// (emulator, { opcode, name, unit, amount }, writes, callback)
napi_value add_command(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<EmulatorHandle>(0);
  const auto device = handle == nullptr ? nullptr : handle->device();
  if (device == nullptr) return make_failure(env, Failure{ErrorCode::Closed, 0, 0, "the emulator"});
  const ObjectReader object(env, arguments.value(1));
  AddedCommandOptions options;
  options.opcode = object.integer<uint8_t>("opcode", 0);
  options.name = object.string("name");
  options.unit = static_cast<LengthUnit>(object.integer<uint32_t>("unit", 0));
  options.amount = object.integer<uint32_t>("amount", 0);
  options.writes = arguments.boolean(2);
  auto command = AddedCommand::make(env, arguments.value(3), options);
  if (command == nullptr) return make_failure(env, Failure{ErrorCode::Closed, 0, 0, "the thread"});
  emulator::Runner::Pause pause(device->runner());
  emulator::Subsystem& subsystem = pause.subsystem();
  if (subsystem.add_io_command(command->define(subsystem.io_commands())))
    return make_undefined(env);
  return make_failure(
      env, Failure{ErrorCode::Argument, 0, 0,
                   "opcode " + std::to_string(options.opcode) + " has a command already"});
}

// (exchange, LBA, bytes, writes)
napi_value move_blocks(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto exchange = arguments.handle<Exchange>(0);
  const Arguments::Bytes bytes = arguments.typed_array(2);
  if (bytes.byte_length == 0 || bytes.byte_length % exchange->block_byte_length != 0) {
    return make_failure(
        env, Failure{ErrorCode::Alignment, 0, 0,
                     std::to_string(bytes.byte_length) + " bytes are not whole blocks of " +
                         std::to_string(exchange->block_byte_length)});
  }
  const bool writes = arguments.boolean(3);
  exchange->wish = writes ? Exchange::Wish::Write : Exchange::Wish::Read;
  exchange->lba = to_unsigned<uint64_t>(arguments.number(1));
  exchange->blocks.resize(bytes.byte_length);
  if (writes) memcpy(exchange->blocks.data(), bytes.data, bytes.byte_length);
  exchange->owner->hand_back(exchange);
  return make_undefined(env);
}

// (exchange, bytes): the blocks that were read.
napi_value take_blocks(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto exchange = arguments.handle<Exchange>(0);
  const Arguments::Bytes bytes = arguments.typed_array(1);
  memcpy(bytes.data, exchange->blocks.data(), std::min(bytes.byte_length, exchange->blocks.size()));
  return make_undefined(env);
}

// (exchange, status field, dword 0)
napi_value finish_command(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto exchange = arguments.handle<Exchange>(0);
  exchange->wish = Exchange::Wish::Finish;
  exchange->status = static_cast<uint16_t>(arguments.uint32(1));
  exchange->dword0 = arguments.uint32(2);
  exchange->owner->hand_back(exchange);
  return make_undefined(env);
}

}  // namespace nvm::binding
