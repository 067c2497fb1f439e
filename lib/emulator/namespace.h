// SPDX-License-Identifier: MIT
// A namespace: a store, its format, a command set that executes on it, and a timing model or none.
#pragma once

#include <memory>

#include "emulator/executor.h"
#include "emulator/store.h"
#include "emulator/timing_model.h"

namespace nvm::emulator {

struct Namespace {
  std::unique_ptr<Store> store;
  uint32_t lba_byte_length = 512;
  std::unique_ptr<TimingModel> timing;  // null: as fast as the machine
  std::unique_ptr<Executor> executor;

  uint64_t block_count() const { return store->byte_length() / lba_byte_length; }
};

// A namespace with the NVM command set over `store`.
std::unique_ptr<Namespace> make_nvm_namespace(std::unique_ptr<Store> store,
                                              uint32_t lba_byte_length,
                                              std::unique_ptr<TimingModel> timing);

}  // namespace nvm::emulator
