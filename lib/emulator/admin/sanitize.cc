// SPDX-License-Identifier: MIT
#include "emulator/admin/sanitize.h"

#include <algorithm>
#include <vector>

#include "emulator/admin/admin_commands.h"
#include "emulator/admin/background.h"
#include "emulator/admin/persistent_events.h"
#include "emulator/admin/self_test.h"
#include "emulator/nvm/blocks.h"
#include "emulator/records.h"

namespace nvm::emulator {
namespace {

namespace action = spec::sanitize_action;

constexpr uint64_t kPartBytes = 1 << 20;  // that one step treats
constexpr uint32_t kPassesMax = 16;       // OWPASS 0

uint32_t action_of(const SanitizeState& sanitize) {
  return spec::sanitize_cdw10::sanact.get(sanitize.cdw10);
}

bool keeps_allocated(const SanitizeState& sanitize) {
  return spec::sanitize_cdw10::ndas.get(sanitize.cdw10) != 0;
}

uint32_t pass_count(const SanitizeState& sanitize) {
  if (action_of(sanitize) != action::overwrite) return 1;
  const uint32_t passes = spec::sanitize_cdw10::owpass.get(sanitize.cdw10);
  return passes == 0 ? kPassesMax : passes;
}

uint32_t pattern_of(const SanitizeState& sanitize, uint32_t pass) {
  if (action_of(sanitize) != action::overwrite) return 0;
  const bool inverted = spec::sanitize_cdw10::oipbp.get(sanitize.cdw10) != 0 && pass % 2 != 0;
  return inverted ? ~sanitize.cdw11 : sanitize.cdw11;
}

// Commands that may have written, whatever became of them.
uint64_t count_changes(Subsystem& subsystem) {
  uint64_t count = 0;
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    const Statistics& statistics = subsystem.controller(i).state().statistics;
    for (const CommandCounter& counter : statistics.io) count += counter.commands;
    count -= statistics.read_commands() + statistics.io[spec::nvm_opcode::flush].commands;
    count += statistics.io_errors[spec::nvm_opcode::write & 3];
  }
  return count;
}

Task overwrite_part(Namespace& ns, uint64_t lba, uint64_t block_count, uint32_t pattern) {
  Blocks blocks(ns.format);
  blocks.resize(block_count);
  const BlockSpan all = blocks.all();
  auto* words = reinterpret_cast<uint32_t*>(all.data.data());
  std::fill_n(words, all.data.size() / sizeof(pattern), pattern);
  // Protection information of ones is not checked.
  std::fill(all.metadata.begin(), all.metadata.end(), std::byte{0xff});
  co_return co_await save_blocks(ns, lba, all);
}

Task treat_part(const SanitizeState& sanitize, Namespace& ns, uint64_t lba, uint64_t block_count,
                uint32_t pass) {
  const bool overwrites = action_of(sanitize) == action::overwrite || keeps_allocated(sanitize);
  if (overwrites) {
    const uint16_t status =
        co_await overwrite_part(ns, lba, block_count, pattern_of(sanitize, pass));
    if (status != spec::status::success) co_return status;
  }
  const bool last_pass = pass + 1 == pass_count(sanitize);
  if (keeps_allocated(sanitize) || !last_pass) co_return spec::status::success;
  co_return co_await deallocate_blocks(ns, lba, block_count);
}

// One pass over one namespace; `done` and `total` are bytes of all passes.
Task treat_namespace(Subsystem& subsystem, Namespace& ns, uint32_t pass, uint64_t& done,
                     uint64_t total) {
  SanitizeState& sanitize = subsystem.records().sanitize;
  const uint64_t part_blocks = kPartBytes / ns.format.data_byte_length();
  const uint64_t block_count = ns.block_count();
  for (uint64_t lba = 0; lba < block_count; lba += part_blocks) {
    const uint64_t count = std::min(part_blocks, block_count - lba);
    const uint16_t status = co_await treat_part(sanitize, ns, lba, count, pass);
    if (status != spec::status::success) co_return status;
    done += count * ns.format.data_byte_length();
    sanitize.progress = static_cast<uint16_t>(
        std::min<uint64_t>(static_cast<uint64_t>(static_cast<double>(done) /
                                                 static_cast<double>(total) * kNoSanitizeProgress),
                           kNoSanitizeProgress - 1));
    co_await next_step{};
  }
  Operation operation;
  const Progress flushed = co_await settled(operation, ns.store->begin_flush(operation));
  co_return flushed == Progress::Done ? spec::status::success : spec::status::write_fault;
}

Task treat_all(Subsystem& subsystem) {
  SanitizeState& sanitize = subsystem.records().sanitize;
  const uint64_t total = subsystem.allocated_capacity() * pass_count(sanitize);
  uint64_t done = 0;
  for (uint32_t pass = 0; pass < pass_count(sanitize); pass++) {
    for (uint32_t id = 1; id <= subsystem.namespaces_max(); id++) {
      Namespace* ns = subsystem.find_namespace(id);
      if (ns == nullptr) continue;
      ns->in_flight++;
      co_await wait_until_idle(subsystem, *ns);
      const uint16_t status = co_await treat_namespace(subsystem, *ns, pass, done, total);
      if (status == spec::status::success) ns->uncorrectable.clear();
      ns->in_flight--;
      if (status != spec::status::success) co_return status;
    }
    sanitize.passes_completed = action_of(sanitize) == action::overwrite ? pass + 1 : 0;
  }
  co_return spec::status::success;
}

void set_availability(Subsystem& subsystem) {
  const uint16_t refusal = sanitize_refusal(subsystem);
  subsystem.for_each_namespace([=](Namespace& ns) { ns.unavailable = refusal; });
}

Task run_sanitize(Subsystem& subsystem) {
  SanitizeState& sanitize = subsystem.records().sanitize;
  // So that it goes on after a power failure.
  const uint16_t kept = co_await save_now(subsystem);
  const uint16_t status = kept != spec::status::success ? kept : co_await treat_all(subsystem);
  const bool completed = status == spec::status::success;
  sanitize.state = completed ? spec::sanitize_state::completed : spec::sanitize_state::failed;
  sanitize.progress = kNoSanitizeProgress;
  sanitize.global_data_erased = completed;
  sanitize.changes_at_end = count_changes(subsystem);
  log_sanitize_completion(subsystem, sanitize.progress, sanitize_status(subsystem));
  (void)co_await save_now(subsystem);
  set_availability(subsystem);
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    subsystem.controller(i).state().report({spec::async_event_type::command_set,
                                            spec::async_event_command_set::sanitize_completed,
                                            spec::log_page::sanitize_status});
  }
  co_return status;
}

