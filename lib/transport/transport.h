// SPDX-License-Identifier: MIT
// How registers and DMA reach a device. One file per transport; nothing above this interface knows
// which one it is, and nothing above it dereferences a BAR.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform/status.h"
#include "platform/wake.h"

namespace nvm {

class Buffer;

// A stretch of memory that is contiguous for the device.
struct IoRun {
  uint64_t io_address;
  uint64_t byte_length;
};

struct Mapping {
  std::vector<IoRun> runs;  // in the order of the memory, covering all of it
  uint64_t handle = 0;      // the transport's own
};

// The doorbells as memory. The doorbell of queue y is at base + (2y + (completion ? 1 : 0)) *
// stride_bytes.
struct Doorbells {
  volatile uint32_t* base = nullptr;
  size_t byte_length = 0;
  uint32_t stride_bytes = 4;
  // Non-null where the device may park: after ringing, exchange-ordered, a non-zero word means
  // "call ring_wake". Null for real devices.
  std::atomic<uint32_t>* sleeping = nullptr;
  // Device registers: ring with a plain store after a store fence; an atomic exchange would read
  // the register.
  bool uncached = false;
};

struct Capabilities {
  bool emulated = false;       // not a drive: figures are software overhead
  bool foreign_memory = true;  // map() takes any address range of this process
  bool wakes = false;          // bind_wake works: a consumer may sleep until a completion
  bool pumps = false;          // pump() steps the device in the caller
  bool write_protected = false;
  uint16_t vectors = 1;  // interrupt vectors that bind_wake may name
  std::string name;      // "emulator", "sysfs", "vfio"
  std::string address;   // what was opened, for messages
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual const Capabilities& capabilities() const = 0;

  // Controller registers (NVMe base 2.0, 3.1). A device that is gone reads as all ones.
  virtual uint32_t read_register32(uint32_t offset) = 0;
  virtual uint64_t read_register64(uint32_t offset) = 0;
  virtual void write_register32(uint32_t offset, uint32_t value) = 0;
  virtual void write_register64(uint32_t offset, uint64_t value) = 0;

  virtual Doorbells doorbells() = 0;
  // Wakes a parked device. Needed only after Doorbells::sleeping was seen non-zero.
  virtual void ring_wake() {}

  // What nvm_ctrl_t.mm_ptr shows to C programs: page 0 the registers or a view of them, page 1 the
  // doorbells.
  virtual volatile void* bar() = 0;
  virtual size_t bar_byte_length() = 0;

  // Makes a buffer addressable for the device, whole pages. The caller keeps it alive until unmap.
  virtual Result<Mapping> map(const Buffer& buffer) = 0;
  // ERR_MAPPED while a queue of the device still lives in this memory.
  virtual Status unmap(const Mapping& mapping) = 0;

  // Announces completions of the queues that use interrupt vector `vector` to `target`; an empty
  // target ends it, and after that call the old target is not touched again.
  virtual Status bind_wake(uint16_t vector, const WakeTarget& target) {
    return Status(ErrorCode::Unsupported, "this transport delivers no interrupts");
  }

  // Function-level reset: the controller is disabled and reaches no memory afterwards.
  virtual Status reset() = 0;

  // Steps the device in the calling thread where that is possible; true when it did something.
  virtual bool pump() { return false; }
};

}  // namespace nvm
