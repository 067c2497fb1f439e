// SPDX-License-Identifier: MIT
// The life of a controller: enable, disable, shut down, reset (NVMe base 2.0, 3.5 to 3.7).
#include <utility>

#include "emulator/admin/admin_commands.h"
#include "emulator/admin/health.h"
#include "emulator/controller_state.h"

namespace nvm::emulator {
namespace {

// Half of CAP.TO: a host hears in time that a store does not answer.
constexpr uint64_t kDrainNsMax = 5'000 * kNanosecondsPerMillisecond;
constexpr uint32_t kCcBits = spec::cc::en.mask | spec::cc::css.mask | spec::cc::mps.mask |
                             spec::cc::ams.mask | spec::cc::shn.mask | spec::cc::iosqes.mask |
                             spec::cc::iocqes.mask;
// What counts from the moment of enabling on; a change of it comes too late.
constexpr uint32_t kFixedCcBits = spec::cc::css.mask | spec::cc::mps.mask | spec::cc::ams.mask;

bool shuts_down(uint32_t cc) {
  const uint32_t notification = spec::cc::shn.get(cc);
  return notification == spec::cc_shn::normal || notification == spec::cc_shn::abrupt;
}

// 0 is allowed: the host may say later, before it creates I/O queues.
bool fits(uint32_t entry_size_log2, size_t entry_bytes) {
  return entry_size_log2 == 0 || size_t{1} << entry_size_log2 == entry_bytes;
}

bool possible(uint32_t cc) {
  const uint32_t command_set = spec::cc::css.get(cc);
  const uint32_t arbitration = spec::cc::ams.get(cc);
  return (command_set == spec::cc_css::nvm || command_set == spec::cc_css::io_command_sets) &&
         (arbitration == spec::cc_ams::round_robin ||
          arbitration == spec::cc_ams::weighted_round_robin) &&
         spec::cc::mps.get(cc) == 0 &&
         fits(spec::cc::iosqes.get(cc), sizeof(spec::SubmissionQueueEntry)) &&
         fits(spec::cc::iocqes.get(cc), sizeof(spec::CompletionQueueEntry));
}

}  // namespace

void ControllerState::write_cc(uint32_t value) {
  const uint32_t before = registers.cc;
  const bool was_enabled = spec::cc::en.get(before) != 0;
  registers.cc = value & kCcBits;
  if (was_enabled) registers.cc = (registers.cc & ~kFixedCcBits) | (before & kFixedCcBits);
  const bool enabled = spec::cc::en.get(value) != 0;
  if (was_enabled && !enabled) return disable();
  if (!was_enabled && enabled) enable();
  if (shuts_down(value) && !shuts_down(before)) begin_shutdown();
}

void ControllerState::enable() {
  // Begun before the reset had ended: it happens when it has.
  if (drains_changes()) {
    set_csts(0);
    return await_drain(Closing::Reset);
  }
  closing_ = Closing::No;
  if (!possible(registers.cc) || !open_admin_queues()) return fatal();
  weighted_ = spec::cc::ams.get(registers.cc) == spec::cc_ams::weighted_round_robin;
  resolved_generation_ = owner.domain.generation();
  running_ = true;
  set_csts(spec::csts::rdy.put(1));
  note_enabled(*this);
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
  bar.clear_doorbells();  // a host may have rung too late for the controller that it had
  connect_doorbell(sq, 0);
  connect_doorbell(cq, 1);
  sq.completion_queue = &cq;
  cq.submission_queues = 1;
  cq.interrupts = true;  // vector 0
  update_active_queues();
  return true;
}

void ControllerState::disable() {
  drop_commands();
  for (SubmissionQueue& queue : submission_queues) close_queue(queue);
  for (CompletionQueue& queue : completion_queues) close_queue(queue);
  crowded_.clear();
  posted_.clear();
  coalesced_.clear();
  vectors.assign(vectors.size(), {});
  update_active_queues();
  shadow_ = {};
  bar.clear_doorbells();
  events.clear();
  reset_features(*this);
  admin_hosts_.clear();
  submission_queues_granted = limits.io_queue_pairs_max;
  completion_queues_granted = limits.io_queue_pairs_max;
  keep_alive_ms_ = 0;
  keep_alive_until_ns_ = 0;
  busy_since_ns_ = 0;
  registers.interrupt_mask = 0;
  running_ = false;
  weighted_ = false;
  unusual_ = 0;
  background_ = false;
  update_pin();
  if (!drains_changes()) return finish_reset();
  set_csts(registers.csts & spec::csts::rdy.mask);
  await_drain(Closing::Reset);
}

// RDY = 0 promises that no command of before changes a block any more: another controller may have
// newer data for it.
void ControllerState::finish_reset() {
  closing_ = Closing::No;
  set_csts(0);
  if (spec::cc::en.get(registers.cc) != 0) enable();
}

void ControllerState::reset() {
  registers.cc = 0;
  registers.aqa = 0;
  registers.asq = 0;
  registers.acq = 0;
  disable();
  show_registers();
}

void ControllerState::reset_with_subsystem() {
  if (removed_) return;
  subsystem_was_reset_ = true;
  reset();
}

void ControllerState::fatal() {
  running_ = false;
  set_csts(registers.csts | spec::csts::cfs.put(1));
}

// Normal and abrupt alike: commands end where they are, and everything is made durable.
void ControllerState::begin_shutdown() {
  running_ = false;
  drop_commands();
  set_csts((registers.csts & ~spec::csts::shst.mask) |
           spec::csts::shst.put(spec::csts_shst::occurring));
  if (drains_changes()) return await_drain(Closing::Shutdown);
  begin_flushes();
}

void ControllerState::begin_flushes() {
  closing_ = Closing::Flush;
  bool failed = false;
  const auto flush = [&](Store& store) {
    auto operation = std::make_unique<Operation>();
    const Progress progress = store.begin_flush(*operation);
    failed |= progress == Progress::Failed;
    if (progress == Progress::Pending) shutdown_flushes_.push_back(std::move(operation));
  };
  subsystem.for_each_namespace([&](Namespace& ns) {
    flush(*ns.store);
    if (ns.metadata_store != nullptr) flush(*ns.metadata_store);
  });
  if (failed) {
    closing_ = Closing::No;
    fatal();
  } else if (shutdown_flushes_.empty()) {
    finish_shutdown();
  }
}

void ControllerState::finish_shutdown() {
  closing_ = Closing::No;
  set_csts((registers.csts & ~spec::csts::shst.mask) |
           spec::csts::shst.put(spec::csts_shst::complete));
  note_shut_down(*this);
}

void ControllerState::await_drain(Closing closing) {
  closing_ = closing;
  closing_until_ns_ = subsystem.now_ns() + kDrainNsMax;
}

// Goes on with a reset or a shutdown. A store that does not answer, or a flush that failed, is a
// fatal status. Flushes of a shutdown that a reset overtook are only waited for.
bool ControllerState::step_closing(Clock& clock) {
  bool failed = false;
  std::erase_if(shutdown_flushes_, [&](const std::unique_ptr<Operation>& operation) {
    const Progress progress = operation->progress.load(std::memory_order_acquire);
    failed |= progress == Progress::Failed;
    return progress != Progress::Pending;
  });
  if (closing_ == Closing::No) return false;
  if (closing_ == Closing::Flush) {
    if (failed) {
      closing_ = Closing::No;
      fatal();
    } else if (shutdown_flushes_.empty()) {
      finish_shutdown();
    }
    return closing_ == Closing::No;
  }
  const bool drained = !drains_changes();
  if (!drained && clock.now_ns() < closing_until_ns_) return false;
  const Closing closing = std::exchange(closing_, Closing::No);
  if (spec::cc::en.get(registers.cc) == 0) set_csts(registers.csts & ~spec::csts::rdy.mask);
  if (!drained) {
    fatal();
  } else if (closing == Closing::Reset) {
    finish_reset();
  } else {
    begin_flushes();
  }
  return true;
}

void ControllerState::set_csts(uint32_t value) {
  registers.csts = value | spec::csts::nssro.put(subsystem_was_reset_ ? 1 : 0);
  if (!removed_) bar.show32(spec::registers::csts, registers.csts);
}

}  // namespace nvm::emulator