bool has_write_protected_namespace(const Subsystem& subsystem) {
  bool found = false;
  subsystem.for_each_namespace([&](const Namespace& ns) { found |= ns.protected_from_writes(); });
  return found;
}

bool is_being_formatted(const Subsystem& subsystem) {
  bool found = false;
  subsystem.for_each_namespace(
      [&](const Namespace& ns) { found |= ns.unavailable == spec::status::format_in_progress; });
  return found;
}

uint16_t leave_failure(Subsystem& subsystem) {
  SanitizeState& sanitize = subsystem.records().sanitize;
  if (sanitize.state != spec::sanitize_state::failed) return spec::status::success;
  if (spec::sanitize_cdw10::ause.get(sanitize.cdw10) == 0) return spec::status::sanitize_failed;
  sanitize.state = spec::sanitize_state::never;
  set_availability(subsystem);
  subsystem.save_soon();
  return spec::status::success;
}

uint16_t start(ControllerState& state, const spec::SubmissionQueueEntry& sqe) {
  Subsystem& subsystem = state.subsystem;
  SanitizeState& sanitize = subsystem.records().sanitize;
  const bool failed_restricted = sanitize.state == spec::sanitize_state::failed &&
                                 spec::sanitize_cdw10::ause.get(sanitize.cdw10) == 0;
  if (failed_restricted && spec::sanitize_cdw10::ause.get(sqe.cdw10) != 0) {
    return spec::status::sanitize_failed;
  }
  if (has_write_protected_namespace(subsystem)) return spec::status::namespace_is_write_protected;
  if (is_being_formatted(subsystem)) return spec::status::format_in_progress;
  end_self_test(subsystem, spec::self_test_result::aborted_by_sanitize);
  sanitize = {};
  sanitize.state = spec::sanitize_state::in_progress;
  sanitize.progress = 0;
  sanitize.cdw10 = sqe.cdw10;
  sanitize.cdw11 = sqe.cdw11;
  set_availability(subsystem);
  log_sanitize_start(state, sqe);
  subsystem.begin_work(run_sanitize(subsystem));
  return spec::status::success;
}

uint16_t judge(ControllerState& state, const spec::SubmissionQueueEntry& sqe) {
  if (state.subsystem.records().sanitize.state == spec::sanitize_state::in_progress) {
    return spec::status::sanitize_in_progress;
  }
  switch (spec::sanitize_cdw10::sanact.get(sqe.cdw10)) {
    case action::exit_failure_mode:
      return leave_failure(state.subsystem);
    case action::block_erase:
    case action::overwrite:
      return start(state, sqe);
    default:
      return spec::status::invalid_field;  // nothing is encrypted
  }
}

}  // namespace

uint16_t sanitize_status(Subsystem& subsystem) {
  const SanitizeState& sanitize = subsystem.records().sanitize;
  const bool erased =
      sanitize.global_data_erased && count_changes(subsystem) == sanitize.changes_at_end;
  return spec::sstat::state.put(sanitize.state) |
         spec::sstat::completed_passes.put(sanitize.passes_completed) |
         spec::sstat::global_data_erased.put(erased);
}

uint16_t sanitize_refusal(Subsystem& subsystem) {
  switch (subsystem.records().sanitize.state) {
    case spec::sanitize_state::in_progress:
      return spec::status::sanitize_in_progress;
    case spec::sanitize_state::failed:
      return spec::status::sanitize_failed;
    default:
      return spec::status::success;
  }
}

void resume_sanitize(Subsystem& subsystem) {
  set_availability(subsystem);
  if (subsystem.records().sanitize.state == spec::sanitize_state::in_progress) {
    subsystem.begin_work(run_sanitize(subsystem));
  }
}

uint16_t sanitize(ControllerState& state, Slot& slot) {
  const uint16_t status = judge(state, slot.command.sqe);
  return status == spec::status::success ? status : refuse(status);
}

}  // namespace nvm::emulator
