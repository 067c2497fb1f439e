// SPDX-License-Identifier: MIT
#include "binding/environment.h"

#include <sys/socket.h>

#include <cstdlib>

namespace nvm::binding {

Status ControllerHandle::release() {
  {
    std::lock_guard lock(mutex);
    if (released) return {};
    released = true;
  }
  stop_watching();
  return shared->release();
}

void ControllerHandle::stop_watching() {
  std::shared_ptr<EventWatcher> watcher;
  {
    std::lock_guard lock(mutex);
    watcher.swap(events);
  }
  if (watcher != nullptr) shared->controller->events().unwatch(watcher);
}

std::shared_ptr<Environment>& Environment::of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<std::shared_ptr<Environment>*>(data);
}

void Environment::install(napi_env env) {
  auto* holder = new std::shared_ptr<Environment>(new Environment);
  auto release = [](napi_env, void* data, void*) {
    delete static_cast<std::shared_ptr<Environment>*>(data);
  };
  napi_set_instance_data(env, holder, release, nullptr);
  auto hook = [](void* data) { static_cast<Environment*>(data)->clean_up(); };
  napi_add_env_cleanup_hook(env, hook, holder->get());
  // process.exit() on the main thread runs no cleanup hooks, only the C library's exit handlers. A
  // device must not reach our memory after that.
  [[maybe_unused]] static const int registered = std::atexit(close_all_controllers);
}

// The device lets go of queues before memory goes; every step is bounded by the driver's timeouts.
void Environment::clean_up() {
  for (const auto& queue : queues_) {
    (void)queue->pair->close();
    if (queue->pair->undeleted()) keep_memory(*queue);
    queue->memory.clear();
  }
  queues_.clear();
  for (const auto& descriptor : descriptors_) descriptor->shared.reset();
  descriptors_.clear();
  for (const auto& controller : controllers_) (void)controller->release();
  controllers_.clear();
  wake_writer_.reset();
}

// What a command of `queue` may point to stays until the controller is closed.
void Environment::keep_memory(const QueueHandle& queue) {
  Controller& controller = *queue.shared->controller;
  for (const auto& memory : queue.memory) controller.quarantine(memory->descriptor);
  for (const auto& descriptor : descriptors_) {
    if (descriptor->shared != nullptr) controller.quarantine(descriptor->shared->descriptor);
  }
}

int Environment::take_wake_reader() {
  if (wake_writer_.get() >= 0) return -1;
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) return -1;
  wake_writer_ = UniqueFd(fds[1]);
  return fds[0];
}

}  // namespace nvm::binding
