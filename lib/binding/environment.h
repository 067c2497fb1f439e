// SPDX-License-Identifier: MIT
// What one JavaScript environment (the main thread, a Worker) holds of native objects, so that its
// end, in whatever state it comes, lets go of them in the right order: queues first, then memory,
// then controllers.
#pragma once

#include <node_api.h>

#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "binding/registry.h"
#include "platform/unique_fd.h"

namespace nvm::binding {

// One reference of JavaScript to a controller.
struct ControllerHandle {
  std::shared_ptr<SharedController> shared;
  uint64_t timeout_ns = kAdminTimeoutNs;  // of each admin command that a call on it sends
  bool released = false;                  // its reference was given back
  std::shared_ptr<EventWatcher> events;   // null while nobody watches
  std::mutex mutex;

  // Gives the reference back, once. Blocks while the controller closes, if it was the last.
  Status release();
  // Nothing is written to the environment's socket for it any more.
  void stop_watching();
};

// One JavaScript descriptor of memory.
struct DescriptorHandle {
  std::shared_ptr<SharedDescriptor> shared;  // null once disposed
  napi_ref foreign = nullptr;                // keeps the caller's ArrayBuffer while it is mapped
};

// The ids that can be given to commands: a stack of free ones, and what each one is used for. Both
// TypeScript's engines and the native batch work on it.
//   word 0 … depth−1          free ids; the first (depth − outstanding) are valid
//   word depth … 2 depth−1    by id: 0 free, otherwise in use: a batch stores command index + 1,
//                             a raw queue its id and kByHand, which no index reaches
using CommandTable = std::vector<int32_t>;
inline constexpr int32_t kByHand = 1 << 21;

struct QueueHandle {
  std::shared_ptr<SharedController> shared;
  std::shared_ptr<QueuePair> pair;
  CommandTable commands;
  bool inline_pump = false;
  // What commands of a measured load may still reach; goes after the queue.
  std::vector<std::shared_ptr<SharedDescriptor>> memory;
  bool deleted = false;  // the device knows it no more

  // JavaScript has let go of the memory that it saw: `pair` and `shared` are null.
  bool released() const { return pair == nullptr; }

  Transport& transport() { return shared->controller->transport(); }
};

class Environment {
 public:
  // That of `env`; made, with its cleanup hook, when the addon is loaded there.
  static std::shared_ptr<Environment>& of(napi_env env);
  static void install(napi_env env);

  void add(std::shared_ptr<ControllerHandle> controller) {
    controllers_.insert(std::move(controller));
  }
  void add(std::shared_ptr<DescriptorHandle> descriptor) {
    descriptors_.insert(std::move(descriptor));
  }
  void add(std::shared_ptr<QueueHandle> queue) { queues_.insert(std::move(queue)); }
  void remove(const std::shared_ptr<ControllerHandle>& controller) {
    controllers_.erase(controller);
  }
  void remove(const std::shared_ptr<DescriptorHandle>& descriptor) {
    descriptors_.erase(descriptor);
  }
  void remove(const std::shared_ptr<QueueHandle>& queue) { queues_.erase(queue); }

  // The end of the socket pair that JavaScript reads, made at the first call; −1 when it was handed
  // out or the system refused. Whoever receives it owns it.
  int take_wake_reader();
  int wake_writer() const { return wake_writer_.get(); }

  // Whether a promise may be resolved before its call returns. A loop that awaits such promises
  // keeps the event loop from going round, so now and then one may not.
  bool may_resolve_at_once() { return ++resolved_at_once_ % kResolvedAtOnceMax != 0; }

 private:
  void clean_up();
  void keep_memory(const QueueHandle& queue);

  static constexpr uint32_t kResolvedAtOnceMax = 16;
  uint32_t resolved_at_once_ = 0;
  std::unordered_set<std::shared_ptr<QueueHandle>> queues_;
  std::unordered_set<std::shared_ptr<DescriptorHandle>> descriptors_;
  std::unordered_set<std::shared_ptr<ControllerHandle>> controllers_;
  UniqueFd wake_writer_;
};

}  // namespace nvm::binding
