// SPDX-License-Identifier: MIT
// What was never written is not looked at.
#include "emulator/stores/written_pages.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <memory>
#include <vector>

#include "doctest/doctest.h"
#include "emulator/running_device.h"
#include "emulator/saved_device.h"
#include "emulator/stores/memory_store.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kBytes = 256ull << 30;
constexpr uint64_t kPageBytes = 4096;

TEST_CASE("of a large store only what was written is visited, all of it and in order") {
  auto store = make_memory_store(kBytes + 512);
  REQUIRE(store.ok());
  const std::span bytes(store.value()->bytes(), store.value()->byte_length());
  // Else the test takes a huge page for each byte.
  REQUIRE(madvise(store.value()->bytes(), bytes.size() - 512, MADV_NOHUGEPAGE) == 0);
  // More parts than one call of the kernel tells of, and both ends.
  std::vector<uint64_t> places = {0};
  for (uint64_t i = 1; i < 600; i++) places.push_back(i << 28 | 12345);
  places.push_back(bytes.size() - 1);
  for (const uint64_t place : places) bytes[place] = std::byte{1};
  CHECK(bytes[777ull << 28] == std::byte{0});  // was read, and not written

  uint64_t visited = 0;
  uint64_t last_end = 0;
  std::vector<uint64_t> found;
  for_each_written(bytes, [&](std::span<const std::byte> part) {
    const auto first = static_cast<uint64_t>(part.data() - bytes.data());
    CHECK(first >= last_end);
    last_end = first + part.size();
    visited += part.size();
    for (const uint64_t place : places) {
      if (place >= first && place < last_end) found.push_back(place);
    }
    return true;
  });
  CHECK(found == places);
  CHECK(last_end <= bytes.size());
  if (knows_written_pages()) CHECK(visited <= places.size() * kPageBytes);
}

TEST_CASE("a visitor that returns false is not called again") {
  auto store = make_memory_store(64 << 20);
  REQUIRE(store.ok());
  const std::span bytes(store.value()->bytes(), store.value()->byte_length());
  bytes[0] = bytes[32 << 20] = std::byte{1};
  int visits = 0;
  for_each_written(bytes, [&](std::span<const std::byte>) { return ++visits > 1; });
  CHECK(visits == 1);
}

TEST_CASE("saving a large device touches none of the memory that it has not used") {
  if (!knows_written_pages()) return;
  EmulatorOptions options;
  options.namespaces[0].byte_length = 64ull << 30;
  auto made = make_emulated_device(options);
  REQUIRE(made.ok());
  RunningDevice device(std::move(made.value()));
  DeviceSaving saving(device);
  REQUIRE(saving.begin());
  rusage before{};
  rusage after{};
  getrusage(RUSAGE_SELF, &before);
  auto saved = saving.finish();
  getrusage(RUSAGE_SELF, &after);
  REQUIRE(saved.ok());
  CHECK(saved.value().size() < 64 << 10);
  // Reading all of it would be a fault for each of 32,768 huge pages.
  CHECK(after.ru_minflt - before.ru_minflt < 1000);
}

}  // namespace
}  // namespace nvm::emulator
