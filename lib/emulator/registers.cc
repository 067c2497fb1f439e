// SPDX-License-Identifier: MIT
// The registers of a controller, and what writing CC does: enable, disable, shut down (NVMe
// base 2.0, 3.1.3 and 3.5 to 3.6). The BAR's page 0 shows every change at once.
#include <algorithm>

#include "emulator/admin/admin_commands.h"
#include "emulator/controller_state.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kReadyTimeout = 20;  // CAP.TO, in units of 500 ms
constexpr uint64_t kCommandSetNvm = 1;  // CAP.CSS bit 0
constexpr uint32_t kShutdownOccurring = 1;
constexpr uint32_t kShutdownComplete = 2;

uint64_t capabilities(const PcieControllerLimits& limits) {
  return spec::cap::mqes.put(limits.queue_entries_max - 1) | spec::cap::cqr.put(1) |
         spec::cap::to.put(kReadyTimeout) | spec::cap::css.put(kCommandSetNvm);
}

PcieControllerLimits clamp(PcieControllerLimits limits) {
  constexpr uint16_t kQueuePairsMax = kDoorbellCount / 2 - 1;
  limits.io_queue_pairs_max = std::clamp<uint16_t>(limits.io_queue_pairs_max, 1, kQueuePairsMax);
  limits.queue_entries_max = std::clamp<uint32_t>(limits.queue_entries_max, 2, 65536);
  limits.mdts = std::clamp<uint8_t>(limits.mdts, 1, 16);
  limits.interrupt_vectors_max = std::clamp<uint16_t>(limits.interrupt_vectors_max, 1, 2048);
  return limits;
}

// Replaces the upper or lower half, or all, of a 64-bit register.
void write_part(uint64_t& value, uint32_t byte_offset, uint64_t part, unsigned byte_length) {
  if (byte_length == 8) {
    value = part;
  } else if (byte_offset == 0) {
    value = (value & 0xffffffff00000000) | static_cast<uint32_t>(part);
  } else {
    value = (value & 0xffffffff) | part << 32;
  }
}

}  // namespace

ControllerState::ControllerState(Subsystem& owner, const PcieControllerLimits& wanted)
    : subsystem(owner), limits(clamp(wanted)) {
  submission_queues.resize(limits.io_queue_pairs_max + 1u);
  completion_queues.resize(limits.io_queue_pairs_max + 1u);
  for (uint16_t id = 0; id <= limits.io_queue_pairs_max; id++) {
    submission_queues[id].id = id;
    completion_queues[id].id = id;
  }
  for (Slot*& slot : window_) slot = pool.take();
  registers.cap = capabilities(limits);
  reset();
}

uint64_t ControllerState::read_register(uint32_t offset, unsigned byte_length) const {
  if (offset % byte_length != 0) return 0;
  if (offset >= kDoorbellOffset) return 0;  // the specification leaves it to the vendor
  const uint32_t aligned = offset & ~7u;
  uint64_t value = 0;
  switch (aligned) {
    case spec::registers::cap:
      value = registers.cap;
      break;
    case spec::registers::vs:
      value = kVersion | uint64_t{registers.interrupt_mask} << 32;
      break;
    case spec::registers::intmc:
      value = registers.interrupt_mask | uint64_t{registers.cc} << 32;
      break;
    case spec::registers::csts & ~7u:
      value = uint64_t{registers.csts} << 32;
      break;
    case spec::registers::nssr:
      value = uint64_t{registers.aqa} << 32;
      break;
    case spec::registers::asq:
      value = registers.asq;
      break;
    case spec::registers::acq:
      value = registers.acq;
      break;
    default:
      return 0;
  }
  if (byte_length == 8) return value;
  return static_cast<uint32_t>(offset == aligned ? value : value >> 32);
}

void ControllerState::write_register(uint32_t offset, uint64_t value, unsigned byte_length) {
  if (offset % byte_length != 0) return;
  if (offset >= kDoorbellOffset) {
    const uint32_t index = (offset - kDoorbellOffset) / sizeof(uint32_t);
    const uint32_t id = index / 2;
    const bool exists =
        id < submission_queues.size() &&
        (index % 2 == 0 ? submission_queues[id].exists() : completion_queues[id].exists());
    if (!exists || byte_length != sizeof(uint32_t)) {
      invalid_doorbells++;
      return;
    }
    bar.ring(index, static_cast<uint32_t>(value));
    return;
  }
  switch (offset & ~(byte_length - 1)) {
    case spec::registers::intms:
      registers.interrupt_mask |= static_cast<uint32_t>(value);
      break;
    case spec::registers::intmc:
      registers.interrupt_mask &= ~static_cast<uint32_t>(value);
      break;
    case spec::registers::cc:
      write_cc(static_cast<uint32_t>(value));
      break;
    case spec::registers::aqa:
      registers.aqa = static_cast<uint32_t>(value) & (spec::aqa::asqs.mask | spec::aqa::acqs.mask);
      break;
    case spec::registers::asq:
    case spec::registers::asq + 4:
      write_part(registers.asq, offset - spec::registers::asq, value, byte_length);
      break;
    case spec::registers::acq:
    case spec::registers::acq + 4:
      write_part(registers.acq, offset - spec::registers::acq, value, byte_length);
      break;
    default:
      break;
  }
  show_registers();
}

