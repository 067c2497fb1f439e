// SPDX-License-Identifier: MIT
#include "emulator/pcie_controller.h"

#include "emulator/controller_state.h"

namespace nvm::emulator {

PcieController::PcieController(Subsystem& subsystem, const PcieControllerLimits& limits)
    : state_(std::make_unique<ControllerState>(subsystem, limits)) {}

PcieController::~PcieController() = default;

uint64_t PcieController::read_register(uint32_t offset, unsigned byte_length) {
  return state_->read_register(offset, byte_length);
}

void PcieController::write_register(uint32_t offset, uint64_t value, unsigned byte_length) {
  state_->write_register(offset, value, byte_length);
}

std::byte* PcieController::bar() {
  return state_->bar.bytes();
}

int PcieController::bar_fd() const {
  return state_->bar.fd();
}

UniqueFd PcieController::share_doorbells() {
  return state_->bar.share_doorbells();
}

NamespaceChanges& PcieController::namespace_changes() {
  return state_->bar.namespace_changes();
}

std::atomic<uint32_t>& PcieController::sleeping() {
  return state_->bar.sleeping();
}

Domain& PcieController::domain() {
  return state_->owner.domain;
}

ClientHost* PcieController::add_client(std::optional<CommandPolicy> policy) {
  return state_->add_client(std::move(policy));
}

bool PcieController::remove_client(ClientHost& client) {
  return state_->remove_client(client);
}

void PcieController::forget_clients() {
  state_->forget_clients();
}

uint32_t PcieController::count_busy_hosts() {
  return state_->count_busy_hosts();
}

void PcieController::assign_queue(uint16_t id, ClientHost* client) {
  state_->assign_queue(id, client == nullptr ? state_->owner : *client);
}

void PcieController::assign_admin_command(uint16_t cid, ClientHost& client) {
  state_->assign_admin_command(cid, client);
}

void PcieController::set_interrupt_sink(InterruptSink* sink) {
  state_->connect_interrupts(sink);
}

void PcieController::use_pin(bool used) {
  state_->use_pin(used);
}

void PcieController::update_pin() {
  state_->update_pin();
}

bool PcieController::pin_level() const {
  return state_->pin_level();
}

void PcieController::set_bus_master(bool enabled) {
  state_->bus_master = enabled;
}

void PcieController::reset() {
  state_->reset();
}

bool PcieController::uses(uint64_t first, uint64_t byte_length) const {
  return state_->uses(first, byte_length);
}

bool PcieController::step(Clock& clock) {
  return state_->step(clock);
}

uint64_t PcieController::next_event_ns() const {
  return state_->next_event_ns();
}

void PcieController::reset_with_subsystem() {
  state_->reset_with_subsystem();
}

const Statistics& PcieController::statistics() const {
  return state_->statistics;
}

}  // namespace nvm::emulator
