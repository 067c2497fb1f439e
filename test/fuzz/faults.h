// SPDX-License-Identifier: MIT
// Faults of the device, made of a fuzzer's input.
#pragma once

#include "host.h"

namespace nvm::fuzz {

inline emulator::FaultAction pick_action(Input& input) {
  using emulator::CompletionFault;
  using emulator::ControllerFault;
  emulator::FaultAction action;
  switch (input.below(8)) {
    case 0:
      action.delay_ns = input.u16();
      break;
    case 1:
      action.drop = true;
      break;
    case 2:
      action.status_field = static_cast<uint16_t>(input.u16() & 0x7fff);
      break;
    case 3:
      action.torn = emulator::TornWrite{input.u8() % 40u, input.u16()};
      break;
    case 4:
      action.corruption = {static_cast<emulator::CorruptedData>(input.below(2)), input.u16(),
                           input.u8()};
      break;
    case 5:
      action.corruption = {static_cast<emulator::CorruptedData>(input.below(2)), std::nullopt, 0};
      break;
    case 6:
      action.completion = static_cast<CompletionFault>(input.below(4));
      break;
    default:
      action.controller = static_cast<ControllerFault>(input.below(4));
      break;
  }
  if (input.below(4) == 0) action.delay_ns = input.u16();
  return action;
}

// One that befalls some of the commands that come; a plan refuses what can never happen.
inline void add_fault(Host& host) {
  Input& input = host.input();
  emulator::Fault fault;
  fault.match.queues = static_cast<emulator::FaultQueues>(input.below(3));
  fault.match.nth = input.below(4);
  fault.match.every = input.below(3);
  if (input.below(4) == 0) fault.match.opcode = input.u8();
  if (input.below(4) == 0) fault.match.namespace_id = static_cast<uint32_t>(input.below(5));
  if (input.below(4) == 0)
    fault.match.lbas = emulator::FaultLbas{input.u8() % 40u, 1 + input.below(8)};
  if (input.below(4) == 0) fault.match.probability = 0.5;
  fault.times = input.below(4);
  fault.action = pick_action(input);
  (void)host.subsystem().faults().add(fault);
}

}  // namespace nvm::fuzz
