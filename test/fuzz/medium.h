// SPDX-License-Identifier: MIT
// What a device keeps its blocks on: stores that answer at once or late, in any order, and may
// fail. It knows all of them, those of namespaces that are going as well.
#pragma once

#include <errno.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "emulator/saved_state.h"
#include "emulator/stores/media.h"
#include "emulator/subsystem.h"
#include "simulation/random.h"
#include "simulation/simulated_store.h"

namespace nvm::fuzz {

using simulation::StoreKind;

class Medium {
 public:
  bool full = false;  // no store can be made

  std::unique_ptr<emulator::Store> make_store(StoreKind kind, uint64_t byte_length);

  // Ends one operation of each store.
  void end_operations() {
    for (size_t i = 0; i < stores_.size(); i++) stores_[i]->end_one();
  }

 private:
  class KnownStore;

  simulation::Random random_{1};
  std::vector<simulation::SimulatedStore*> stores_;
};

class Medium::KnownStore final : public emulator::Store {
 public:
  KnownStore(Medium& medium, const simulation::SimulatedStoreOptions& options)
      : medium_(medium), store_(options, medium.random_) {
    medium_.stores_.push_back(&store_);
  }
  ~KnownStore() override { std::erase(medium_.stores_, &store_); }

  uint64_t byte_length() const override { return store_.byte_length(); }
  bool read_only() const override { return false; }
  std::byte* bytes() override { return store_.bytes(); }
  bool may_fault() const override { return false; }
  emulator::Progress begin_read(emulator::Operation& operation, uint64_t offset, void* to,
                                size_t byte_length) override {
    return store_.begin_read(operation, offset, to, byte_length);
  }
  emulator::Progress begin_write(emulator::Operation& operation, uint64_t offset, const void* from,
                                 size_t byte_length) override {
    return store_.begin_write(operation, offset, from, byte_length);
  }
  emulator::Progress begin_flush(emulator::Operation& operation) override {
    return store_.begin_flush(operation);
  }
  emulator::Progress begin_deallocate(emulator::Operation& operation, uint64_t offset,
                                      uint64_t byte_length) override {
    return store_.begin_deallocate(operation, offset, byte_length);
  }

 private:
  Medium& medium_;
  simulation::SimulatedStore store_;
};

inline std::unique_ptr<emulator::Store> Medium::make_store(StoreKind kind, uint64_t byte_length) {
  constexpr unsigned kFailPercent = 2;
  return std::make_unique<KnownStore>(
      *this, simulation::SimulatedStoreOptions{kind, byte_length, 512, kFailPercent});
}

using StoreLengths = std::map<emulator::StoreName, uint64_t>;

// Stores by name, as beside an image. Namespaces with an even number answer late.
class FuzzFamily final : public emulator::StoreFamily {
 public:
  FuzzFamily(Medium& medium, StoreLengths lengths)
      : medium_(medium), lengths_(std::move(lengths)) {}

  const StoreLengths& lengths() const { return lengths_; }

  bool read_only() const override { return false; }
  Result<std::vector<emulator::StoreName>> list() override {
    std::vector<emulator::StoreName> names;
    for (const auto& [name, byte_length] : lengths_) names.push_back(name);
    return names;
  }
  Result<std::unique_ptr<emulator::Store>> open(emulator::StoreName name) override {
    const auto found = lengths_.find(name);
    if (found == lengths_.end()) return Status(ErrorCode::Image, "it is missing", ENOENT);
    const bool late = name.namespace_id % 2 == 0;
    return medium_.make_store(late ? StoreKind::Delayed : StoreKind::Memory, found->second);
  }
  Result<std::unique_ptr<emulator::Store>> create(emulator::StoreName name,
                                                  uint64_t byte_length) override {
    constexpr uint64_t kBytesMax = 1 << 20;
    if (medium_.full || byte_length > kBytesMax)
      return Status(ErrorCode::Image, "it is full", ENOSPC);
    lengths_[name] = byte_length;
    return open(name);
  }
  // The state that was saved last must not miss what goes: the device may end here.
  Status remove(emulator::StoreName name) override {
    lengths_.erase(name);
    if (!saved_.empty() && !loads()) abort();
    return {};
  }
  Result<std::optional<std::vector<std::byte>>> load() override {
    return std::optional<std::vector<std::byte>>();
  }
  Status save(std::span<const std::byte> state) override {
    saved_.assign(state.begin(), state.end());
    return {};
  }

 private:
  bool loads() const {
    Medium medium;
    auto family = std::make_unique<FuzzFamily>(medium, lengths_);
    emulator::Subsystem next(
        emulator::Identity{},
        std::make_unique<emulator::Media>(std::move(family), emulator::MediaCalls::AtOnce));
    return emulator::load_records(next, saved_).ok();
  }

  Medium& medium_;
  StoreLengths lengths_;
  std::vector<std::byte> saved_;
};

}  // namespace nvm::fuzz