void ControllerState::write_cc(uint32_t value) {
  const uint32_t before = registers.cc;
  registers.cc = value;
  const bool was_enabled = spec::cc::en.get(before) != 0;
  const bool enabled = spec::cc::en.get(value) != 0;
  if (was_enabled && !enabled) return disable();
  if (!was_enabled && enabled) enable();
  if (spec::cc::shn.get(value) != 0 && spec::cc::shn.get(before) == 0) begin_shutdown();
}

void ControllerState::enable() {
  const bool known_format = spec::cc::css.get(registers.cc) == 0 &&
                            spec::cc::mps.get(registers.cc) == 0 &&
                            spec::cc::ams.get(registers.cc) == 0;
  if (!known_format || !open_admin_queues()) return fatal();
  resolved_generation_ = domain.generation();
  running_ = true;
  set_csts(spec::csts::rdy.put(1));
}

bool ControllerState::open_admin_queues() {
  const uint32_t sq_entries = spec::aqa::asqs.get(registers.aqa) + 1;
  const uint32_t cq_entries = spec::aqa::acqs.get(registers.aqa) + 1;
  if (sq_entries < 2 || cq_entries < 2) return false;
  if (registers.asq % kPageBytes != 0 || registers.acq % kPageBytes != 0) return false;
  SubmissionQueue& sq = submission_queues[0];
  CompletionQueue& cq = completion_queues[0];
  if (!open_queue(sq, registers.asq, sq_entries, sizeof(spec::SubmissionQueueEntry), false) ||
      !open_queue(cq, registers.acq, cq_entries, sizeof(spec::CompletionQueueEntry), true)) {
    return false;
  }
  sq.completion_queue = &cq;
  cq.submission_queues = 1;
  cq.interrupts = true;  // vector 0
  return true;
}

void ControllerState::disable() {
  drop_commands(nullptr);
  for (Slot* slot : event_requests) pool.give(slot);
  event_requests.clear();
  for (SubmissionQueue& queue : submission_queues) {
    const uint16_t id = queue.id;
    queue = {};
    queue.id = id;
  }
  for (CompletionQueue& queue : completion_queues) {
    const uint16_t id = queue.id;
    queue = {};
    queue.id = id;
  }
  crowded_.clear();
  posted_.clear();
  update_active_queues();
  bar.clear_doorbells();
  reset_features(*this);
  registers.interrupt_mask = 0;
  running_ = false;
  shutting_down_ = false;
  set_csts(0);
}

void ControllerState::reset() {
  registers.cc = 0;
  registers.aqa = 0;
  registers.asq = 0;
  registers.acq = 0;
  disable();
  show_registers();
}

void ControllerState::fatal() {
  running_ = false;
  set_csts(registers.csts | spec::csts::cfs.put(1));
}

void ControllerState::begin_shutdown() {
  running_ = false;
  shutting_down_ = true;
  for (uint32_t id = 1; id <= subsystem.namespace_count(); id++) {
    auto operation = std::make_unique<StoreOperation>();
    const Progress progress = subsystem.find_namespace(id)->store->begin_flush(*operation);
    if (progress == Progress::Failed) {
      shutting_down_ = false;
      return fatal();
    }
    if (progress == Progress::Pending) shutdown_flushes_.push_back(std::move(operation));
  }
  set_csts((registers.csts & ~spec::csts::shst.mask) | spec::csts::shst.put(kShutdownOccurring));
  step_shutdown();
}

// Completes a shutdown once everything is durable. A flush that failed leaves it occurring, and
// says so in CSTS.CFS. Operations of a shutdown that a reset overtook are only waited for.
bool ControllerState::step_shutdown() {
  bool failed = false;
  std::erase_if(shutdown_flushes_, [&](const std::unique_ptr<StoreOperation>& operation) {
    const Progress progress = operation->progress.load(std::memory_order_acquire);
    failed |= progress == Progress::Failed;
    return progress != Progress::Pending;
  });
  if (!shutting_down_) return false;
  if (failed) {
    shutting_down_ = false;
    fatal();
    return true;
  }
  if (!shutdown_flushes_.empty()) return false;
  shutting_down_ = false;
  set_csts((registers.csts & ~spec::csts::shst.mask) | spec::csts::shst.put(kShutdownComplete));
  return true;
}

void ControllerState::set_csts(uint32_t value) {
  registers.csts = value;
  bar.show32(spec::registers::csts, value);
}

void ControllerState::show_registers() {
  bar.show64(spec::registers::cap, registers.cap);
  bar.show32(spec::registers::vs, kVersion);
  bar.show32(spec::registers::intms, registers.interrupt_mask);
  bar.show32(spec::registers::intmc, registers.interrupt_mask);
  bar.show32(spec::registers::cc, registers.cc);
  bar.show32(spec::registers::csts, registers.csts);
  bar.show32(spec::registers::aqa, registers.aqa);
  bar.show64(spec::registers::asq, registers.asq);
  bar.show64(spec::registers::acq, registers.acq);
}

}  // namespace nvm::emulator
