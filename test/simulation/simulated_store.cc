// SPDX-License-Identifier: MIT
#include "simulated_store.h"

#include <cstring>

namespace nvm::simulation {

using emulator::CrashStore;
using emulator::Operation;
using emulator::Progress;

SimulatedStore::SimulatedStore(const SimulatedStoreOptions& options, Random& random)
    : options_(options), random_(random) {
  std::vector<std::byte> zeroes(options.byte_length);
  if (options.kind == StoreKind::Memory) {
    bytes_ = std::move(zeroes);
  } else {
    medium_ = std::make_unique<CrashStore>(std::move(zeroes),
                                           emulator::CrashStoreOptions{options.block_byte_length});
  }
}

SimulatedStore::~SimulatedStore() {
  for (const Pending& each : pending_) each.operation->progress.store(Progress::Failed);
}

Progress SimulatedStore::begin_read(Operation& operation, uint64_t offset, void* to,
                                    size_t byte_length) {
  if (medium_ == nullptr) return Store::begin_read(operation, offset, to, byte_length);
  return begin({Kind::Read, &operation, offset, to, nullptr, byte_length});
}

Progress SimulatedStore::begin_write(Operation& operation, uint64_t offset, const void* from,
                                     size_t byte_length) {
  if (medium_ == nullptr) return Store::begin_write(operation, offset, from, byte_length);
  return begin({Kind::Write, &operation, offset, nullptr, from, byte_length});
}

Progress SimulatedStore::begin_flush(Operation& operation) {
  if (medium_ == nullptr) return Progress::Done;
  return begin({Kind::Flush, &operation});
}

Progress SimulatedStore::begin_deallocate(Operation& operation, uint64_t offset,
                                          uint64_t byte_length) {
  if (medium_ == nullptr) {
    memset(bytes_.data() + offset, 0, byte_length);
    return Progress::Done;
  }
  return begin({Kind::Deallocate, &operation, offset, nullptr, nullptr, byte_length});
}

Progress SimulatedStore::begin(Pending pending) {
  if (options_.kind == StoreKind::Immediate) return execute(pending);
  pending.fails = random_.chance(options_.fail_percent);
  pending.operation->progress.store(Progress::Pending);
  pending_.push_back(pending);
  return Progress::Pending;
}

Progress SimulatedStore::execute(const Pending& pending) {
  Operation operation;
  switch (pending.kind) {
    case Kind::Read:
      return medium_->begin_read(operation, pending.offset, pending.to, pending.byte_length);
    case Kind::Write:
      return medium_->begin_write(operation, pending.offset, pending.from, pending.byte_length);
    case Kind::Deallocate:
      return medium_->begin_deallocate(operation, pending.offset, pending.byte_length);
    default:
      return medium_->begin_flush(operation);
  }
}

// A change that fails may have happened; of a read or a flush that fails nothing has.
void SimulatedStore::land(Pending& pending) {
  const bool changes = pending.kind == Kind::Write || pending.kind == Kind::Deallocate;
  if (!pending.fails || (changes && random_.chance(50))) execute(pending);
  pending.landed = true;
}

bool SimulatedStore::end_one() {
  if (pending_.empty()) return false;
  std::swap(random_.pick(pending_), pending_.back());
  if (!pending_.back().landed) {
    land(pending_.back());
    if (random_.chance(30)) return true;  // heard of later
  }
  const Pending pending = pending_.back();
  pending_.pop_back();
  pending.operation->progress.store(pending.fails ? Progress::Failed : Progress::Done);
  return true;
}

void SimulatedStore::crash() {
  for (const Pending& each : pending_) each.operation->progress.store(Progress::Failed);
  pending_.clear();
  const CrashStore& before = *medium_;
  medium_ = std::make_unique<CrashStore>(before.crash(random_.next()), before.options);
}

}  // namespace nvm::simulation
