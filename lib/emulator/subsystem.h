// SPDX-License-Identifier: MIT
// An NVM subsystem: namespaces, and the controllers through which hosts reach them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "emulator/faults/fault_plan.h"
#include "emulator/io_command.h"
#include "emulator/namespace.h"
#include "emulator/pcie_controller.h"

namespace nvm::emulator {

class Media;
struct Records;

// No registered vendor: 0x4e50 ("PN" in memory) is not assigned by PCI-SIG, so that no operating
// system applies another device's quirks to ours.
constexpr uint16_t kPciVendorId = 0x4e50;

struct Identity {
  std::string serial_number = "PEERNVM0";         // at most 20 ASCII characters
  std::string model_number = "peernvm emulator";  // at most 40
  std::string firmware_revision = "0.1";          // at most 8
  // Identify VID and SSVID, as in the PCI configuration space.
  uint16_t pci_vendor_id = kPciVendorId;
  uint16_t pci_subsystem_vendor_id = kPciVendorId;
  uint64_t data_identity = 0;  // of the blocks: another number where they are others; 0: unknown
};

constexpr uint32_t kControllersMax = 64;   // bits of Namespace::controllers
constexpr uint32_t kNamespacesMax = 1024;  // what one namespace list holds

class Subsystem {
 public:
  // Stores that namespace commands make are in memory, or in `media`.
  explicit Subsystem(Identity identity);
  Subsystem(Identity identity, std::unique_ptr<Media> media);
  ~Subsystem();

  // Namespaces. One that was added is attached to the controllers that it names.

  // Takes the lowest free namespace id; 0, and nothing added, when there is none.
  uint32_t add_namespace(std::unique_ptr<Namespace> ns);
  // False when the id is taken or out of range.
  bool add_namespace(uint32_t namespace_id, std::unique_ptr<Namespace> ns);
  // Its commands go on until they end, then its stores go. False when there is none.
  bool remove_namespace(uint32_t namespace_id);
  bool attach_namespace(uint32_t namespace_id, uint16_t controller_id);
  // Null when there is none, attached or not.
  Namespace* find_namespace(uint32_t namespace_id) const {
    return namespace_id - 1 < namespaces_.size() ? namespaces_[namespace_id - 1].get() : nullptr;
  }
  // Null when it is not attached to the controller.
  Namespace* find_attached(uint32_t namespace_id, uint16_t controller_id) const {
    Namespace* ns = find_namespace(namespace_id);
    return ns != nullptr && (ns->controllers >> controller_id & 1) != 0 ? ns : nullptr;
  }
  template <class Visit>
  void for_each_namespace(Visit visit) const {
    for (const auto& ns : namespaces_) {
      if (ns != nullptr) visit(*ns);
    }
  }
  uint32_t namespace_count() const;
  // Whether a namespace may have this id, now or ever.
  bool is_valid_namespace_id(uint32_t id) const { return id != 0 && id <= namespaces_max_; }
  uint32_t free_namespace_id() const;  // 0: none
  // `make` gives each namespace that is added without a timing model one of its own, or null.
  void set_timing(MakeTiming make) { make_timing_ = std::move(make); }
  uint32_t namespaces_max() const { return namespaces_max_; }
  void set_namespaces_max(uint32_t most);

  // Bytes of data that namespaces may have in all; what is added grows it up to the limit.
  uint64_t capacity() const { return capacity_; }
  uint64_t allocated_capacity() const;
  void set_capacity(uint64_t byte_length) { capacity_ = byte_length; }
  // What their timing models can do with.
  uint64_t capacity_max = UINT64_MAX;
  // What was asked for, which nothing grows; 0: nothing was.
  uint64_t capacity_asked = 0;
  uint64_t capacity_limit() const { return capacity_asked != 0 ? capacity_asked : capacity_max; }

  // Controllers; their ids are their indices. At most kControllersMax.
  PcieController& add_controller(const PcieControllerLimits& limits);
  PcieController& controller(size_t index) { return *controllers_[index]; }
  size_t controller_count() const { return controllers_.size(); }

