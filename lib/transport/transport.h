// SPDX-License-Identifier: MIT
// How registers and DMA reach a device. One file per transport; nothing above this interface knows
// which one it is, and nothing above it dereferences a BAR.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "memory/buffer.h"
#include "platform/namespace_changes.h"
#include "platform/status.h"
#include "platform/wake.h"
#include "transport/sharing_policy.h"

namespace nvm {

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

// I/O addresses of the two pages of Doorbell Buffer Config (NVMe base 2.0, 5.8).
struct ShadowPages {
  uint64_t doorbells;
  uint64_t event_indices;
};

struct Capabilities {
  bool emulated = false;       // not a drive: figures are software overhead
  bool foreign_memory = true;  // map() takes any address range of this process
  bool wakes = false;          // bind_wake works: a consumer may sleep until a completion
  bool pumps = false;          // pump() steps the device in the caller
  bool write_protected = false;
  uint16_t vectors = 1;  // interrupt vectors that bind_wake may name
  // When the device has gone, another one may come in its place: on_device_back().
  bool comes_back = false;
  // It is given memory as files, which it maps itself, and takes few.
  bool maps_files = false;
  std::string name;     // "emulator", "sysfs", "vfio", "vfio-user"
  std::string address;  // what was opened, for messages
};

// How a client in another process maps what it needs of the BAR.
struct BarShare {
  int bar_fd = -1;  // borrowed, as the other
  uint64_t bar_offset = 0;
  size_t bar_byte_length = 0;
  int doorbell_fd = -1;
  uint64_t doorbell_offset = 0;
  size_t doorbell_byte_length = 0;
  uint32_t sleeping_offset = 0;           // in the BAR; 0: the device never parks
  uint32_t namespace_changes_offset = 0;  // in the BAR; 0: the device does not count them
};

// A client's part of a device whose owner shares it. What a client cannot be kept from is said by
// the port's own documentation.
class ClientPort {
 public:
  virtual ~ClientPort() = default;
  // Ends it, once nothing is mapped any more and no queue is left; false while the device still
  // works for the client.
  virtual bool release() = 0;

  virtual BarShare bar() = 0;
  // As Transport's, for queues of the client. `wanted`: the first I/O address, or 0 for any;
  // ERR_BUSY when that is taken. The buffer and its file need not outlive the call, its pages do.
  virtual Result<Mapping> map(const Buffer& buffer, uint64_t wanted) = 0;
  virtual Status unmap(const Mapping& mapping) = 0;
  // Whether queues that are made under this id are the client's.
  virtual void assign_queue(uint16_t id, bool is_clients) = 0;
  // The next admin command with this CID is the client's. Before it is rung.
  virtual void assign_admin_command(uint16_t command_id) = 0;
  // I/O commands so far; UINT64_MAX: nobody counts.
  virtual uint64_t io_commands() = 0;
};

struct RemoteManager;  // driver/remote_manager.h

class Transport {
 public:
  virtual ~Transport() = default;

  virtual const Capabilities& capabilities() const = 0;

  // Controller registers (NVMe base 2.0, 3.1). A device that is gone reads as all ones.
  virtual uint32_t read_register32(uint32_t offset) = 0;
  virtual uint64_t read_register64(uint32_t offset) = 0;
  virtual void write_register32(uint32_t offset, uint32_t value) = 0;
  virtual void write_register64(uint32_t offset, uint64_t value) = 0;

  // Why registers read as all ones.
  virtual Status gone() { return Status(ErrorCode::ControllerGone, capabilities().address); }

  virtual Doorbells doorbells() = 0;
  // Wakes a parked device. Needed only after Doorbells::sleeping was seen non-zero.
  virtual void ring_wake() {}
  // A queue is about to be created, whose doorbell is 0 therefore.
  virtual void clear_doorbell(uint16_t queue_id, bool completion) {}
  // Where each ring costs more than memory does: what the controller is to be told with Doorbell
  // Buffer Config, and that it has accepted, which is so until it is disabled.
  virtual std::optional<ShadowPages> shadow_pages() { return {}; }
  virtual void use_shadow_pages() {}

