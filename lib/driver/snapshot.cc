// SPDX-License-Identifier: MIT
#include "driver/snapshot.h"

#include "driver/admin_queue_state.h"
#include "driver/controller.h"

namespace nvm {

AdminQueueSnapshot AdminQueue::snapshot() {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  AdminQueueSnapshot snapshot;
  snapshot.sq_tail = state.sq_tail;
  snapshot.sq_head = state.sq_head;
  snapshot.cq_head = state.cq_head;
  snapshot.cq_phase = state.cq_phase == kPhaseTag ? 1 : 0;
  snapshot.command_mask = kAdminSlotsMax - 1;
  snapshot.submissions.assign(state.sq, state.sq + state.entries);
  snapshot.completions = state.reaped;
  snapshot.event_requests = state.event_requests;
  for (const AdminSlot& slot : state.slots) {
    if (slot.state == AdminSlotState::Waiting) snapshot.outstanding.push_back(slot.command);
    if (slot.state == AdminSlotState::Abandoned) snapshot.given_up.push_back(slot.command);
  }
  return snapshot;
}

ControllerSnapshot Controller::snapshot(AdminQueue* admin) {
  ControllerSnapshot snapshot;
  const Capabilities& capabilities = transport_->capabilities();
  snapshot.address = capabilities.address;
  snapshot.transport = capabilities.name;
  snapshot.emulated = capabilities.emulated;
  snapshot.is_client = transport_->manager() != nullptr;
  snapshot.cap = properties_.cap;
  snapshot.vs = properties_.vs;
  snapshot.cc = transport_->read_register32(spec::registers::cc);
  snapshot.csts = transport_->read_register32(spec::registers::csts);
  snapshot.aqa = transport_->read_register32(spec::registers::aqa);
  snapshot.asq = transport_->read_register64(spec::registers::asq);
  snapshot.acq = transport_->read_register64(spec::registers::acq);
  if (admin != nullptr) snapshot.admin_queue = admin->snapshot();
  return snapshot;
}

ControllerSnapshot Controller::snapshot() {
  return snapshot(own_admin().get());
}

// Null also in a child of the process that opened it, where locks may be held by nobody.
std::shared_ptr<AdminQueue> Controller::own_admin() {
  if (is_inherited()) return nullptr;
  std::lock_guard lock(mutex_);
  return ownership_.admin;
}

// Of a timeout: the last that can be seen of the controller.
Status Controller::with_snapshot(Status status, AdminQueue* admin) {
  if (status.ok() || status.failure().code != ErrorCode::Timeout) return status;
  Failure failure = status.failure();
  failure.snapshot = std::make_shared<ControllerSnapshot>(snapshot(admin));
  return failure;
}

}  // namespace nvm
