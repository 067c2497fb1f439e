// SPDX-License-Identifier: MIT
// A store that answers when the simulation says so, in any order, and may fail, over a medium that
// forgets what was not flushed when the power fails; or plain memory.
#pragma once

#include <memory>
#include <vector>

#include "emulator/stores/crash_store.h"
#include "random.h"

namespace nvm::simulation {

enum class StoreKind { Memory, Immediate, Delayed };

struct SimulatedStoreOptions {
  StoreKind kind = StoreKind::Memory;
  uint64_t byte_length = 0;
  uint32_t block_byte_length = 512;  // what a crash leaves whole
  unsigned fail_percent = 0;         // of the operations of a delayed store
};

class SimulatedStore final : public emulator::Store {
 public:
  SimulatedStore(const SimulatedStoreOptions& options, Random& random);
  ~SimulatedStore() override;

  uint64_t byte_length() const override { return options_.byte_length; }
  bool read_only() const override { return false; }
  std::byte* bytes() override {
    return options_.kind == StoreKind::Memory ? bytes_.data() : nullptr;
  }
  bool may_fault() const override { return false; }
  emulator::Progress begin_read(emulator::Operation& operation, uint64_t offset, void* to,
                                size_t byte_length) override;
  emulator::Progress begin_write(emulator::Operation& operation, uint64_t offset, const void* from,
                                 size_t byte_length) override;
  emulator::Progress begin_flush(emulator::Operation& operation) override;
  emulator::Progress begin_deallocate(emulator::Operation& operation, uint64_t offset,
                                      uint64_t byte_length) override;

  // Ends one operation, or lets a change land that ends later; false when none is under way.
  bool end_one();
  // The power fails: operations under way come to nothing, and what was not flushed may be lost.
  void crash();

 private:
  enum class Kind { Read, Write, Flush, Deallocate };
  struct Pending {
    Kind kind;
    emulator::Operation* operation;
    uint64_t offset = 0;
    void* to = nullptr;
    const void* from = nullptr;
    size_t byte_length = 0;
    bool fails = false;
    bool landed = false;
  };

  emulator::Progress begin(Pending pending);
  void land(Pending& pending);
  emulator::Progress execute(const Pending& pending);

  const SimulatedStoreOptions options_;
  Random& random_;
  std::vector<std::byte> bytes_;                  // of a plain memory store
  std::unique_ptr<emulator::CrashStore> medium_;  // of the others
  std::vector<Pending> pending_;
};

}  // namespace nvm::simulation
