// SPDX-License-Identifier: MIT
// The registers of a controller as its host reads and writes them (NVMe base 2.0, 3.1.3). The BAR's
// page 0 shows every change at once.
#include <algorithm>

#include "emulator/controller_state.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kReadyTimeout = 20;               // CAP.TO and CRTO.CRWMT, in units of 500 ms
constexpr uint32_t kSubsystemResetKey = 0x4e564d65;  // "NVMe", written to NSSR
constexpr uint32_t kDwordBytes = 4;
constexpr uint32_t kQwordBytes = 8;

uint64_t capabilities(const PcieControllerLimits& limits) {
  const uint8_t command_sets = spec::cap_css::nvm.put(1) | spec::cap_css::io_command_sets.put(1);
  return spec::cap::mqes.put(limits.queue_entries_max - 1) | spec::cap::cqr.put(1) |
         spec::cap::ams.put(spec::cap_ams::weighted_round_robin.put(1)) |
         spec::cap::to.put(kReadyTimeout) | spec::cap::nssrs.put(1) |
         spec::cap::css.put(command_sets) | spec::cap::crms.put(spec::cap_crms::crwms.put(1));
}

PcieControllerLimits clamp(PcieControllerLimits limits) {
  constexpr uint16_t kQueuePairsMax = kDoorbellCount / 2 - 1;
  limits.io_queue_pairs_max = std::clamp<uint16_t>(limits.io_queue_pairs_max, 1, kQueuePairsMax);
  limits.queue_entries_max = std::clamp<uint32_t>(limits.queue_entries_max, 2, 65536);
  limits.mdts = std::min<uint8_t>(limits.mdts, 16);
  limits.interrupt_vectors_max = std::clamp<uint16_t>(limits.interrupt_vectors_max, 1, 2048);
  return limits;
}

uint64_t replace_low(uint64_t value, uint32_t low) {
  return (value & 0xffffffff00000000) | low;
}

uint64_t replace_high(uint64_t value, uint32_t high) {
  return (value & 0xffffffff) | uint64_t{high} << 32;
}

}  // namespace

ControllerState::ControllerState(Subsystem& parent, const PcieControllerLimits& wanted)
    : subsystem(parent),
      limits(clamp(wanted)),
      vectors(limits.interrupt_vectors_max),
      controller_id(static_cast<uint16_t>(parent.controller_count())) {
  submission_queues.resize(limits.io_queue_pairs_max + 1u);
  completion_queues.resize(limits.io_queue_pairs_max + 1u);
  owner.doorbells = bar.doorbell_word(0);
  queue_hosts_.assign(limits.io_queue_pairs_max + 1u, &owner);
  for (uint16_t id = 0; id <= limits.io_queue_pairs_max; id++) {
    submission_queues[id].id = id;
    completion_queues[id].id = id;
  }
  for (Slot*& slot : window_) slot = pool.take();
  registers.cap = capabilities(limits);
  reset();
}

// What is not here is reserved, and reads 0.
uint64_t ControllerState::read_qword(uint32_t offset) const {
  switch (offset) {
    case spec::registers::cap:
      return registers.cap;
    case spec::registers::vs:
      return kVersion | uint64_t{registers.interrupt_mask} << 32;
    case spec::registers::intmc:
      return registers.interrupt_mask | uint64_t{registers.cc} << 32;
    case spec::registers::csts & ~7u:
      return uint64_t{registers.csts} << 32;
    case spec::registers::nssr:
      return uint64_t{registers.aqa} << 32;
    case spec::registers::asq:
      return registers.asq;
    case spec::registers::acq:
      return registers.acq;
    case spec::registers::crto:
      return spec::crto::crwmt.put(kReadyTimeout);
    default:
      return 0;
  }
}

uint64_t ControllerState::read_register(uint32_t offset, unsigned byte_length) const {
  const uint64_t ones =
      byte_length == kQwordBytes ? UINT64_MAX : (uint64_t{1} << 8 * byte_length) - 1;
  if (removed_) return ones;
  if (offset % byte_length != 0) return 0;
  if (offset >= kDoorbellOffset) return 0;  // the specification leaves it to the vendor
  return read_qword(offset & ~(kQwordBytes - 1)) >> 8 * (offset % kQwordBytes) & ones;
}

void ControllerState::write_register(uint32_t offset, uint64_t value, unsigned byte_length) {
  if (removed_ || offset % byte_length != 0 || byte_length < kDwordBytes) return;
  if (offset >= kDoorbellOffset) {
    if (byte_length == kDwordBytes) write_doorbell(offset, static_cast<uint32_t>(value));
  } else {
    write_dword(offset, static_cast<uint32_t>(value));
    if (byte_length == kQwordBytes) {
      write_dword(offset + kDwordBytes, static_cast<uint32_t>(value >> 32));
    }
    show_registers();
  }
  update_pin();  // at once: beyond its reason it is an interrupt that nobody cares for
}

void ControllerState::write_dword(uint32_t offset, uint32_t value) {
  switch (offset) {
    case spec::registers::intms:
      registers.interrupt_mask |= value;
      break;
    case spec::registers::intmc:
      registers.interrupt_mask &= ~value;
      break;
    case spec::registers::cc:
      write_cc(value);
      break;
    case spec::registers::csts:
      if (spec::csts::nssro.get(value) != 0) {
        subsystem_was_reset_ = false;
        set_csts(registers.csts & ~spec::csts::nssro.mask);
      }
      break;
    case spec::registers::nssr:
      if (value != kSubsystemResetKey) break;
      for (size_t i = 0; i < subsystem.controller_count(); i++) {
        subsystem.controller(i).reset_with_subsystem();
      }
      break;
    case spec::registers::aqa:
      registers.aqa = value & (spec::aqa::asqs.mask | spec::aqa::acqs.mask);
      break;
    case spec::registers::asq:
      registers.asq = replace_low(registers.asq, value);
      break;
    case spec::registers::asq + kDwordBytes:
      registers.asq = replace_high(registers.asq, value);
      break;
    case spec::registers::acq:
      registers.acq = replace_low(registers.acq, value);
      break;
    case spec::registers::acq + kDwordBytes:
      registers.acq = replace_high(registers.acq, value);
      break;
    default:
      break;
  }
}

void ControllerState::show_registers() {
  for (uint32_t offset = 0; offset <= spec::registers::crto; offset += kQwordBytes) {
    bar.show64(offset, removed_ ? UINT64_MAX : read_qword(offset));
  }
}

}  // namespace nvm::emulator
