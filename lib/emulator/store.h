// SPDX-License-Identifier: MIT
// Where a namespace's bytes live. Asynchronous in interface (begin, later completed), with a
// synchronous fast path: a store that is memory of this process says where, and is copied from and
// to directly.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "platform/status.h"

namespace nvm::emulator {

enum class Progress { Done, Pending, Failed };

// Something under way in a store, in memory that is reached by messages, or with whoever gives an
// answer, who sets `progress` (release) from any thread; the step loop reads it.
struct Operation {
  std::atomic<Progress> progress{Progress::Done};
  int os_error = 0;  // why it failed
  // It changes a store: no queue is deleted and no reset ends before it has, so that it does not
  // land on newer data.
  bool changes = false;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual uint64_t byte_length() const = 0;
  virtual bool read_only() const = 0;

  // The store as memory, or null when it is reached only by begin_read and begin_write.
  virtual std::byte* bytes() = 0;
  // Its pages can vanish (file truncated, disk full): copies run under the SIGBUS guard.
  virtual bool may_fault() const = 0;

  // The store may use `to` and `from` until the operation has ended. A store with bytes() need not
  // implement them: these copy.
  virtual Progress begin_read(Operation& operation, uint64_t offset, void* to, size_t byte_length);
  virtual Progress begin_write(Operation& operation, uint64_t offset, const void* from,
                               size_t byte_length);
  // Makes everything written before durable. Never blocks the caller. A store that has lost
  // acknowledged data does not succeed again: every later flush fails.
  virtual Progress begin_flush(Operation& operation) = 0;
  // Afterwards these bytes read as zeroes, and their space is given back as far as the medium can.
  // Never blocks the caller. Durable with the next flush, as a write is.
  virtual Progress begin_deallocate(Operation& operation, uint64_t offset,
                                    uint64_t byte_length) = 0;

  // `hook` is called, from any thread, after an operation that was Pending has ended: a parked step
  // loop wakes up by it. Set before the first operation; a store that never answers Pending ignores
  // it.
  virtual void set_completion_hook(std::function<void()> hook) {}
};

}  // namespace nvm::emulator
