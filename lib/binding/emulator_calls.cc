// SPDX-License-Identifier: MIT
// An emulated device as an object of JavaScript: its life, its counters, faults and namespaces.
#include <chrono>
#include <map>
#include <thread>

#include "binding/calls.h"
#include "binding/emulator_options.h"
#include "binding/emulators.h"
#include "binding/task.h"
#include "emulator/hot_add.h"
#include "emulator/saved_device.h"
#include "emulator/statistics.h"
#include "platform/clock.h"

namespace nvm::binding {
namespace {

using emulator::RunningDevice;
using Handle = std::shared_ptr<EmulatorHandle>;

struct Emulators {
  std::mutex mutex;
  std::map<uint64_t, std::weak_ptr<EmulatorHandle>> by_id;
  uint64_t next_id = 1;
};

Emulators& emulators() {
  static auto* all = new Emulators;
  return *all;
}

Handle add_handle(std::shared_ptr<RunningDevice> device) {
  auto handle = std::make_shared<EmulatorHandle>();
  handle->running = std::move(device);
  Emulators& all = emulators();
  std::lock_guard lock(all.mutex);
  std::erase_if(all.by_id, [](const auto& entry) { return entry.second.expired(); });
  handle->id = all.next_id++;
  all.by_id[handle->id] = handle;
  return handle;
}

std::shared_ptr<RunningDevice> device_of(const Arguments& arguments) {
  auto handle = arguments.handle<EmulatorHandle>(0);
  return handle == nullptr ? nullptr : handle->device();
}

Status closed_device() {
  return Status(ErrorCode::Closed, "the emulator");
}

// On libuv's pool: making a file may take a while.
Result<uint32_t> add_and_wait(RunningDevice& device, const EmulatedNamespaceOptions& options) {
  constexpr auto kLookEvery = std::chrono::milliseconds(1);
  constexpr int kLooksMax = 60'000;
  auto addition = std::make_shared<emulator::NamespaceAddition>();
  {
    emulator::Runner::Pause pause(device.runner());
    NVM_TRY(emulator::begin_adding_namespace(pause.subsystem(), options, addition));
  }
  device.runner().wake();
  for (int i = 0; i < kLooksMax; i++) {
    switch (addition->operation.progress.load(std::memory_order_acquire)) {
      case emulator::Progress::Done:
        return addition->namespace_id;
      case emulator::Progress::Failed:
        return std::move(addition->status);
      case emulator::Progress::Pending:
        std::this_thread::sleep_for(kLookEvery);
    }
  }
  return Status(ErrorCode::Timeout, "adding namespace " + std::to_string(addition->namespace_id));
}

// On libuv's pool: commands that are under way may take a while.
Result<std::vector<std::byte>> save_and_wait(RunningDevice& device, uint32_t timeout_ms) {
  const auto lock = device.lock_saving();
  const uint64_t deadline_ns = monotonic_clock().now_ns() + timeout_ms * kNanosecondsPerMillisecond;
  emulator::DeviceSaving saving(device);
  while (!saving.begin()) {
    if (monotonic_clock().now_ns() >= deadline_ns) {
      return Status(ErrorCode::Timeout, "saving waits for commands that are under way");
    }
    device.runner().wake();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return saving.finish();
}

napi_value describe_statistics(napi_env env, const emulator::Statistics& statistics) {
  const auto number = [](uint64_t value) { return static_cast<double>(value); };
  return ObjectBuilder(env)
      .number("commands", number(statistics.io_commands()))
      .number("errors", number(statistics.io_command_errors()))
      .number("readCommands", number(statistics.read_commands()))
      .number("writeCommands", number(statistics.write_commands()))
      .number("bytesRead", number(statistics.bytes_read()))
      .number("bytesWritten", number(statistics.bytes_written()))
      .number("mediaErrors", number(statistics.media_errors))
      .number("adminCommands", number(statistics.admin_commands))
      .number("adminErrors", number(statistics.admin_errors))
      .number("doorbells", number(statistics.doorbells))
      .number("invalidDoorbells", number(statistics.invalid_doorbells))
      .number("interrupts", number(statistics.interrupts))
      .object();
}

}  // namespace

std::shared_ptr<RunningDevice> find_emulator(uint64_t id) {
  Emulators& all = emulators();
  std::lock_guard lock(all.mutex);
  const auto found = all.by_id.find(id);
  const Handle handle = found == all.by_id.end() ? nullptr : found->second.lock();
  return handle == nullptr ? nullptr : handle->device();
}

// (options)
napi_value start_emulator(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const EmulatorOptions options = read_emulator_options(ObjectReader(env, arguments.value(0)));
  return Task<Handle>::run(
      env,
      [options]() -> Result<Handle> {
        auto made = emulator::make_emulated_device(options);
        if (!made.ok()) return std::move(made.status());
        return add_handle(std::make_shared<RunningDevice>(std::move(made.value())));
      },
      [](napi_env finish_env, Handle& handle) {
        return ObjectBuilder(finish_env)
            .set("handle", make_handle(finish_env, handle))
            .number("id", static_cast<double>(handle->id))
            .number("controllers", static_cast<double>(handle->running->controller_count()))
            .object();
      });
}

napi_value close_emulator(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<EmulatorHandle>(0);
  return run_task(env, [handle]() -> Status {
    std::shared_ptr<RunningDevice> last;
    std::lock_guard lock(handle->mutex);
    last.swap(handle->running);
    return {};
  });
}

napi_value emulator_stats(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto device = device_of(arguments);
  if (device == nullptr) return make_failure(env, closed_device());
  std::vector<emulator::Statistics> statistics;
  {
    emulator::Runner::Pause pause(device->runner());
    for (size_t i = 0; i < device->controller_count(); i++) {
      statistics.push_back(device->controller(i).statistics());
    }
  }
  napi_value controllers = nullptr;
  napi_create_array_with_length(env, statistics.size(), &controllers);
  for (uint32_t i = 0; i < statistics.size(); i++) {
    napi_set_element(env, controllers, i, describe_statistics(env, statistics[i]));
  }
  return controllers;
}

// (emulator, timeout in ms)
napi_value save_emulator(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto device = device_of(arguments);
  if (device == nullptr) return make_failure(env, closed_device());
  const uint32_t timeout_ms = arguments.uint32(1);
  return Task<std::vector<std::byte>>::run(
      env, [device, timeout_ms] { return save_and_wait(*device, timeout_ms); },
      [](napi_env finish_env, std::vector<std::byte>& saved) {
        const auto bytes = std::make_shared<std::vector<std::byte>>(std::move(saved));
        return make_array_buffer(finish_env, bytes->data(), bytes->size(), bytes);
      });
}

// (emulator, fault)
napi_value inject_fault(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto device = device_of(arguments);
  if (device == nullptr) return make_failure(env, closed_device());
  emulator::Runner::Pause pause(device->runner());
  auto id = pause.subsystem().faults().add(read_fault(ObjectReader(env, arguments.value(1))));
  return id.ok() ? make_number(env, id.value()) : make_failure(env, id.status());
}

napi_value fault_hits(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto device = device_of(arguments);
  if (device == nullptr) return make_failure(env, closed_device());
  emulator::Runner::Pause pause(device->runner());
  return make_number(env,
                     static_cast<double>(pause.subsystem().faults().hits(arguments.uint32(1))));
}

napi_value remove_fault(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  if (const auto device = device_of(arguments)) {
    emulator::Runner::Pause pause(device->runner());
    pause.subsystem().faults().remove(arguments.uint32(1));
  }
  return make_undefined(env);
}

// (emulator, options)
napi_value add_namespace(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto device = device_of(arguments);
  if (device == nullptr) return make_failure(env, closed_device());
  const auto options = read_namespace_options(ObjectReader(env, arguments.value(1)));
  return Task<uint32_t>::run(
      env, [device, options] { return add_and_wait(*device, options); },
      [](napi_env finish_env, uint32_t& id) { return make_number(finish_env, id); });
}

// (emulator, namespace id)
napi_value remove_namespace(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto device = device_of(arguments);
  if (device == nullptr) return make_failure(env, closed_device());
  const uint32_t id = arguments.uint32(1);
  return run_task(env, [device, id]() -> Status {
    bool removed = false;
    {
      emulator::Runner::Pause pause(device->runner());
      removed = pause.subsystem().remove_namespace(id);
    }
    device->runner().wake();  // there is something to tell hosts
    if (removed) return {};
    return Status(ErrorCode::Argument, "there is no namespace " + std::to_string(id));
  });
}

}  // namespace nvm::binding
