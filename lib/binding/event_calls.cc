// SPDX-License-Identifier: MIT
// Asynchronous events: one watcher for each reference of JavaScript to a controller.
#include <cstring>

#include "binding/calls.h"
#include "binding/environment.h"
#include "binding/task.h"

namespace nvm::binding {
namespace {

using Watcher = std::shared_ptr<EventWatcher>;

napi_value closed(napi_env env) {
  return make_failure(env, Failure{ErrorCode::Closed, 0, 0, "the controller reference"});
}

Watcher watcher_of(ControllerHandle& handle) {
  std::lock_guard lock(handle.mutex);
  return handle.events;
}

// The reference may have been closed meanwhile; then nobody watches.
Result<bool> watch(ControllerHandle& handle, Controller& controller, int fd) {
  ControllerEvents& events = controller.events();
  auto watcher = events.watch(fd, handle.timeout_ns);
  if (!watcher.ok()) return std::move(watcher.status());
  {
    std::lock_guard lock(handle.mutex);
    if (!handle.released) {
      handle.events = watcher.value();
      return events.wakes();
    }
  }
  events.unwatch(watcher.value());
  return Status(ErrorCode::Closed, "the controller reference");
}

napi_value make_event(napi_env env, const AsyncEvent& event) {
  void* bytes = nullptr;
  napi_value log = nullptr;
  if (napi_create_arraybuffer(env, event.log.size(), &bytes, &log) == napi_ok &&
      !event.log.empty()) {
    std::memcpy(bytes, event.log.data(), event.log.size());
  }
  return ObjectBuilder(env)
      .number("dword0", event.dword0)
      .set("log", log)
      .set("failure",
           event.failure.has_value() ? make_failure(env, *event.failure) : make_undefined(env))
      .object();
}

napi_value make_taken(napi_env env, ControllerEvents::Taken& taken) {
  napi_value events = nullptr;
  napi_create_array_with_length(env, taken.events.size(), &events);
  for (size_t i = 0; i < taken.events.size(); i++) {
    napi_set_element(env, events, static_cast<uint32_t>(i), make_event(env, taken.events[i]));
  }
  return ObjectBuilder(env)
      .set("events", events)
      .number("dropped", static_cast<double>(taken.dropped))
      .object();
}

}  // namespace

// (controller) → whether the device wakes whoever watches
napi_value watch_events(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr) return closed(env);
  const int fd = Environment::of(env)->wake_writer();
  return Task<bool>::run(
      env,
      [handle, shared = handle->shared, fd] { return watch(*handle, *shared->controller, fd); },
      [](napi_env finish_env, bool& wakes) { return make_boolean(finish_env, wakes); });
}

napi_value unwatch_events(napi_env env, napi_callback_info info) {
  auto* handle = Arguments(env, info).borrow<ControllerHandle>(0);
  if (handle != nullptr && handle->shared != nullptr) handle->stop_watching();
  return nullptr;
}

napi_value has_events(napi_env env, napi_callback_info info) {
  auto* handle = Arguments(env, info).borrow<ControllerHandle>(0);
  const Watcher watcher = handle == nullptr ? nullptr : watcher_of(*handle);
  return make_boolean(env,
                      watcher != nullptr && handle->shared->controller->events().look(*watcher));
}

napi_value take_events(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ControllerHandle>(0);
  const Watcher watcher = handle == nullptr ? nullptr : watcher_of(*handle);
  if (watcher == nullptr) return closed(env);
  return Task<ControllerEvents::Taken>::run(
      env,
      [shared = handle->shared, watcher] { return shared->controller->events().take(*watcher); },
      make_taken);
}

}  // namespace nvm::binding
