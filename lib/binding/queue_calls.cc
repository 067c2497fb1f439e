// SPDX-License-Identifier: MIT
// Queue pairs: creating and closing them, and the few calls that TypeScript's hot paths make.
#include <sched.h>

#include "binding/calls.h"
#include "binding/environment.h"
#include "binding/task.h"
#include "platform/cpus.h"

namespace nvm::binding {
namespace {

using Handle = std::shared_ptr<QueueHandle>;

napi_value closed(napi_env env) {
  return make_failure(env, Failure{ErrorCode::Closed, 0, 0, "the controller reference"});
}

// Waiting in the client for a device that needs the same CPU helps nobody: then the client steps
// it.
bool pumps_inline(const Transport& transport) {
  return transport.capabilities().pumps && usable_cpu_count() < 2;
}

Result<Handle> create(const std::shared_ptr<SharedController>& shared,
                      const QueuePairOptions& options) {
  auto pair = shared->controller->create_queue_pair(options);
  if (!pair.ok()) return std::move(pair.status());
  auto queue = std::make_shared<QueueHandle>();
  queue->shared = shared;
  queue->pair = std::move(pair.value());
  queue->inline_pump = pumps_inline(queue->transport());
  queue->commands.assign(2 * options.depth, 0);
  // Popped from the end: command 0 first.
  for (uint32_t i = 0; i < options.depth; i++) {
    queue->commands[i] = static_cast<int32_t>(options.depth - 1 - i);
  }
  return queue;
}

napi_value make_list_addresses(napi_env env, const QueuePair& pair, uint32_t depth) {
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  void* data = nullptr;
  if (napi_create_arraybuffer(env, depth * sizeof(double), &data, &buffer) != napi_ok) {
    return nullptr;
  }
  for (uint32_t i = 0; i < depth; i++) {
    static_cast<double*>(data)[i] = static_cast<double>(pair.prp_list_address(i));
  }
  napi_create_typedarray(env, napi_float64_array, depth, buffer, 0, &array);
  return array;
}

napi_value describe(napi_env env, const Handle& queue) {
  QueuePair& pair = *queue->pair;
  const QueueControlBlock& block = pair.block();
  const Doorbells& doorbells = pair.doorbells();
  const auto& lists = pair.prp_memory();
  auto view = [&](volatile void* bytes, size_t byte_length) {
    return make_array_buffer(env, bytes, byte_length, queue);
  };
  auto index_of = [&](volatile uint32_t* doorbell) {
    return static_cast<double>(doorbell - doorbells.base);
  };
  auto* sleeping = reinterpret_cast<uint32_t*>(doorbells.sleeping);
  return ObjectBuilder(env)
      .set("handle", make_handle(env, queue))
      .number("id", pair.id())
      .set("block", view(&pair.block(), sizeof(QueueControlBlock)))
      .set("submissions", view(pair.sq_entries(), block.sq_entries * sizeof(*pair.sq_entries())))
      .set("completions", view(pair.cq_entries(), block.cq_entries * sizeof(*pair.cq_entries())))
      .set("lists", view(lists->bytes(), lists->byte_length()))
      .set("listAddresses", make_list_addresses(env, pair, pair.depth()))
      .set("commands", view(queue->commands.data(), queue->commands.size() * sizeof(int32_t)))
      .set("doorbells", view(doorbells.base, doorbells.byte_length))
      .number("submissionDoorbell", index_of(pair.sq_doorbell()))
      .number("completionDoorbell", index_of(pair.cq_doorbell()))
      .set("sleeping", sleeping == nullptr ? make_null(env) : view(sleeping, sizeof(*sleeping)))
      .boolean("uncached", doorbells.uncached)
      .boolean("inlinePump", queue->inline_pump)
      .object();
}

}  // namespace

napi_value create_queue_pair(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto controller = arguments.handle<ControllerHandle>(0);
  if (controller == nullptr || controller->shared == nullptr) return closed(env);
  QueuePairOptions options;
  options.depth = arguments.uint32(1);
  options.wakes = arguments.boolean(2);
  options.admin_timeout_ns = controller->timeout_ns;
  options.wake.fd = Environment::of(env)->wake_writer();
  return Task<Handle>::run(
      env, [shared = controller->shared, options] { return create(shared, options); },
      [](napi_env finish_env, Handle& queue) {
        Environment::of(finish_env)->add(queue);
        return describe(finish_env, queue);
      });
}

napi_value close_queue_pair(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto queue = arguments.handle<QueueHandle>(0);
  if (queue == nullptr || queue->released()) return make_undefined(env);
  return Task<Nothing>::run(
      env,
      [pair = queue->pair]() -> Result<Nothing> {
        Status status = pair->close();
        if (!status.ok()) return status;
        return Nothing{};
      },
      [queue](napi_env finish_env, Nothing&) {
        queue->deleted = true;
        queue->memory.clear();
        Environment::of(finish_env)->remove(queue);
        return make_undefined(finish_env);
      });
}

// (queue), whose views were detached: the controller, and with it the device, go when it is closed,
// not when the handle is collected.
napi_value release_queue_pair(napi_env env, napi_callback_info info) {
  auto* queue = Arguments(env, info).borrow<QueueHandle>(0);
  if (queue != nullptr && queue->deleted) {
    queue->pair.reset();
    queue->shared.reset();
  }
  return nullptr;
}

// (queue, command id, timeout ms) → whether the controller says that it aborted the command
napi_value abort_command(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto queue = arguments.handle<QueueHandle>(0);
  if (queue == nullptr || queue->released()) return closed(env);
  const auto command_id = static_cast<uint16_t>(arguments.uint32(1));
  const uint64_t timeout_ns = arguments.milliseconds(2);
  return Task<bool>::run(
      env,
      [shared = queue->shared, pair = queue->pair, command_id, timeout_ns] {
        return shared->controller->abort(pair->id(), command_id, timeout_ns);
      },
      [](napi_env finish_env, bool& aborted) { return make_boolean(finish_env, aborted); });
}

// (queue, timeout ms of each deletion; none: its controller's) → 0 when deleting the queues
// sufficed, else the number of the error that was the reason
napi_value drop_queue_pair(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto queue = arguments.handle<QueueHandle>(0);
  if (queue == nullptr || queue->released()) return closed(env);
  const uint64_t timeout_ns = arguments.milliseconds(1);
  using Reason = std::optional<ErrorCode>;
  return Task<Reason>::run(
      env, [pair = queue->pair, timeout_ns] { return pair->drop(timeout_ns); },
      [](napi_env finish_env, Reason& reason) {
        return make_number(finish_env, reason.has_value() ? static_cast<double>(*reason) : 0);
      });
}

napi_value recreate_queue_pair(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto queue = arguments.handle<QueueHandle>(0);
  if (queue == nullptr || queue->released()) return closed(env);
  return run_task(env, [pair = queue->pair] { return pair->recreate(); });
}

// (queue) → whether its controller waits for another manager
napi_value awaits_manager(napi_env env, napi_callback_info info) {
  auto* queue = Arguments(env, info).borrow<QueueHandle>(0);
  return make_boolean(
      env, queue != nullptr && !queue->released() && queue->transport().awaits_manager());
}

napi_value detach(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  detach_array_buffer(env, arguments.value(0));
  return make_undefined(env);
}

napi_value ring_submissions(napi_env env, napi_callback_info info) {
  auto* queue = Arguments(env, info).borrow<QueueHandle>(0);
  if (queue != nullptr && !queue->released()) queue->pair->ring_sq();
  return nullptr;
}

napi_value ring_completions(napi_env env, napi_callback_info info) {
  auto* queue = Arguments(env, info).borrow<QueueHandle>(0);
  if (queue != nullptr && !queue->released()) queue->pair->ring_cq();
  return nullptr;
}

napi_value wake_device(napi_env env, napi_callback_info info) {
  auto* queue = Arguments(env, info).borrow<QueueHandle>(0);
  if (queue != nullptr && !queue->released()) queue->transport().ring_wake();
  return nullptr;
}

// (queue, how often it was called since something completed, by one who only waits) → whether
// stepping the device did something
napi_value pump(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto* queue = arguments.borrow<QueueHandle>(0);
  if (queue == nullptr || queue->released()) return make_boolean(env, false);
  if (queue->transport().pump()) return make_boolean(env, true);
  // The device's thread may need this CPU, unless it is at work: a copy of 128 KiB takes 5 µs.
  const uint32_t rounds = arguments.uint32(1);
  if (rounds > 0) {
    spun_waiter().pause(rounds - 1);
  } else if (!queue->transport().is_stepping()) {
    sched_yield();
  }
  return make_boolean(env, false);
}

napi_value open_wake_socket(napi_env env, napi_callback_info info) {
  return make_number(env, Environment::of(env)->take_wake_reader());
}

}  // namespace nvm::binding
