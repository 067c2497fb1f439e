// SPDX-License-Identifier: MIT
#include "binding/registry.h"

#include <unordered_map>
#include <vector>

#include "platform/clock.h"

namespace nvm::binding {
namespace {

struct Registry {
  std::mutex mutex;
  uint64_t last_id = 0;
  std::unordered_map<uint64_t, std::weak_ptr<SharedController>> controllers;
  std::unordered_map<uint64_t, std::weak_ptr<SharedDescriptor>> descriptors;
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

}  // namespace

SharedController::~SharedController() {
  std::lock_guard lock(registry().mutex);
  registry().controllers.erase(id);
}

SharedDescriptor::~SharedDescriptor() {
  std::lock_guard lock(registry().mutex);
  registry().descriptors.erase(id);
}

Status SharedController::release() {
  // Acquire-release: what other references did to the controller happened before it is closed.
  if (references.fetch_sub(1, std::memory_order_acq_rel) != 1) return {};
  admin_memory.close();
  return controller->close();
}

Result<std::shared_ptr<SharedController>> open_shared(
    const std::function<Result<std::shared_ptr<Transport>>()>& open, bool& is_new) {
  auto transport = open();
  if (!transport.ok()) return std::move(transport.status());
  Registry& all = registry();
  std::vector<std::shared_ptr<SharedController>> looked_at;  // let go of after the lock
  std::lock_guard lock(all.mutex);
  for (const auto& [id, weak] : all.controllers) {
    auto shared = looked_at.emplace_back(weak.lock());
    if (shared == nullptr || shared->controller->shared_transport() != transport.value()) continue;
    if (!take_reference(*shared)) continue;
    is_new = false;
    return shared;
  }
  auto controller = Controller::open(transport.value(), thread_waiter());
  if (!controller.ok()) return std::move(controller.status());
  auto shared = std::make_shared<SharedController>(++all.last_id, std::move(controller.value()));
  all.controllers[shared->id] = shared;
  is_new = true;
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
