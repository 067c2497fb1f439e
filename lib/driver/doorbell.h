// SPDX-License-Identifier: MIT
// Ringing a doorbell: the one place that knows how stores to it are ordered.
#pragma once

#include <cstdint>

#include "transport/transport.h"

namespace nvm {

// Whether the device has doorbells for the queue.
inline bool has_doorbell(const Doorbells& doorbells, uint32_t queue_id) {
  return (2ull * queue_id + 1) * doorbells.stride_bytes + sizeof(uint32_t) <= doorbells.byte_length;
}

inline volatile uint32_t* doorbell_of(const Doorbells& doorbells, uint32_t queue_id,
                                      bool completion) {
  size_t offset = (2ull * queue_id + (completion ? 1 : 0)) * doorbells.stride_bytes;
  return doorbells.base + offset / sizeof(uint32_t);
}

// Publishes `value`, with every earlier store of this thread. Only for a doorbell whose device
// cannot be waiting for it while parked; ring_and_wake otherwise.
inline void store_doorbell(volatile uint32_t* doorbell, uint32_t value) {
  // Release: queue entries before the doorbell. A plain store on x86, as an uncached register needs
  // (an exchange would read it); write-back stores do not pass a later uncached store there.
  __atomic_store_n(doorbell, value, __ATOMIC_RELEASE);
}

// Publishes `value`, and wakes the device when it has parked.
inline void ring_and_wake(Transport& transport, const Doorbells& doorbells,
                          volatile uint32_t* doorbell, uint32_t value) {
  if (doorbells.sleeping == nullptr) return store_doorbell(doorbell, value);
  // Sequentially consistent: the doorbell is visible before `sleeping` is read. The device stores
  // `sleeping` before it looks at the doorbells a last time, so one of the two sees the other.
  __atomic_exchange_n(doorbell, value, __ATOMIC_SEQ_CST);
  if (doorbells.sleeping->load(std::memory_order_seq_cst) != 0) transport.ring_wake();
}

}  // namespace nvm
