// SPDX-License-Identifier: MIT
// From a command's pointers (PRPs or SGLs, and MPTR) to the host memory that they name.
#include "emulator/controller_state.h"
#include "emulator/sgl_walker.h"

namespace nvm::emulator {
namespace {

constexpr uint16_t kInvalidField = spec::status::invalid_field | spec::status::dnr;

spec::SglDescriptor descriptor_of(const spec::SubmissionQueueEntry& sqe) {
  spec::SglDescriptor descriptor;
  static_assert(sizeof(descriptor) == sizeof(sqe.prp1) + sizeof(sqe.prp2));
  memcpy(&descriptor, &sqe.prp1, sizeof(sqe.prp1));
  memcpy(reinterpret_cast<std::byte*>(&descriptor) + sizeof(sqe.prp1), &sqe.prp2, sizeof(sqe.prp2));
  return descriptor;
}

}  // namespace

// Finds the host memory that an I/O command's pointers name.
uint16_t ControllerState::resolve_data(Slot& slot) const {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  slot.command.data.clear();
  slot.command.metadata.clear();
  slot.host_lengths = slot.ns->executor->host_lengths(sqe);
  if (slot.host_lengths.data == 0) return spec::status::success;
  if (slot.host_lengths.data > transfer_bytes_max()) return kInvalidField;
  constexpr uint8_t kControllerToHost = 2;  // bits 1:0 of every opcode say which way data goes
  slot.direction = (sqe.opc & 3) == kControllerToHost ? Direction::ToHost : Direction::FromHost;
  return find_host_memory(slot);
}

// Lists of admin commands that are reached only by messages are not supported.
uint16_t ControllerState::find_host_memory(Slot& slot) const {
  const uint16_t status = walk_pointers(slot);
  return status == kListNeeded && slot.ns == nullptr
             ? spec::status::data_transfer_error | spec::status::dnr
             : status;
}

uint16_t ControllerState::walk_pointers(Slot& slot) const {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const HostLengths& lengths = slot.host_lengths;
  const uint8_t pointers = spec::sqe_flags::psdt.get(sqe.flags);
  const Domain& domain = slot.host->domain;
  slot.domain_generation = domain.generation();
  uint16_t status;
  if (pointers == spec::data_pointer::prp) [[likely]] {
    status = walk_prps(domain, sqe.prp1, sqe.prp2, lengths.data, slot.direction, slot.command.data,
                       slot.lists.get());
  } else if (pointers > spec::data_pointer::sgl_metadata_sgl) {
    return kInvalidField;
  } else {
    status = walk_sgl(domain, descriptor_of(sqe), lengths.data, slot.direction,
                      spec::status::data_sgl_length_invalid, slot.command.data, slot.lists.get());
  }
  if (lengths.metadata == 0 || status != spec::status::success) [[likely]] {
    return status;
  }
  Transfer& metadata = slot.command.metadata;
  if (pointers == spec::data_pointer::sgl_metadata_sgl) {
    return walk_sgl_at(domain, sqe.mptr, lengths.metadata, slot.direction,
                       spec::status::metadata_sgl_length_invalid, metadata, slot.lists.get());
  }
  if (pointers == spec::data_pointer::prp && sqe.mptr % sizeof(uint32_t) != 0) {
    slot.command.error_location = offsetof(spec::SubmissionQueueEntry, mptr);
    return kInvalidField;
  }
  metadata.clear();
  return append_range(domain, sqe.mptr, lengths.metadata, slot.direction, metadata);
}

// Ends with the status of find_host_memory(), when all that it needs has been brought.
Task ControllerState::bring_lists(Slot& slot) {
  Operation operation;
  slot.lists = std::make_unique<HostLists>();
  for (;;) {
    const uint16_t status = find_host_memory(slot);
    if (status != kListNeeded) co_return status;
    if (slot.lists->count() == kListPiecesMax) break;
    HostLists::Piece& piece = slot.lists->needed();
    const Progress begun =
        piece.remote->begin_read(operation, piece.address, piece.bytes.data(), piece.bytes.size());
    if (co_await settled(operation, begun) == Progress::Failed) break;
    slot.lists->brought();
  }
  co_return spec::status::data_transfer_error;
}

// The host's memory may have changed hands since it was looked up.
void ControllerState::refresh_data(Slot& slot) const {
  Command& command = slot.command;
  if (command.data.byte_length() == 0 || slot.domain_generation == slot.host->domain.generation())
    return;
  if (find_host_memory(slot) == spec::status::success) return;
  command.data.lose();
  command.metadata.lose();
}

}  // namespace nvm::emulator
