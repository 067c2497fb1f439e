// SPDX-License-Identifier: MIT
#include "emulator/subsystem.h"

#include <algorithm>

namespace nvm::emulator {

Subsystem::Subsystem(Identity identity) : identity_(std::move(identity)) {}

// Stores first: they end their operations, which live in the controllers' commands.
Subsystem::~Subsystem() {
  namespaces_.clear();
  controllers_.clear();
}

uint32_t Subsystem::add_namespace(std::unique_ptr<Namespace> ns) {
  if (wake_) ns->store->set_completion_hook(wake_);
  namespaces_.push_back(std::move(ns));
  return namespace_count();
}

PcieController& Subsystem::add_controller(const PcieControllerLimits& limits) {
  controllers_.push_back(std::make_unique<PcieController>(*this, limits));
  return *controllers_.back();
}

void Subsystem::set_wake(std::function<void()> wake) {
  wake_ = std::move(wake);
  for (auto& ns : namespaces_) ns->store->set_completion_hook(wake_);
}

bool Subsystem::step(Clock& clock) {
  bool worked = false;
  for (auto& controller : controllers_) worked |= controller->step(clock);
  if (!work_.empty()) worked |= step_work(clock);
  return worked;
}

bool Subsystem::step_work(Clock& clock) {
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

}  // namespace nvm::emulator
