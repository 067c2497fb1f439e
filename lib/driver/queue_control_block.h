// SPDX-License-Identifier: MIT
// The state of one queue pair, in one 128-byte block that the native code and TypeScript (as an
// Int32Array) both work on. Word numbers: spec/control_block.h, generated from
// src/spec/control-block.ts.
#pragma once

#include <atomic>
#include <cstdint>

#include "spec/control_block.h"

namespace nvm {

// `spec::QueueControlBlock` has, in this order, 16 words of the host side —
//   sq_tail sq_doorbell sq_entries cq_head cq_phase cq_entries outstanding
//   queue_id state (reserved up to word 15)
// — and, on the second cache line, what the device side touches: word 16, armed.
// cq_phase holds the phase tag in place, as dword 3 of a new entry shows it: 0x10000 or 0.
using spec::QueueControlBlock;
static_assert(sizeof(QueueControlBlock) == 128);

// Lost: the controller was reset under the queue, or the queue is being deleted and created again.
enum class QueueState : int32_t { Live = 0, Closed = 1, Failed = 2, Lost = 3 };

}  // namespace nvm
