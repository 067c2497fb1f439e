// SPDX-License-Identifier: MIT
// Memory that is given back.
#include "emulator/stores/memory_store.h"

#include <cstdio>
#include <cstring>
#include <fstream>

#include "emulator/stores/store_test.h"

namespace nvm::emulator {
namespace {

// Of the mapping in which `address` lies.
uint64_t resident_bytes(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  std::string line;
  bool here = false;
  while (std::getline(smaps, line)) {
    unsigned long first = 0;
    unsigned long end = 0;
    unsigned long kibibytes = 0;
    if (sscanf(line.c_str(), "%lx-%lx ", &first, &end) == 2) {
      const auto at = reinterpret_cast<unsigned long>(address);
      here = first <= at && at < end;
    } else if (here && sscanf(line.c_str(), "Rss: %lu kB", &kibibytes) == 1) {
      return uint64_t{kibibytes} << 10;
    }
  }
  return UINT64_MAX;
}

constexpr uint64_t kBytes = 16 << 20;

void check_hole(Store& store, uint64_t first, uint64_t end) {
  uint64_t wrong = 0;
  for (uint64_t at = 0; at < store.byte_length(); at++) {
    const bool inside = at >= first && at < end;
    wrong += store.bytes()[at] != std::byte{inside ? uint8_t{0} : uint8_t{0x5a}};
  }
  CHECK(wrong == 0);
}

TEST_CASE("deallocating memory gives whole huge pages back, by a worker") {
  auto store = make_memory_store(kBytes);
  REQUIRE(store.ok());
  memset(store.value()->bytes(), 0x5a, kBytes);
  const uint64_t before = resident_bytes(store.value()->bytes());
  CHECK(before >= kBytes);
  constexpr uint64_t kFirst = (1 << 20) + 100;
  constexpr uint64_t kEnd = (13 << 20) + 300;  // with 10 MiB of whole huge pages, from 2 to 12
  Operation operation;
  std::atomic<bool> hooked{false};
  store.value()->set_completion_hook([&] { hooked = true; });
  const Progress begun = store.value()->begin_deallocate(operation, kFirst, kEnd - kFirst);
  CHECK(begun == Progress::Pending);
  CHECK(outcome(operation, begun) == Progress::Done);
  CHECK(resident_bytes(store.value()->bytes()) == before - (10 << 20));
  check_hole(*store.value(), kFirst, kEnd);
  Store* raw = store.value().release();
  delete raw;  // joins the worker, so that the hook has been called
  CHECK(hooked);
}

TEST_CASE("a small range is zeroed at once, and takes no memory where nothing was written") {
  auto store = make_memory_store(kBytes);
  REQUIRE(store.ok());
  Operation operation;
  for (uint64_t at = 0; at < kBytes; at += 1 << 20) {
    CHECK(store.value()->begin_deallocate(operation, at, 1 << 20) == Progress::Done);
  }
  CHECK(resident_bytes(store.value()->bytes()) == 0);
  memset(store.value()->bytes(), 0x5a, kBytes);
  CHECK(store.value()->begin_deallocate(operation, 5000, 9000) == Progress::Done);
  check_hole(*store.value(), 5000, 14000);
  CHECK(store.value()->begin_deallocate(operation, kBytes, 0) == Progress::Done);
}

}  // namespace
}  // namespace nvm::emulator
