// SPDX-License-Identifier: MIT
#include "emulator/models/shared_link.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace nvm::emulator {
namespace {

TEST_CASE("a link's rate is exact for transfers of every length") {
  for (const uint64_t rate : {450'000'000ull, 800ull << 20, 3'360ull << 20, 15'750'000'000ull}) {
    for (const uint64_t byte_length : {128ull, 512ull, 4096ull, 16'384ull, 1ull << 20}) {
      CAPTURE(rate);
      CAPTURE(byte_length);
      SharedLink link(rate);
      constexpr uint64_t kCount = 10'000;
      uint64_t end_ns = 0;
      for (uint64_t i = 0; i < kCount; i++) end_ns = link.transfer(byte_length, 0);
      const double exact = static_cast<double>(kCount * byte_length) * 1e9 / rate;
      CHECK(static_cast<double>(end_ns) <= exact);
      CHECK(static_cast<double>(end_ns) > exact - 1);
    }
  }
}

TEST_CASE("a transfer that begins later is not in the way of one that begins sooner") {
  SharedLink link(1'000'000'000);  // a byte each nanosecond
  CHECK(link.transfer(100, 1000) == 1100);
  CHECK(link.transfer(100, 0) == 100);
  CHECK(link.transfer(900, 100) == 1000);  // exactly what is left between them
  CHECK(link.transfer(50, 0) == 1150);
}

TEST_CASE("a transfer flows around what was promised before") {
  SharedLink link(1'000'000'000);
  link.transfer(100, 200);
  link.transfer(100, 400);
  CHECK(link.transfer(350, 150) == 700);  // 150–200, 300–400, 500–700
  CHECK(link.transfer(10, 0) == 10);
  CHECK(link.transfer(150, 5) == 710);  // 10–150, then behind all
}

TEST_CASE("what would begin in the past begins now") {
  SharedLink link(1'000'000'000);
  link.run_until(500);
  CHECK(link.transfer(100, 0) == 600);
  link.run_until(300);  // time does not go back
  CHECK(link.transfer(100, 0) == 700);
  link.run_until(650);
  CHECK(link.transfer(100, 0) == 800);
}

TEST_CASE("no link is used twice at a time, whatever the order of transfers") {
  std::mt19937_64 random(2);
  SharedLink link(1'000'000'000);
  uint64_t moved = 0;
  uint64_t end_ns = 0;
  for (int i = 0; i < 5000; i++) {
    const uint64_t byte_length = 1 + random() % 500;
    const uint64_t at_ns = random() % 100'000;
    const uint64_t done_ns = link.transfer(byte_length, at_ns);
    CHECK(done_ns >= at_ns + byte_length);
    moved += byte_length;
    end_ns = std::max(end_ns, done_ns);
  }
  CHECK(end_ns >= moved);
  CHECK(end_ns <= moved + 100'000);
}

}  // namespace
}  // namespace nvm::emulator
