// SPDX-License-Identifier: MIT
#include "machine.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "platform/cached_copy.h"
#include "platform/clock.h"
#include "platform/ordering.h"

namespace nvm::peers {

namespace {

constexpr uint64_t kSourceBytes = 1ull << 30;
constexpr uint32_t kRoundsPerClock = 1024;
constexpr uint32_t kBytesPerClock = 4 << 20;  // copied between two looks at the clock
constexpr uint32_t kPrefetchedBytes = 4096;   // beyond them the CPU prefetches by itself
constexpr unsigned char kFilling = 0x5a;

struct alignas(128) Line {
  std::atomic<uint32_t> word{0};
};

struct alignas(4096) Page {
  std::byte bytes[4096];
};

std::byte* filled_source() {
  static std::byte* source = [] {
    void* memory = mmap(nullptr, kSourceBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      std::perror("mmap of 1 GiB");
      std::exit(1);
    }
    madvise(memory, kSourceBytes, MADV_HUGEPAGE);
    std::memset(memory, kFilling, kSourceBytes);
    return static_cast<std::byte*>(memory);
  }();
  return source;
}

void prefetch(const std::byte* bytes, uint32_t byte_length) {
  const uint32_t reach = std::min(byte_length, kPrefetchedBytes);
  for (uint32_t line = 0; line < reach; line += 64) __builtin_prefetch(bytes + line);
}

}  // namespace

double measure_hand_off(uint64_t duration_ns) {
  Line ping, pong;
  std::atomic<bool> stop{false};
  std::thread echo([&] {
    for (uint32_t seen = 0; !stop.load(std::memory_order_relaxed);) {
      uint32_t value = ping.word.load(std::memory_order_acquire);
      if (value == seen) continue;
      pong.word.store(seen = value, std::memory_order_release);
    }
  });
  uint64_t start = monotonic_clock().now_ns(), now = start;
  uint32_t rounds = 0;
  while (now - start < duration_ns) {
    for (uint32_t i = 0; i < kRoundsPerClock; i++) {
      ping.word.store(++rounds, std::memory_order_release);
      while (pong.word.load(std::memory_order_acquire) != rounds) {
      }
    }
    now = monotonic_clock().now_ns();
  }
  stop = true;
  echo.join();
  return static_cast<double>(now - start) / rounds;
}

double measure_random_copy(uint32_t byte_length, uint32_t destination_count, uint64_t duration_ns) {
  std::byte* source = filled_source();
  std::vector<Page> pages(uint64_t{byte_length} * destination_count / sizeof(Page) + 1);
  auto* destinations = reinterpret_cast<std::byte*>(pages.data());
  const bool one_at_a_time = destination_count == 1;
  const uint32_t copies_per_look = std::max(1u, kBytesPerClock / byte_length);
  uint32_t state = 0x9e3779b9;
  auto next = [&] {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return source + uint64_t{state % (kSourceBytes / byte_length)} * byte_length;
  };
  const std::byte* from = next();
  uint64_t start = monotonic_clock().now_ns(), now = start;
  uint32_t copies = 0;
  while (now - start < duration_ns) {
    for (uint32_t i = 0; i < copies_per_look; i++, copies++) {
      std::byte* to = destinations + uint64_t{copies % destination_count} * byte_length;
      const std::byte* following = nullptr;
      if (!one_at_a_time) prefetch(following = next(), byte_length);
      cached_copy(to, from, byte_length);
      asm volatile("" : : "r"(to) : "memory");
      if (one_at_a_time) {  // what was copied says where to go on
        state ^= std::to_integer<uint32_t>(to[byte_length - 1]) ^ kFilling;
        following = next();
      }
      from = following;
    }
    now = monotonic_clock().now_ns();
  }
  return static_cast<double>(now - start) / copies;
}

}  // namespace nvm::peers
