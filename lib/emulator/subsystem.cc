// SPDX-License-Identifier: MIT
#include "emulator/subsystem.h"

#include <algorithm>
#include <cstdlib>

#include "emulator/admin/background.h"
#include "emulator/controller_state.h"
#include "emulator/records.h"
#include "emulator/saved_state.h"
#include "emulator/stores/media.h"

namespace nvm::emulator {

Subsystem::Subsystem(Identity identity)
    : Subsystem(std::move(identity),
                std::make_unique<Media>(make_memory_family(), MediaCalls::AtOnce)) {}

Subsystem::Subsystem(Identity identity, std::unique_ptr<Media> media)
    : identity_(std::move(identity)),
      media_(std::move(media)),
      records_(std::make_unique<Records>()) {}

// Stores first: they end their operations, which live in the controllers' commands and in work.
// Namespaces last: those commands count in them.
Subsystem::~Subsystem() {
  Operation saving;
  if (used_ && keeps_state_) media_->begin_save(saving, save_records(*this));
  for (auto* list : {&namespaces_, &removed_}) {
    for (auto& ns : *list) {
      if (ns == nullptr) continue;
      ns->store.reset();
      ns->metadata_store.reset();
    }
  }
  media_.reset();
  controllers_.clear();
  work_.clear();
}

uint32_t Subsystem::add_namespace(std::unique_ptr<Namespace> ns) {
  const uint32_t id = free_namespace_id();
  return id != 0 && add_namespace(id, std::move(ns)) ? id : 0;
}

bool Subsystem::add_namespace(uint32_t namespace_id, std::unique_ptr<Namespace> ns) {
  if (!is_valid_namespace_id(namespace_id) || !is_free(namespace_id)) return false;
  if (namespaces_.size() < namespace_id) namespaces_.resize(namespace_id);
  ns->id = namespace_id;
  ns->subsystem = this;
  if (ns->timing == nullptr && make_timing_) {
    ns->timing = make_timing_(ns->store->byte_length());
  }
  set_completion_hook(*ns->store);
  if (ns->metadata_store != nullptr) set_completion_hook(*ns->metadata_store);
  namespaces_[namespace_id - 1] = std::move(ns);
  capacity_ = std::max(capacity_, allocated_capacity());
  note_namespace_change(*find_namespace(namespace_id), UINT64_MAX);
  return true;
}

bool Subsystem::remove_namespace(uint32_t namespace_id) {
  Namespace* ns = find_namespace(namespace_id);
  if (ns == nullptr) return false;
  end_self_test(*this, spec::self_test_result::aborted_by_namespace_removal, namespace_id);
  forget_namespace_features(*this, namespace_id);
  note_namespace_change(*ns, UINT64_MAX);
  removed_.push_back(std::move(namespaces_[namespace_id - 1]));
  begin_work(remove_when_idle(ns));
  return true;
}

Task Subsystem::remove_when_idle(Namespace* ns) {
  ns->in_flight++;
  co_await wait_until_idle(*this, *ns);
  // After a crash a file too many is harmless, and one that the state misses is not.
  if (co_await save_now(*this) == spec::status::success) {
    Operation operation;
    const StoreName data = {ns->id, StorePart::Data};
    co_await settled(operation, media_->begin_remove(operation, data, std::move(ns->store)));
    const StoreName metadata = {ns->id, StorePart::Metadata};
    co_await settled(operation,
                     media_->begin_remove(operation, metadata, std::move(ns->metadata_store)));
  }
  std::erase_if(removed_, [ns](const auto& removed) { return removed.get() == ns; });
  co_return spec::status::success;
}

bool Subsystem::attach_namespace(uint32_t namespace_id, uint16_t controller_id) {
  Namespace* ns = find_namespace(namespace_id);
  if (ns == nullptr || controller_id >= controller_count()) return false;
  ns->controllers |= uint64_t{1} << controller_id;
  note_namespace_change(*ns, uint64_t{1} << controller_id);
  return true;
}

void Subsystem::note_namespace_change(const Namespace& ns, uint64_t controllers) {
  notify_namespace_changed(*this, ns.id, ns.controllers & controllers);
  save_soon();
}

uint32_t Subsystem::namespace_count() const {
  uint32_t count = 0;
  for_each_namespace([&](const Namespace&) { count++; });
  return count;
}

uint32_t Subsystem::free_namespace_id() const {
  for (uint32_t id = 1; id <= namespaces_max_; id++) {
    if (is_free(id)) return id;
  }
  return 0;
}

// A namespace that was removed keeps its id until its stores are gone.
bool Subsystem::is_free(uint32_t namespace_id) const {
  return find_namespace(namespace_id) == nullptr &&
         std::none_of(removed_.begin(), removed_.end(),
                      [=](const auto& ns) { return ns->id == namespace_id; });
}

void Subsystem::set_namespaces_max(uint32_t most) {
  namespaces_max_ = std::clamp<uint32_t>(most, 1, kNamespacesMax);
}

uint64_t Subsystem::allocated_capacity() const {
  uint64_t allocated = 0;
  for_each_namespace([&](const Namespace& ns) { allocated += ns.store->byte_length(); });
  return allocated;
}

PcieController& Subsystem::add_controller(const PcieControllerLimits& limits) {
  if (controllers_.size() == kControllersMax) abort();  // a bound that callers check
  controllers_.push_back(std::make_unique<PcieController>(*this, limits));
  faults_.set_controller_count(controllers_.size());
  const auto log = records_->error_logs.find(static_cast<uint16_t>(controllers_.size() - 1));
  if (log != records_->error_logs.end()) controllers_.back()->state().error_log = log->second;
  return *controllers_.back();
}

void Subsystem::set_wake(std::function<void()> wake) {
  wake_ = std::move(wake);
  media_->set_completion_hook(wake_);
  io_commands_.set_wake(wake_);
  for_each_namespace([this](Namespace& ns) {
    set_completion_hook(*ns.store);
    if (ns.metadata_store != nullptr) set_completion_hook(*ns.metadata_store);
  });
}

void Subsystem::set_completion_hook(Store& store) const {
  if (wake_) store.set_completion_hook(wake_);
}

uint64_t Subsystem::now_ns() {
  if (clock_ == nullptr) return started_at_ns_;
  const uint64_t now_ns = clock_->now_ns();
  if (started_at_ns_ == 0) started_at_ns_ = now_ns;
  return now_ns;
}

void Subsystem::save_soon() {
  if (!keeps_state_) return;
  used_ = true;
  unsaved_ = true;
  if (save_due_) return;
  save_due_ = true;
  begin_work(save_later());
}

Task Subsystem::save_later() {
  constexpr uint64_t kDelayNs = 100'000'000;
  co_await until{now_ns() + kDelayNs};
  save_due_ = false;
  co_return co_await save_now(*this);
}

bool Subsystem::step(Clock& clock) {
  bool worked = false;
  for (auto& controller : controllers_) worked |= controller->step(clock);
  if (!work_.empty()) worked |= step_work(clock);
  return worked;
}

bool Subsystem::step_work(Clock& clock) {
  use_clock(clock);
  bool worked = false;
  for (size_t i = 0; i < work_.size();) {
    if (!work_[i].ready(clock)) {
      i++;
      continue;
    }
    worked = true;
    // It may begin other work, so it is not in the list while it runs.
    Task task = std::move(work_[i]);
    const bool ended = task.resume();
    if (ended) {
      work_.erase(work_.begin() + static_cast<ptrdiff_t>(i));
    } else {
      work_[i++] = std::move(task);
    }
  }
  return worked;
}

uint64_t Subsystem::next_event_ns() const {
  uint64_t soonest = UINT64_MAX;
  for (const Task& task : work_) {
    if (task.wakes_at_ns() != 0) soonest = std::min(soonest, task.wakes_at_ns());
  }
  for (const auto& controller : controllers_) {
    soonest = std::min(soonest, controller->next_event_ns());
  }
  return soonest;
}

Task wait_until_idle(Subsystem& subsystem, Namespace& ns) {
  constexpr uint64_t kLookEveryNs = 50'000;
  while (ns.in_flight > 1) co_await until{subsystem.now_ns() + kLookEveryNs};
  co_return spec::status::success;
}

}  // namespace nvm::emulator
