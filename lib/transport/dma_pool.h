// SPDX-License-Identifier: MIT
// Memory in a few large regions, each made known to the device once, of which buffers are parts:
// for devices that take few regions. A region stays until the pool and every buffer of it are gone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "memory/buffer.h"
#include "memory/io_address_space.h"

namespace nvm {

class DmaPool {
 public:
  // Makes `region` known to the device; returns the I/O address of its first byte.
  using MapRegion = std::function<Result<uint64_t>(const Buffer& region)>;

  explicit DmaPool(MapRegion map_region) : map_region_(std::move(map_region)) {}

  // Zeroed, whole pages; at 2 MiB and more, aligned to 2 MiB. ERR_MEMORY; what mapping a region
  // fails with.
  Result<std::shared_ptr<Buffer>> allocate(size_t byte_length);
  // The I/O address of memory that is from here.
  std::optional<uint64_t> find(const Buffer& buffer);

  // From now on what comes back is not used again, nor given to the system: the device may still
  // write to it. Until resume().
  void hold();
  void resume();

 private:
  struct Region;

  static Result<std::shared_ptr<Buffer>> take_part(const std::shared_ptr<Region>& region,
                                                   size_t byte_length);
  Result<std::shared_ptr<Buffer>> take_free(size_t byte_length);
  Result<std::shared_ptr<Buffer>> take_of_new(size_t region_bytes, size_t byte_length);

  const MapRegion map_region_;
  // Of who adds a region, which may wait for the device: all else goes on meanwhile. Taken first.
  std::mutex growth_mutex_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::shared_ptr<Region>> regions_;
  bool holding_ = false;
};

}  // namespace nvm
