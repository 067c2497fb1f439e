// SPDX-License-Identifier: MIT
#include "transport/dma_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "platform/clock.h"

using namespace nvm;

namespace {

constexpr size_t kPage = 4096;

// Maps regions one behind the other, up to a size.
struct Pooled {
  explicit Pooled(size_t most = SIZE_MAX)
      : pool([this, most](const Buffer& region) -> Result<uint64_t> {
          sizes.push_back(region.byte_length());
          if (region.byte_length() > most) return Status(ErrorCode::Range, "so much");
          const uint64_t address = next;
          next += region.byte_length();
          return address;
        }) {}

  std::vector<size_t> sizes;  // that were tried
  uint64_t next = 1ull << 32;
  DmaPool pool;
};

TEST_CASE("while a device may still write to it, memory that came back is nobody else's") {
  Pooled pooled;
  auto first = pooled.pool.allocate(kPage).value();
  std::byte* const bytes = first->bytes();
  auto kept = pooled.pool.allocate(kPage).value();
  pooled.pool.hold();
  first.reset();
  INFO("and not in a region that is new meanwhile");
  auto large = pooled.pool.allocate(20 << 20).value();
  std::byte* const large_bytes = large->bytes();
  large.reset();
  auto other = pooled.pool.allocate(kPage).value();
  CHECK(other->bytes() != bytes);
  CHECK(pooled.pool.allocate(20 << 20).value()->bytes() != large_bytes);
  std::fill_n(bytes, kPage, std::byte{0xaa});  // as the device does
  pooled.pool.resume();
  auto again = pooled.pool.allocate(kPage).value();
  CHECK(again->bytes() == bytes);
  CHECK(std::all_of(bytes, bytes + kPage, [](std::byte each) { return each == std::byte{0}; }));
  again.reset();
  CHECK(pooled.pool.allocate(kPage).value()->bytes() == bytes);
}

TEST_CASE("a region as large as usual is not had where only what is wanted is allowed") {
  Pooled pooled(3 << 20);
  REQUIRE(pooled.pool.allocate(1 << 20).ok());
  CHECK(pooled.sizes == std::vector<size_t>{16 << 20, 2 << 20});
  REQUIRE(pooled.pool.allocate(1 << 20).ok());
  CHECK(pooled.sizes.size() == 2);
  auto refused = pooled.pool.allocate(4 << 20);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::Range);
}

TEST_CASE("while somebody waits for a region, others use what there is, and what came back") {
  constexpr uint64_t kTimeoutNs = 5'000 * kNanosecondsPerMillisecond;
  std::atomic<int> asked{0};
  std::atomic<bool> answers{false};
  DmaPool pool([&](const Buffer&) -> Result<uint64_t> {
    const auto first = static_cast<uint64_t>(++asked) << 32;
    if (asked == 1 || wait_until(thread_waiter(), kTimeoutNs, [&] { return answers.load(); })) {
      return first;
    }
    return Status(ErrorCode::Timeout, "a region");
  });
  auto buffer = pool.allocate(kPage).value();
  std::byte* const bytes = buffer->bytes();
  auto kept = pool.allocate(kPage).value();
  pool.hold();
  buffer.reset();
  Result<std::shared_ptr<Buffer>> large = Status(ErrorCode::Timeout);
  std::thread waiting([&] { large = pool.allocate(20 << 20); });
  CHECK(wait_until(thread_waiter(), kTimeoutNs, [&] { return asked == 2; }));
  CHECK(pool.allocate(kPage).value()->bytes() != bytes);
  CHECK(pool.find(*kept) == (1ull << 32) + kPage);
  pool.resume();
  CHECK(pool.allocate(kPage).value()->bytes() == bytes);
  answers = true;
  waiting.join();
  REQUIRE(large.ok());
  CHECK(pool.find(*large.value()) == 2ull << 32);
}

}  // namespace
