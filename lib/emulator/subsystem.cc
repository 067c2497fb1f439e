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
  return worked;
}

uint64_t Subsystem::next_event_ns() const {
  uint64_t soonest = UINT64_MAX;
  for (const auto& controller : controllers_) {
    soonest = std::min(soonest, controller->next_event_ns());
  }
  return soonest;
}

}  // namespace nvm::emulator
