// SPDX-License-Identifier: MIT
#include "binding/registry.h"

#include <condition_variable>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "platform/clock.h"

namespace nvm::binding {
namespace {

struct Registry {
  std::mutex mutex;
  uint64_t last_id = 0;
  std::unordered_map<uint64_t, std::weak_ptr<SharedController>> controllers;
  std::unordered_map<uint64_t, std::weak_ptr<SharedDescriptor>> descriptors;
  std::unordered_set<const Transport*> turns;  // under way
  std::condition_variable turn_ended;
};

// Never destroyed: a device's thread may outlive the static objects of an exiting process.
Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

// Takes a reference unless the last one is being let go of.
bool take_reference(SharedController& shared) {
  uint32_t count = shared.references.load(std::memory_order_relaxed);
  while (count != 0) {
    if (shared.references.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel)) {
      shared.controller->transport().resume_waiting();
      return true;
    }
  }
  return false;
}

// Another reference to the controller of `transport`. Null where there is none, or it was closed.
std::shared_ptr<SharedController> find_controller(Registry& all, const Transport& transport) {
  std::vector<std::shared_ptr<SharedController>> looked_at;  // let go of after the lock
  std::lock_guard lock(all.mutex);
  for (const auto& [id, weak] : all.controllers) {
    auto shared = looked_at.emplace_back(weak.lock());
    if (shared == nullptr || &shared->controller->transport() != &transport) continue;
    if (take_reference(*shared)) return shared;
  }
  return nullptr;
}

}  // namespace

SharedController::~SharedController() {
  std::lock_guard lock(registry().mutex);
  registry().controllers.erase(id);
}

SharedDescriptor::~SharedDescriptor() {
  std::lock_guard lock(registry().mutex);
  registry().descriptors.erase(id);
}

Turn::Turn(const Transport& transport) : transport_(&transport) {
  Registry& all = registry();
  std::unique_lock lock(all.mutex);
  all.turn_ended.wait(lock, [&] { return all.turns.insert(transport_).second; });
}

Turn::~Turn() {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  all.turns.erase(transport_);
  all.turn_ended.notify_all();
}

Status SharedController::release(const Turn&) {
  // Acquire-release: what other references did to the controller happened before it is closed.
  if (references.fetch_sub(1, std::memory_order_acq_rel) != 1) return {};
  admin_memory.close();
  return controller->close();
}

Status SharedController::release() {
  for (uint32_t count = references.load(std::memory_order_relaxed); count > 1;) {
    if (references.compare_exchange_weak(count, count - 1, std::memory_order_acq_rel)) return {};
  }
  return release(Turn(controller->transport()));
}

Result<std::shared_ptr<SharedController>> open_shared(const std::shared_ptr<Transport>& transport,
                                                      const Turn&) {
  Registry& all = registry();
  if (auto shared = find_controller(all, *transport)) return shared;
  transport->resume_waiting();  // whoever has just closed it has ended that
  auto controller = Controller::open(transport, thread_waiter());
  if (!controller.ok()) return std::move(controller.status());
  std::lock_guard lock(all.mutex);
  auto shared = std::make_shared<SharedController>(++all.last_id, std::move(controller.value()));
  all.controllers[shared->id] = shared;
  return shared;
}

std::shared_ptr<SharedController> find_controller(uint64_t id) {
  Registry& all = registry();
  std::shared_ptr<SharedController> shared;  // let go of after the lock
  std::lock_guard lock(all.mutex);
  auto it = all.controllers.find(id);
  if (it != all.controllers.end()) shared = it->second.lock();
  return shared != nullptr && take_reference(*shared) ? shared : nullptr;
}

std::shared_ptr<SharedDescriptor> share_descriptor(std::shared_ptr<DmaDescriptor> descriptor,
                                                   size_t byte_length) {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  auto shared =
      std::make_shared<SharedDescriptor>(++all.last_id, std::move(descriptor), byte_length);
  all.descriptors[shared->id] = shared;
  return shared;
}

std::shared_ptr<SharedDescriptor> find_descriptor(uint64_t id) {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  auto it = all.descriptors.find(id);
  return it == all.descriptors.end() ? nullptr : it->second.lock();
}

void close_all_controllers() {
  std::vector<std::shared_ptr<SharedController>> open;
  {
    Registry& all = registry();
    std::lock_guard lock(all.mutex);
    for (const auto& [id, weak] : all.controllers) {
      if (auto shared = weak.lock()) open.push_back(std::move(shared));
    }
  }
  for (const auto& shared : open) (void)shared->controller->close();
}

}  // namespace nvm::binding