  // How often namespaces have changed: for who knows their formats to look at before each command.
  // Kept by the device, for all who use it, where it can; else what count_namespace_change() is
  // told, and what a manager in another process tells. The same memory for as long as the
  // transport.
  virtual const NamespaceChanges& namespace_changes() { return told_changes_; }
  // Whether those are all changes, by whomever; otherwise the controller has to be asked for events
  // to hear of what other controllers do.
  virtual bool hears_of_namespace_changes() { return false; }
  // One is about to change, or has. kAllNamespaces: any of them.
  void count_namespace_change(uint32_t namespace_id) {
    nvm::count_namespace_change(told_changes_, namespace_id);
    std::lock_guard lock(told_mutex_);
    for (const auto& [who, told] : told_) told();
  }
  // `told` is called, on any thread, after each such count, until null takes its place.
  void watch_namespace_changes(const void* who, std::function<void()> told) {
    std::lock_guard lock(told_mutex_);
    if (told) {
      told_[who] = std::move(told);
    } else {
      told_.erase(who);
    }
  }

  // What nvm_ctrl_t.mm_ptr shows to C programs: page 0 the registers or a view of them, page 1 the
  // doorbells.
  virtual volatile void* bar() = 0;
  virtual size_t bar_byte_length() = 0;

  // Memory for map(), from where this transport can map it best. As Buffer::allocate.
  virtual Result<std::shared_ptr<Buffer>> allocate(size_t byte_length) {
    return Buffer::allocate(byte_length);
  }
  // Makes a buffer addressable for the device, whole pages. The caller keeps it alive until unmap.
  virtual Result<Mapping> map(const Buffer& buffer) = 0;
  // ERR_MAPPED while a queue of the device still lives in this memory.
  virtual Status unmap(const Mapping& mapping) = 0;

  // Announces completions of the queues that use interrupt vector `vector` to `target`; an empty
  // target ends it, and after that call the old target is not touched again.
  virtual Status bind_wake(uint16_t vector, const WakeTarget& target) {
    return Status(ErrorCode::Unsupported, "this transport delivers no interrupts");
  }

  // A part of the device for a client in another process. ERR_UNSUPPORTED where that cannot be, or
  // where the device cannot hold the client to the policy.
  virtual Result<std::unique_ptr<ClientPort>> open_port(const SharingPolicy& policy) {
    return Status(ErrorCode::Unsupported, capabilities().name + " devices are not shared");
  }

  // Where another process has the admin queues: how to ask it. Null: whoever claims them has them.
  virtual const RemoteManager* manager() { return nullptr; }
  // `lost` is called, on another thread, when no queue of ours exists any more: that manager has
  // reset the controller (ERR_QUEUE_LOST), or has gone (ERR_MANAGER_GONE), or the device has, where
  // that can be noticed (ERR_CONTROLLER_GONE). Once it returned, an old one is not called again.
  virtual void on_queues_lost(std::function<void(ErrorCode why)> lost) {}
  // `revive` is called, on another thread, when another device has come: registers are its, memory
  // is mapped as before. It enables the controller, and fails where that is not the one it was.
  // Until then awaits_manager(). Once this returned, an old one is not called again.
  virtual void on_device_back(std::function<Status()> revive) {}

  // Function-level reset: the controller is disabled and reaches no memory afterwards.
  virtual Status reset() = 0;

  // Steps the device in the calling thread where that is possible; true when it did something.
  virtual bool pump() { return false; }
  // Whether the device is at work for somebody in this moment, as far as can be seen.
  virtual bool is_stepping() { return false; }

  // The device that had our queues uses nothing of ours any more: what is opened under the same
  // name from now on is another one.
  virtual bool is_gone() { return false; }
  // Its manager in another process has gone, or the process whose device it is, and the next one is
  // waited for: what is asked of it meanwhile waits, too, once queues are marked as lost.
  virtual bool awaits_manager() { return false; }
  // Whoever goes is followed by another, which is awaited or has come. False where nobody waits for
  // one, and once that was given up.
  virtual bool has_next() { return false; }
  // To how many it has come after its first: each may have changed what is behind it.
  virtual uint32_t later_managers() { return 0; }
  // The last who uses it closes: from now on nothing waits for another manager.
  virtual void stop_waiting() {}
  // After all it does: somebody else has come who uses it.
  virtual void resume_waiting() {}
  // Whoever had it open has closed it. A manager in another process takes back what it had, and
  // keeps what the device has not let go of: nothing of it is this process's any more.
  virtual void leave() {}

 private:
  NamespaceChanges told_changes_{};
  std::mutex told_mutex_;  // guards what follows; held while they are called
  std::map<const void*, std::function<void()>> told_;
};

}  // namespace nvm
