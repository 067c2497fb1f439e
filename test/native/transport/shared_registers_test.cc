// SPDX-License-Identifier: MIT
#include "transport/shared_registers.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include "platform/sealed_memory.h"
#include "spec/nvme.h"

using namespace nvm;

namespace {

constexpr size_t kPage = 4096;

TEST_CASE("clients see registers as they are, may not write them, and see when there are none") {
  auto made = SharedRegisters::make(2 * kPage);
  REQUIRE(made.ok());
  SharedRegisters& registers = *made.value();
  const UniqueFd doorbells = make_sealed_memory("doorbells", 3 * kPage);
  const BarShare share = registers.share(doorbells.get(), kPage, true);
  CHECK(share.bar_byte_length == 3 * kPage);
  CHECK(share.doorbell_fd == doorbells.get());
  CHECK(share.doorbell_offset == kPage);
  CHECK(share.doorbell_byte_length == 2 * kPage);
  CHECK(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, share.bar_fd, 0) == MAP_FAILED);
  REQUIRE(sealed_byte_length(share.bar_fd) == 3 * kPage);
  void* mapped = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, share.bar_fd, 0);
  REQUIRE(mapped != MAP_FAILED);
  const auto* words = static_cast<const volatile uint32_t*>(mapped);
  const auto word_at = [&](uint32_t offset) { return words[offset / sizeof(uint32_t)]; };
  registers.store(spec::registers::cap, 0x1122'3344'5566'7788, 8);
  registers.store(spec::registers::csts, 1, 4);
  CHECK(word_at(spec::registers::cap) == 0x5566'7788);
  CHECK(word_at(spec::registers::cap + 4) == 0x1122'3344);
  CHECK(word_at(spec::registers::csts) == 1);
  INFO("not what says that doorbells are rung by calls, nor what is behind");
  CHECK(word_at(share.sleeping_offset) == 1);
  registers.store(share.sleeping_offset, 0, 4);
  registers.store(kPage, 7, 4);
  CHECK(word_at(share.sleeping_offset) == 1);
  registers.end();
  registers.store(spec::registers::csts, 1, 4);
  CHECK(word_at(spec::registers::csts) == UINT32_MAX);
  CHECK(word_at(spec::registers::vs) == UINT32_MAX);
  munmap(mapped, kPage);
}

TEST_CASE("where doorbells are the device's own, nobody is told of them") {
  auto made = SharedRegisters::make(kPage);
  REQUIRE(made.ok());
  const UniqueFd doorbells = make_sealed_memory("doorbells", kPage);
  CHECK(made.value()->share(doorbells.get(), 0, false).sleeping_offset == 0);
}

}  // namespace