  const Identity& identity() const { return identity_; }
  Media& media() { return *media_; }
  // What is to go wrong, in all its controllers.
  FaultPlan& faults() { return faults_; }
  // What the subsystem remembers of itself.
  Records& records() { return *records_; }

  // For every namespace. False when the opcode is taken. Not while the subsystem is being stepped.
  bool add_io_command(IoCommand command) { return io_commands_.add(std::move(command)); }
  const IoCommands& io_commands() const { return io_commands_; }

  // `wake` is called, from any thread, when a store operation has ended and step() has work.
  void set_wake(std::function<void()> wake);
  // For a store that becomes part of a namespace.
  void set_completion_hook(Store& store) const;

  // While held, no controller takes new commands, so that those under way come to their end.
  void hold_fetching(bool held) { holds_fetching_ = held; }
  bool holds_fetching() const { return holds_fetching_; }

  // One command at a time changes which namespaces there are.
  bool changing_namespaces = false;

  // Whether what is remembered outlives the process.
  bool keeps_state() const { return keeps_state_; }
  void keep_state() { keeps_state_ = true; }
  // Keeps what is remembered where the namespaces are, together with what changes shortly after.
  void save_soon();
  // Whether a power failure would lose something that save_soon() was called for.
  bool has_unsaved_changes() const { return unsaved_ || savings_ != 0; }
  // Lives while what is remembered now is being saved.
  class Saving {
   public:
    explicit Saving(Subsystem& subsystem) : subsystem_(subsystem) {
      subsystem_.unsaved_ = false;
      subsystem_.savings_++;
    }
    ~Saving() {
      subsystem_.unsaved_ |= !succeeded;
      subsystem_.savings_--;
    }
    Saving(const Saving&) = delete;
    Saving& operator=(const Saving&) = delete;
    bool succeeded = false;

   private:
    Subsystem& subsystem_;
  };

  // Goes on with `work`, one turn in each step, until it ends; for what outlives the command that
  // asked for it.
  void begin_work(Task work) { work_.push_back(std::move(work)); }

  bool step(Clock& clock);
  uint64_t next_event_ns() const;

  // The clock of the current step; whoever steps a controller says which it is.
  void use_clock(Clock& clock) { clock_ = &clock; }
  uint64_t now_ns();
  // Since the first look at the clock.
  uint64_t running_ns() {
    const uint64_t now = now_ns();
    return now - started_at_ns_;
  }

 private:
  bool step_work(Clock& clock);
  bool is_free(uint32_t namespace_id) const;
  void note_namespace_change(const Namespace& ns, uint64_t controllers);
  Task remove_when_idle(Namespace* ns);
  Task save_later();

  const Identity identity_;
  std::function<void()> wake_;
  MakeTiming make_timing_;
  Clock* clock_ = nullptr;
  uint64_t started_at_ns_ = 0;
  bool holds_fetching_ = false;
  bool keeps_state_ = false;
  bool save_due_ = false;
  bool used_ = false;     // there is something to remember
  bool unsaved_ = false;  // something that is not in what was saved last
  uint32_t savings_ = 0;
  FaultPlan faults_;
  uint32_t namespaces_max_ = 256;
  uint64_t capacity_ = 0;
  std::unique_ptr<Media> media_;
  std::unique_ptr<Records> records_;
  IoCommands io_commands_;                              // whose coroutines the controllers hold
  std::vector<std::unique_ptr<Namespace>> namespaces_;  // by id − 1
  std::vector<std::unique_ptr<Namespace>> removed_;     // whose commands have not ended
  std::vector<std::unique_ptr<PcieController>> controllers_;
  std::vector<Task> work_;
};

// Ends when no command works on `ns` any more, but for the caller, who counts in its `in_flight`,
// so that it stays.
Task wait_until_idle(Subsystem& subsystem, Namespace& ns);

}  // namespace nvm::emulator
