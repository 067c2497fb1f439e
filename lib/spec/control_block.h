// SPDX-License-Identifier: MIT
// Generated from src/spec/control-block.ts by `npx tsx scripts/generate.ts`: do not edit.
// The queue state that C++ and TypeScript share.
// clang-format off
#pragma once

#include <cstddef>
#include <cstdint>

namespace nvm::spec {

// State of one queue pair; all of it belongs to the host but `armed`.
struct QueueControlBlock {
  int32_t sq_tail;      // Slot of the next command
  int32_t sq_doorbell;  // Tail that the doorbell was last rung with
  int32_t sq_entries;   // Slots of the submission queue
  int32_t cq_head;      // Slot of the next completion
  int32_t cq_phase;     // Phase tag of a new entry as dword 3 shows it: 0x10000 or 0
  int32_t cq_entries;   // Slots of the completion queue
  int32_t outstanding;  // Commands submitted and not completed
  int32_t queue_id;     // Identifier of the queue pair
  int32_t state;        // QueueState: 0 live, 1 closed, 2 failed, 3 lost
  uint8_t reserved_36[28];
  int32_t armed;        // On its own cache line: nonzero where a waiter wants to be woken
  uint8_t reserved_68[60];
};

// How often namespaces were formatted, deleted, attached or detached; each may wrap.
struct NamespaceChanges {
  uint32_t any;         // Of all of them together; counted after that of the namespace
  uint32_t of_id[255];  // Of the namespaces whose id has this remainder by 255
};

// Every size and every offset, checked by the compiler.
static_assert(sizeof(QueueControlBlock) == 128);
static_assert(offsetof(QueueControlBlock, sq_tail) == 0);
static_assert(offsetof(QueueControlBlock, sq_doorbell) == 4);
static_assert(offsetof(QueueControlBlock, sq_entries) == 8);
static_assert(offsetof(QueueControlBlock, cq_head) == 12);
static_assert(offsetof(QueueControlBlock, cq_phase) == 16);
static_assert(offsetof(QueueControlBlock, cq_entries) == 20);
static_assert(offsetof(QueueControlBlock, outstanding) == 24);
static_assert(offsetof(QueueControlBlock, queue_id) == 28);
static_assert(offsetof(QueueControlBlock, state) == 32);
static_assert(offsetof(QueueControlBlock, armed) == 64);
static_assert(sizeof(NamespaceChanges) == 1024);
static_assert(offsetof(NamespaceChanges, any) == 0);
static_assert(offsetof(NamespaceChanges, of_id) == 4);

}  // namespace nvm::spec
