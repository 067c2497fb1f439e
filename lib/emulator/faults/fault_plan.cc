// SPDX-License-Identifier: MIT
// How a plan decides: who matches, who strikes, and how the effects of several become one.
#include "emulator/faults/fault_plan.h"

#include <algorithm>

namespace nvm::emulator {
namespace {

// The part of the command's blocks that `lbas` holds too, in blocks from the command's first.
struct Overlap {
  uint32_t first_block = 0;
  uint32_t block_count = 0;
};

// Neither range is empty. The host chose the command's, so it may end beyond the last LBA.
Overlap overlap(const FaultLbas& lbas, const FaultLbas& command) {
  const uint64_t first = std::max(lbas.lba, command.lba);
  const uint64_t lbas_last = lbas.lba + (lbas.block_count - 1);
  const uint64_t reach = std::min(command.block_count - 1, UINT64_MAX - command.lba);
  const uint64_t last = std::min(lbas_last, command.lba + reach);
  if (first > last) return {};
  return {static_cast<uint32_t>(first - command.lba), static_cast<uint32_t>(last - first + 1)};
}

bool matches(const Fault& fault, const FaultedCommand& command) {
  const FaultMatch& match = fault.match;
  const bool admin = command.queue_id == 0;
  if (match.controller_id && *match.controller_id != command.controller_id) return false;
  if (match.queues != FaultQueues::Any && (match.queues == FaultQueues::Admin) != admin) {
    return false;
  }
  if (match.queue_id && *match.queue_id != command.queue_id) return false;
  if (match.opcode && *match.opcode != command.opcode) return false;
  if (match.namespace_id && *match.namespace_id != command.namespace_id) return false;
  if (match.lbas) {
    if (command.lbas.block_count == 0) return false;
    if (overlap(*match.lbas, command.lbas).block_count == 0) return false;
  }
  return concerns(fault.action, admin, command.opcode);
}

bool selects(const FaultMatch& match, uint64_t number) {
  if (match.every == 0) return match.nth == 0 || number == match.nth;
  const uint64_t first = match.nth == 0 ? match.every : match.nth;
  return number >= first && (number - first) % match.every == 0;
}

CorruptedByte draw(const Fault& fault, const FaultedCommand& command, SeededRandom& random) {
  const Corruption& wanted = *fault.action.corruption;
  CorruptedByte byte;
  byte.data = wanted.data;
  byte.place = wanted.offset ? *wanted.offset : random.next();
  constexpr uint64_t kMasks = 255;  // all but 0, which changes nothing
  byte.xor_mask =
      wanted.xor_mask != 0 ? wanted.xor_mask : static_cast<uint8_t>(1 + random.next() % kMasks);
  if (fault.match.lbas) {
    const Overlap shared = overlap(*fault.match.lbas, command.lbas);
    byte.first_block = shared.first_block;
    byte.block_count = shared.block_count;
  }
  return byte;
}

// Whoever was first wins, save that delays add up.
void merge(FaultEffect& effect, const FaultAction& action) {
  effect.delay_ns += action.delay_ns;
  effect.drop |= action.drop;
  if (!effect.status_field) effect.status_field = action.status_field;
  if (!effect.torn) effect.torn = action.torn;
  if (effect.completion == CompletionFault::None) effect.completion = action.completion;
  if (effect.controller == ControllerFault::None) effect.controller = action.controller;
}

}  // namespace

Result<uint32_t> FaultPlan::add(const Fault& fault) {
  NVM_TRY(validate(fault));
  const auto& controller = fault.match.controller_id;
  if (controller && controller_count_ != 0 && *controller >= controller_count_) {
    return Status(ErrorCode::Range, "fault: controller is " + std::to_string(*controller) +
                                        ", of a device whose controllers are 0 to " +
                                        std::to_string(controller_count_ - 1));
  }
  if (installed_.size() == kFaultsMax) {
    return Status(ErrorCode::Range, "fault: a plan holds at most " + std::to_string(kFaultsMax) +
                                        ": remove one first");
  }
  Installed installed;
  installed.id = next_id_++;
  installed.fault = fault;
  // Mixed, so that neighbouring ids and seeds have nothing in common.
  const uint64_t mixed = SeededRandom(seed_).next() + SeededRandom(installed.id).next();
  installed.random = SeededRandom(fault.match.seed.value_or(mixed));
  installed_.push_back(installed);
  return installed.id;
}

bool FaultPlan::remove(uint32_t id) {
  return std::erase_if(installed_, [id](const Installed& it) { return it.id == id; }) != 0;
}

bool FaultPlan::strikes(Installed& installed, const FaultedCommand& command) {
  const Fault& fault = installed.fault;
  if (fault.times != 0 && installed.hits >= fault.times) return false;
  if (!matches(fault, command)) return false;
  installed.matches++;
  if (!selects(fault.match, installed.matches)) return false;
  if (fault.match.probability < 1 && !installed.random.chance(fault.match.probability)) {
    return false;
  }
  installed.hits++;
  return true;
}

FaultEffect FaultPlan::consult(const FaultedCommand& command) {
  FaultEffect effect;
  for (Installed& installed : installed_) {
    if (!strikes(installed, command)) continue;
    const FaultAction& action = installed.fault.action;
    merge(effect, action);
    if (!action.corruption) continue;
    // Drawn even where another was first, so that this fault's draws do not depend on that one.
    const CorruptedByte byte = draw(installed.fault, command, installed.random);
    if (!effect.corruption) effect.corruption = byte;
  }
  return effect;
}

uint64_t FaultPlan::hits(uint32_t id) const {
  const auto found = std::ranges::find(installed_, id, &Installed::id);
  return found == installed_.end() ? 0 : found->hits;
}

}  // namespace nvm::emulator
