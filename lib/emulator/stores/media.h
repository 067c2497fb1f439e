// SPDX-License-Identifier: MIT
// The stores of one subsystem: one for the data of each namespace, another for the metadata of a
// namespace that keeps it apart, and a place for the subsystem's own state. In memory, or in the
// files of an image.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "emulator/store.h"
#include "emulator/stores/file_store.h"
#include "emulator/stores/operation_worker.h"

namespace nvm::emulator {

enum class StorePart : uint8_t { Data, Metadata };

struct StoreName {
  uint32_t namespace_id;
  StorePart part;
  auto operator<=>(const StoreName&) const = default;
};

// Where stores and state are kept. Every call may block.
class StoreFamily {
 public:
  virtual ~StoreFamily() = default;
  virtual bool read_only() const = 0;

  // The stores that exist, in order.
  virtual Result<std::vector<StoreName>> list() = 0;
  // A store that exists. At most one at a time may be open of each name.
  virtual Result<std::unique_ptr<Store>> open(StoreName name) = 0;
  // A new store of zeroes, at least `byte_length` of them. What had that name is gone.
  virtual Result<std::unique_ptr<Store>> create(StoreName name, uint64_t byte_length) = 0;
  // Gives its space back; nothing happens when there is none. Its store must be gone already.
  virtual Status remove(StoreName name) = 0;

  // The state that was saved last; nothing when none was.
  virtual Result<std::optional<std::vector<std::byte>>> load() = 0;
  virtual Status save(std::span<const std::byte> state) = 0;
};

struct StoreCreation : Operation {
  std::unique_ptr<Store> store;  // when it is Done
};

// OnWorker: begin_* answers Pending, and a thread does it. AtOnce: it is done when begin_* returns,
// which only a simulation wants.
enum class MediaCalls { OnWorker, AtOnce };

// A StoreFamily whose changes can also be begun by a thread that steps queues. They run in the
// order in which they were begun. After a crash, a store that the saved state does not know is
// harmless and a store that it misses is not: so create, then save; and save, then remove.
class Media {
 public:
  explicit Media(std::unique_ptr<StoreFamily> family, MediaCalls calls = MediaCalls::OnWorker)
      : family_(std::move(family)), calls_(calls) {}
  ~Media() { worker_.finish(); }

  // For setting up, and whenever nothing begun is under way.
  StoreFamily& family() { return *family_; }

  void set_completion_hook(std::function<void()> hook) {
    worker_.set_completion_hook(std::move(hook));
  }
  Progress begin_create(StoreCreation& operation, StoreName name, uint64_t byte_length);
  // Takes the store, because letting it go may block as well; null when it is not open.
  Progress begin_remove(Operation& operation, StoreName name, std::unique_ptr<Store> store);
  Progress begin_save(Operation& operation, std::vector<std::byte> state);

 private:
  Progress begin(Operation& operation, std::function<Status()> call);

  std::unique_ptr<StoreFamily> family_;
  MediaCalls calls_;
  OperationWorker worker_;
};

// Stores in memory, gone with the process; its state is not kept either. The stores that it has at
// first are given once each, by open().
std::unique_ptr<StoreFamily> make_memory_family(
    std::map<StoreName, std::unique_ptr<Store>> stores = {});

// The files of an image: disk.img holds the data of namespace 1 and the lock for all, disk.img.nsN
// the data of namespace N, disk.img.meta and disk.img.nsN.meta metadata, disk.img.peernvm the state
// (sidecar.h). All are raw. Removing namespace 1 leaves an empty disk.img. Fails as
// open_file_store() does; an image that has a sidecar is not made larger. Without a path that leads
// to it (only a descriptor, a file that was deleted), an image has namespace 1 and nothing else.
Result<std::unique_ptr<StoreFamily>> open_image_family(const FileStoreOptions& options);

}  // namespace nvm::emulator
