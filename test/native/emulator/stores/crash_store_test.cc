// SPDX-License-Identifier: MIT
// What a power failure may leave: the store that acts it out, and the map that judges it. Each is
// tested with the other.
#include "emulator/stores/crash_store.h"

#include <set>

#include "emulator/stores/shadow_map.h"
#include "emulator/stores/store_test.h"

namespace nvm::emulator {
namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kBlockCount = 8;

struct Disk {
  Disk() : Disk(std::vector<std::byte>(kBlockCount * kBlock), {kBlockCount, kBlock}) {}
  Disk(std::vector<std::byte> image, ShadowMap known)
      : store(std::move(image)), map(std::move(known)) {}

  std::vector<std::byte> blocks(uint64_t lba, uint64_t count, uint64_t version) {
    std::vector<std::byte> data(count * kBlock);
    for (uint64_t i = 0; i < count; i++) {
      stamp_block(std::span(data).subspan(i * kBlock, kBlock), lba + i, version);
    }
    return data;
  }
  void write(uint64_t lba, uint64_t count, uint64_t version) {
    const auto data = blocks(lba, count, version);
    const auto token = map.begin_write(lba, count, version);
    REQUIRE(store.begin_write(operation, lba * kBlock, data.data(), data.size()) == Progress::Done);
    map.end_write(token);
  }
  void flush() {
    const auto token = map.begin_flush();
    REQUIRE(store.begin_flush(operation) == Progress::Done);
    map.end_flush(token);
  }
  // The versions of a block over many crashes; torn ones are UINT64_MAX.
  std::set<uint64_t> versions(uint64_t lba) {
    std::set<uint64_t> found;
    for (uint64_t seed = 0; seed < 400; seed++) {
      const auto image = store.crash(seed);
      found.insert(
          version_of(std::span(image).subspan(lba * kBlock, kBlock), lba).value_or(UINT64_MAX));
    }
    return found;
  }
  std::optional<ShadowMap::Illegal> first_illegal() {
    for (uint64_t seed = 0; seed < 400; seed++) {
      if (const auto illegal = map.find_illegal(store.crash(seed))) return illegal;
    }
    return {};
  }

