// SPDX-License-Identifier: MIT
// What a controller does in one step, and when it next has something to do.
#include <algorithm>

#include "emulator/controller_state.h"

namespace nvm::emulator {

bool ControllerState::step(Clock& clock) {
  bool worked = false;
  subsystem.use_clock(clock);
  starved_ = false;
  if (leftovers_) worked |= reap_draining();
  if (closing_ != Closing::No || !shutdown_flushes_.empty()) worked |= step_closing(clock);
  if (!running()) return worked;
  if (owner.domain.generation() != resolved_generation_ && !resolve_queues()) {
    fatal();
    return true;
  }
  unusual_ =
      static_cast<uint8_t>(subsystem.faults().empty() ? unusual_ & ~kFaults : unusual_ | kFaults);
  if (background_) worked |= step_background(clock);
  if (!subsystem.holds_fetching()) {
    worked |= fetch(submission_queues[0], clock, kBurstMax) != 0;
    worked |= weighted_ ? fetch_weighted(clock) : fetch_round_robin(clock);
  }
  if (!mirrored_.empty()) take_over_entries();
  if (!posted_.empty()) raise_interrupts(clock);
  update_pin();
  return worked;
}

// Everything but new commands.
bool ControllerState::step_background(Clock& clock) {
  bool worked = false;
  if (!crowded_.empty()) worked |= post_waiting();
  if (!pending_.empty()) worked |= poll_pending(clock);
  if (!timed_.empty()) worked |= retire_due(clock);
  if (!fused_.empty()) worked |= poll_fused(clock);
  if (!held_.empty()) worked |= retry_held(clock);
  if (!coalesced_.empty()) raise_overdue(clock);
  if (events.pending() && !event_requests.empty()) {
    deliver_events();
    worked = true;
  }
  if (features[spec::feature::keep_alive_timer] != keep_alive_ms_ || keep_alive_ms_ != 0) {
    worked |= check_keep_alive(clock);
  }
  background_ = !crowded_.empty() || !pending_.empty() || !timed_.empty() || !fused_.empty() ||
                !held_.empty() || !coalesced_.empty() || events.pending() || keep_alive_ms_ != 0;
  return worked;
}

void ControllerState::report(const Event& event) {
  const uint32_t configuration = features[spec::feature::asynchronous_event_configuration];
  if (!running_ || !Events::wanted(event, configuration)) return;
  events.report(event);
  background_ = true;
}

void ControllerState::deliver_events() {
  while (!event_requests.empty()) {
    const std::optional<Event> event = events.take();
    if (!event) return;
    Slot* slot = event_requests.front();
    event_requests.erase(event_requests.begin());
    slot->command.dword0 = spec::async_event_dw0::aet.put(event->type) |
                           spec::async_event_dw0::aei.put(event->information) |
                           spec::async_event_dw0::lid.put(event->log_page);
    complete(slot);
  }
}

// The timer starts when the host sets it and with every Keep Alive command. When it ends, nobody
// uses the controller any more.
bool ControllerState::check_keep_alive(Clock& clock) {
  const uint32_t wanted_ms = features[spec::feature::keep_alive_timer];
  const uint64_t now_ns = clock.now_ns();
  if (keep_alive_restarts_ || wanted_ms != keep_alive_ms_) {
    keep_alive_restarts_ = false;
    keep_alive_ms_ = wanted_ms;
    keep_alive_until_ns_ = now_ns + wanted_ms * kNanosecondsPerMillisecond;
  }
  if (keep_alive_ms_ == 0 || now_ns < keep_alive_until_ns_) return false;
  spec::ErrorLogEntry entry{};
  entry.sqid = kNoIdentifier;
  entry.cid = kNoIdentifier;
  entry.parameter_error_location = kNoErrorLocation;
  entry.status_field = spec::cqe_status::sf.put(spec::status::keep_alive_timer_expired);
  error_log.record(entry);
  fatal();
  return true;
}

uint64_t ControllerState::next_event_ns() const {
  if (closing_ == Closing::Reset || closing_ == Closing::Shutdown) return closing_until_ns_;
  if (!running()) return UINT64_MAX;
  if (!crowded_.empty() || starved_ || !held_.empty()) return 0;
  if (events.pending() && !event_requests.empty()) return 0;
  uint64_t soonest = timed_.empty() ? UINT64_MAX : timed_.front().at_ns;
  const auto consider = [&](uint64_t at_ns) {
    if (at_ns != 0) soonest = std::min(soonest, at_ns);
  };
  for (const Slot* slot : pending_) consider(slot->command.task.wakes_at_ns());
  for (const FusedPair& pair : fused_) consider(pair.task.wakes_at_ns());
  for (const uint16_t vector : coalesced_) consider(vectors[vector].due_ns);
  if (keep_alive_ms_ != 0) consider(keep_alive_until_ns_);
  return soonest;
}

}  // namespace nvm::emulator
