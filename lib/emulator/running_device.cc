// SPDX-License-Identifier: MIT
#include "emulator/running_device.h"

namespace nvm::emulator {
namespace {

std::vector<PcieController*> make_controllers(EmulatedDevice& device) {
  add_controllers(device);
  std::vector<PcieController*> controllers;
  for (size_t i = 0; i < device.subsystem->controller_count(); i++) {
    controllers.push_back(&device.subsystem->controller(i));
  }
  return controllers;
}

}  // namespace

RunningDevice::RunningDevice(EmulatedDevice device)
    : address_(std::move(device.address)),
      limits_(device.limits),
      write_protected_(device.write_protected),
      in_memory_(device.in_memory),
      data_identity_(device.data_identity),
      taken_(device.controllers),
      controllers_(make_controllers(device)),
      runner_(std::move(device.subsystem)) {}

EmulatorOptions RunningDevice::description() {
  Runner::Pause pause(runner_);
  const Identity& identity = pause.subsystem().identity();
  EmulatorOptions options;
  options.serial = identity.serial_number;
  options.model = identity.model_number;
  options.firmware = identity.firmware_revision;
  options.controllers = static_cast<uint16_t>(controllers_.size());
  options.capacity = pause.subsystem().capacity_asked;
  options.namespaces_max = pause.subsystem().namespaces_max();
  options.limits = limits_;
  options.data_identity = data_identity_;
  return options;
}

Status RunningDevice::take_controller(size_t index) {
  const std::string name = "controller " + std::to_string(index) + " of " + address_;
  if (index >= controllers_.size()) {
    return Status(ErrorCode::Range,
                  name + ", which has " + std::to_string(controllers_.size()) + " controllers");
  }
  std::lock_guard lock(mutex_);
  if (taken_[index]) return Status(ErrorCode::Busy, name + " is open or served already");
  taken_[index] = true;
  return {};
}

void RunningDevice::give_controller_back(size_t index) {
  std::lock_guard lock(mutex_);
  taken_[index] = false;
}

}  // namespace nvm::emulator