  CrashStore store;
  ShadowMap map;
  Operation operation;
};

using Versions = std::set<uint64_t>;

TEST_CASE("what was written is read, before and after a flush, and is no memory") {
  Disk disk;
  CHECK(disk.store.bytes() == nullptr);
  disk.write(2, 3, 7);
  std::vector<std::byte> back(3 * kBlock);
  for (int round = 0; round < 2; round++) {
    REQUIRE(disk.store.begin_read(disk.operation, 2 * kBlock, back.data(), back.size()) ==
            Progress::Done);
    CHECK(back == disk.blocks(2, 3, 7));
    disk.flush();
  }
  CHECK(disk.store.begin_read(disk.operation, 7 * kBlock, back.data(), 2 * kBlock) ==
        Progress::Failed);
  CHECK(disk.operation.os_error == EINVAL);
  CHECK(disk.store.begin_write(disk.operation, UINT64_MAX, back.data(), kBlock) ==
        Progress::Failed);
}

TEST_CASE("a crash loses any of the writes since the last flush, and none before it") {
  Disk disk;
  disk.write(0, 1, 1);
  disk.write(1, 1, 2);
  disk.flush();
  CHECK(disk.store.unflushed_count() == 0);
  CHECK(disk.versions(0) == Versions{1});
  disk.write(0, 1, 3);
  disk.write(0, 1, 4);
  CHECK(disk.versions(0) == Versions{1, 3, 4});
  CHECK(disk.versions(1) == Versions{2});
  disk.flush();
  CHECK(disk.versions(0) == Versions{4});
  CHECK(disk.store.crash(5) == disk.store.crash(5));
}

TEST_CASE("a write is torn between its blocks, or within them when asked") {
  Disk disk;
  disk.write(0, 4, 9);
  std::set<std::vector<uint64_t>> patterns;
  for (uint64_t seed = 0; seed < 2000; seed++) {
    const auto image = disk.store.crash(seed);
    std::vector<uint64_t> pattern;
    for (uint64_t lba = 0; lba < 4; lba++) {
      pattern.push_back(
          version_of(std::span(image).subspan(lba * kBlock, kBlock), lba).value_or(UINT64_MAX));
    }
    patterns.insert(pattern);
  }
  CHECK(patterns.size() == 16);  // each block with and without, none torn
  disk.store.options.tear_byte_length = 64;
  CHECK(disk.versions(0) == Versions{0, 9, UINT64_MAX});
  CHECK(disk.first_illegal().has_value());
  disk.store.options.tear_byte_length = 4 * kBlock;
  for (uint64_t seed = 0; seed < 400; seed++) {
    const auto image = disk.store.crash(seed);
    const auto version = [&](uint64_t lba) {
      return version_of(std::span(image).subspan(lba * kBlock, kBlock), lba);
    };
    CHECK(version(0) == version(3));
  }
}

TEST_CASE("a flush that is held covers only what had ended when it began") {
  Disk disk;
  disk.store.options.hold_flushes = true;
  disk.write(0, 1, 1);
  Operation flush;
  CHECK(disk.store.begin_flush(flush) == Progress::Pending);
  disk.write(1, 1, 2);
  CHECK(disk.versions(0) == Versions{0, 1});
  bool hooked = false;
  disk.store.set_completion_hook([&] { hooked = flush.progress == Progress::Done; });
  CHECK(disk.store.end_oldest());
  CHECK(hooked);
  CHECK(disk.versions(0) == Versions{1});
  CHECK(disk.versions(1) == Versions{0, 2});
  CHECK_FALSE(disk.store.end_oldest());
  CHECK(disk.store.begin_flush(flush) == Progress::Pending);
  CHECK(disk.store.end_oldest(EIO));
  CHECK(flush.progress == Progress::Failed);
  CHECK(flush.os_error == EIO);
  CHECK(disk.versions(1) == Versions{0, 2});
}

TEST_CASE("a write that is held may be on the medium, is not read, and is not flushed") {
  Disk disk;
  disk.store.options.hold_writes = true;
  const auto data = disk.blocks(0, 2, 5);
  Operation first;
  CHECK(disk.store.begin_write(first, 0, data.data(), data.size()) == Progress::Pending);
  CHECK(disk.versions(0) == Versions{0, 5});
  disk.flush();
  CHECK(disk.versions(0) == Versions{0, 5});
  // A later one that ends first: the one that ends last is read, and survives the flush.
  const auto later = disk.blocks(0, 1, 6);
  disk.store.options.hold_writes = false;
  CHECK(disk.store.begin_write(disk.operation, 0, later.data(), later.size()) == Progress::Done);
  CHECK(disk.store.end_oldest());
  disk.flush();
  CHECK(disk.versions(0) == Versions{5});
  // A failed write has happened in part.
  disk.store.options.hold_writes = true;
  const auto failed = disk.blocks(2, 2, 8);
  CHECK(disk.store.begin_write(first, 2 * kBlock, failed.data(), failed.size()) ==
        Progress::Pending);
  CHECK(disk.store.end_oldest(ENOSPC));
  CHECK(first.progress == Progress::Failed);
  disk.flush();
  CHECK(disk.versions(2) == Versions{8});
  CHECK(disk.versions(3) == Versions{0});
}

TEST_CASE("a deallocation is a write of zeroes") {
  Disk disk;
  disk.write(0, 4, 1);
  disk.flush();
  const auto token = disk.map.begin_write(1, 2, 0);
  CHECK(disk.store.begin_deallocate(disk.operation, kBlock, 2 * kBlock) == Progress::Done);
  disk.map.end_write(token);
  CHECK(disk.versions(1) == Versions{0, 1});
  CHECK(disk.first_illegal() == std::nullopt);
  disk.flush();
  CHECK(disk.versions(2) == Versions{0});
  CHECK(disk.versions(3) == Versions{1});
  CHECK(disk.first_illegal() == std::nullopt);
}

TEST_CASE("the shadow map finds what a broken flush loses") {
  Disk disk;
  disk.write(3, 1, 1);
  disk.map.end_flush(disk.map.begin_flush());  // acknowledged, and nobody told the store
  const auto illegal = disk.first_illegal();
  REQUIRE(illegal.has_value());
  CHECK(illegal->lba == 3);
  CHECK(illegal->version == 0);
}

TEST_CASE("a durable write makes earlier versions illegal, and not those written beside it") {
  ShadowMap map(1, kBlock);
  const auto a = map.begin_write(0, 1, 1);
  const auto b = map.begin_write(0, 1, 2);
  map.end_write(a);
  map.end_write(b, true);
  CHECK_FALSE(map.is_legal(0, 0));
  CHECK(map.is_legal(0, 1));  // both were under way: either may have been the last
  CHECK(map.is_legal(0, 2));
  const auto flush = map.begin_flush();
  const auto c = map.begin_write(0, 1, 3);
  map.end_write(c);
  map.end_flush(flush);
  CHECK(map.is_legal(0, 1));
  CHECK(map.is_legal(0, 3));
  map.end_flush(map.begin_flush());
  CHECK_FALSE(map.is_legal(0, 1));
  CHECK_FALSE(map.is_legal(0, 2));
  CHECK(map.is_legal(0, 3));
  map.begin_write(0, 1, 4);  // never ends
  map.end_write(map.begin_write(0, 1, 5), true);
  CHECK(map.is_legal(0, 4));
  CHECK_FALSE(map.is_legal(0, 3));
}

TEST_CASE("over many crashes and restarts every image is legal") {
  for (uint64_t seed = 1; seed <= 50; seed++) {
    uint64_t state = seed;
    const auto below = [&](uint64_t limit) {
      state = state * 6364136223846793005 + 1442695040888963407;
      return (state >> 33) % limit;
    };
    ShadowMap map(kBlockCount, kBlock);
    std::vector<std::byte> image(kBlockCount * kBlock);
    uint64_t version = 0;
    for (int life = 0; life < 5; life++) {
      Disk disk(image, map);
      for (int step = 0; step < 20; step++) {
        const uint64_t lba = below(kBlockCount);
        if (below(4) == 0) {
          disk.flush();
        } else {
          disk.write(lba, 1 + below(kBlockCount - lba), ++version);
        }
        REQUIRE(disk.map.find_illegal(disk.store.crash(below(1 << 20))) == std::nullopt);
      }
      image = disk.store.crash(below(1 << 20));
      map = disk.map;
      map.restart(image);
    }
  }
}

}  // namespace
}  // namespace nvm::emulator
