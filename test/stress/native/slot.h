// SPDX-License-Identifier: MIT
// A client's part of the page that it shares with whoever kills it: what it is at, what it has
// done, and for each of its blocks the versions that are legal. It outlives the client. slots.ts
// has the same layout.
#pragma once

#include <atomic>
#include <cstdint>

namespace nvm::stress {

constexpr uint32_t kBlocksOfSlot = 2048;

// What a client can be killed in, and asked to be at.
enum class Phase : uint32_t {
  Changing,     // between two others: it is not asked for
  Submit,       // commands of 4 KiB outstanding
  MidCopy,      // commands of 512 KiB outstanding
  MidRpc,       // an admin command outstanding
  QueueCreate,  // the controller has a completion queue, and no submission queue yet
  Idle,
};

struct Slot {
  std::atomic<uint32_t> phase;
  std::atomic<uint32_t> wanted;     // a Phase, of the killer
  std::atomic<uint32_t> submitted;  // commands, whose doorbell was rung
  std::atomic<uint32_t> completed;  // of them, that the client has seen, or lost
  std::atomic<uint32_t> verified;   // blocks
  std::atomic<uint32_t> wrong;      // torn, another's, or of a version that was never written
  std::atomic<uint32_t> lost;       // of a version before the one that was completed
  std::atomic<uint32_t> ending;     // of the killer: close and exit
  std::atomic<uint32_t> torn;       // half of the version before the write that was in flight
  std::atomic<uint32_t> managers;   // that it has come to after its first
  std::byte unused[4096 - 10 * sizeof(uint32_t)];
  std::atomic<uint32_t> completed_version[kBlocksOfSlot];
  std::atomic<uint32_t> version_in_flight[kBlocksOfSlot];
  std::byte unused_too[12288];
};
static_assert(sizeof(Slot) == 32768);

// Maps slot `index` of the file at `path`; ends the process when that fails.
Slot& map_slot(const char* path, unsigned index);

}  // namespace nvm::stress
