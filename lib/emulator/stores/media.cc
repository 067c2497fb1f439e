// SPDX-License-Identifier: MIT
#include "emulator/stores/media.h"

#include <errno.h>

#include "emulator/stores/memory_store.h"

namespace nvm::emulator {
namespace {

int error_of(const Status& status) {
  if (status.ok()) return 0;
  return status.failure().os_error != 0 ? status.failure().os_error : EIO;
}

// Knows names and lengths only: a store that is let go is gone with its data.
class MemoryFamily final : public StoreFamily {
 public:
  explicit MemoryFamily(std::map<StoreName, std::unique_ptr<Store>> stores)
      : stores_(std::move(stores)) {
    for (const auto& [name, store] : stores_) byte_lengths_[name] = store->byte_length();
  }
  bool read_only() const override { return false; }

  Result<std::vector<StoreName>> list() override {
    std::vector<StoreName> names;
    for (const auto& [name, byte_length] : byte_lengths_) names.push_back(name);
    return names;
  }
  Result<std::unique_ptr<Store>> open(StoreName name) override {
    const auto found = byte_lengths_.find(name);
    if (found == byte_lengths_.end()) {
      return Status(ErrorCode::Argument,
                    "namespace " + std::to_string(name.namespace_id) + " has no such store",
                    ENOENT);
    }
    auto given = stores_.extract(name);
    if (!given.empty()) return std::move(given.mapped());
    return make_memory_store(found->second);
  }
  Result<std::unique_ptr<Store>> create(StoreName name, uint64_t byte_length) override {
    auto store = make_memory_store(byte_length);
    if (store.ok()) byte_lengths_[name] = byte_length;
    return store;
  }
  Status remove(StoreName name) override {
    byte_lengths_.erase(name);
    return {};
  }
  Result<std::optional<std::vector<std::byte>>> load() override {
    return std::optional<std::vector<std::byte>>();
  }
  Status save(std::span<const std::byte>) override { return {}; }

 private:
  std::map<StoreName, uint64_t> byte_lengths_;
  std::map<StoreName, std::unique_ptr<Store>> stores_;  // that nobody opened yet
};

}  // namespace

std::unique_ptr<StoreFamily> make_memory_family(
    std::map<StoreName, std::unique_ptr<Store>> stores) {
  return std::make_unique<MemoryFamily>(std::move(stores));
}

Progress Media::begin(Operation& operation, std::function<Status()> call) {
  if (calls_ == MediaCalls::OnWorker) {
    return worker_.begin(operation, [call = std::move(call)] { return error_of(call()); });
  }
  operation.os_error = error_of(call());
  return operation.os_error == 0 ? Progress::Done : Progress::Failed;
}

Progress Media::begin_create(StoreCreation& operation, StoreName name, uint64_t byte_length) {
  return begin(operation, [this, &operation, name, byte_length] {
    auto store = family_->create(name, byte_length);
    if (store.ok()) operation.store = std::move(store.value());
    return std::move(store.status());
  });
}

Progress Media::begin_remove(Operation& operation, StoreName name, std::unique_ptr<Store> store) {
  std::shared_ptr<Store> open = std::move(store);
  return begin(operation, [this, name, open = std::move(open)]() mutable {
    open.reset();
    return family_->remove(name);
  });
}

Progress Media::begin_save(Operation& operation, std::vector<std::byte> state) {
  return begin(operation, [this, state = std::move(state)] { return family_->save(state); });
}

}  // namespace nvm::emulator
