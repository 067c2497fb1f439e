// SPDX-License-Identifier: MIT
// Dataset Management, and Write Zeroes, which zeroes and may deallocate as well.
#include "emulator/nvm/executor_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;
using Ranges = std::vector<spec::DatasetManagementRange>;
constexpr uint32_t kDeallocate = spec::dataset_management_cdw11::ad.mask;

uint16_t run(ExecutorHost& host, const Ranges& ranges, uint32_t attributes = kDeallocate) {
  Bytes list(ranges.size() * sizeof(ranges[0]));
  memcpy(list.data(), ranges.data(), list.size());
  auto sqe = ExecutorHost::entry(dataset_management, 0, 1);
  sqe.cdw10 = static_cast<uint32_t>(ranges.size() - 1);
  sqe.cdw11 = attributes;
  return host.run(sqe, list);
}

Bytes blocks_at(const ExecutorHost& host, uint64_t lba, uint64_t count) {
  const auto begin = host.store->memory.begin() + static_cast<ptrdiff_t>(lba * 512);
  return Bytes(begin, begin + static_cast<ptrdiff_t>(count * 512));
}

TEST_CASE("deallocating zeroes all ranges and nothing else, metadata too") {
  ExecutorHost host({2, false, 0, false}, 2048);
  host.store->memory = bytes_of(host.store->memory.size(), 1);
  host.metadata_store->memory = bytes_of(host.metadata_store->memory.size(), 2);
  const Bytes before = host.store->memory;
  Ranges ranges;
  for (uint64_t i = 0; i < 256; i++) ranges.push_back({0, i % 3 == 2 ? 0u : 2u, i * 8});
  REQUIRE(run(host, ranges) == 0);
  for (uint64_t i = 0; i < 256; i++) {
    const bool gone = i % 3 != 2;
    CHECK((blocks_at(host, i * 8, 2) == Bytes(1024)) == gone);
    CHECK((host.metadata_store->memory[i * 64 + 3] == std::byte{} &&
           host.metadata_store->memory[i * 64 + 12] == std::byte{}) == gone);
    CHECK(memcmp(host.store->memory.data() + (i * 8 + 2) * 512, before.data() + (i * 8 + 2) * 512,
                 6 * 512) == 0);
  }
}

TEST_CASE("a range that is out of bounds stops Dataset Management before it does anything") {
  ExecutorHost host({}, 64);
  host.store->memory = bytes_of(host.store->memory.size(), 1);
  const Bytes before = host.store->memory;
  CHECK(run(host, {{0, 1, 0}, {0, 2, 63}}) == spec::status::lba_out_of_range);
  CHECK(run(host, {{0, 1, 0}, {0, 1, UINT64_MAX}}) == spec::status::lba_out_of_range);
  CHECK(run(host, {{0, UINT32_MAX, UINT64_MAX >> 9}}) == spec::status::lba_out_of_range);
  CHECK(host.store->memory == before);
  CHECK(run(host, {{0, 1, 63}, {0, 0, UINT64_MAX}}) == 0);
}

TEST_CASE("hints change nothing, and a write-protected namespace takes hints only") {
  ExecutorHost host({}, 64);
  host.store->memory = bytes_of(host.store->memory.size(), 1);
  const Bytes before = host.store->memory;
  host.ns->write_protected = true;
  CHECK(run(host, {{0xff, 8, 0}}, 3) == 0);
  CHECK(run(host, {{0, 8, 0}}) == spec::status::namespace_is_write_protected);
  CHECK(host.store->memory == before);
  host.ns->write_protected = false;
  CHECK(run(host, {{0, 8, 0}}) == 0);
}

TEST_CASE("with the write cache off, deallocated is durable at once; bit 30 is not FUA here") {
  ExecutorHost host({}, 64);
  CHECK(run(host, {{0, 8, 0}}) == 0);
  CHECK(host.store->flushes == 0);
  host.ns->write_through = true;
  CHECK(run(host, {{0, 8, 0}}) == 0);
  CHECK(host.store->flushes == 1);
  host.store->fails = true;
  CHECK(run(host, {{0, 8, 0}}) == spec::status::write_fault);
}

TEST_CASE("Write Zeroes zeroes its range and no more, up to its limit, in many short steps") {
  ExecutorHost host({}, 65600);
  host.store->memory = bytes_of(host.store->memory.size(), 3);
  const Bytes before = host.store->memory;
  const uint32_t most = kWriteZeroesBytesMax / 512;
  CHECK(most == 65536);
  REQUIRE(host.run(ExecutorHost::entry(write_zeroes, 7, most)) == 0);
  CHECK(host.steps == static_cast<int>(kWriteZeroesBytesMax / kPartBytes));
  CHECK(blocks_at(host, 7, most) == Bytes(kWriteZeroesBytesMax));
  CHECK(memcmp(host.store->memory.data(), before.data(), 7 * 512) == 0);
  CHECK(memcmp(host.store->memory.data() + (7 + most) * 512, before.data() + (7 + most) * 512,
               57 * 512) == 0);
  CHECK(host.store->deallocated == 0);
  ExecutorHost large({1, false, 0, false}, 8193);
  CHECK(large.run(ExecutorHost::entry(write_zeroes, 0, 8192)) == 0);
  CHECK(large.run(ExecutorHost::entry(write_zeroes, 0, 8193)) == spec::status::invalid_field);
}

TEST_CASE("Write Zeroes with DEAC gives the space back") {
  ExecutorHost host({2, true, 0, false}, 64);
  host.store->memory = bytes_of(host.store->memory.size(), 3);
  host.metadata_store->memory = bytes_of(host.metadata_store->memory.size(), 3);
  const uint32_t deac = spec::write_zeroes_cdw12::deac.mask;
  REQUIRE(host.run(ExecutorHost::entry(write_zeroes, 4, 8, deac)) == 0);
  CHECK(host.store->deallocated == 8 * 512);
  CHECK(blocks_at(host, 4, 8) == Bytes(8 * 512));
  CHECK(blocks_at(host, 12, 1) != Bytes(512));
  CHECK(host.metadata_store->memory[4 * 8] == std::byte{});
  CHECK(host.metadata_store->memory[12 * 8] != std::byte{});
  host.store->fails = true;
  CHECK(host.run(ExecutorHost::entry(write_zeroes, 4, 8, deac)) == spec::status::write_fault);
  CHECK(host.run(ExecutorHost::entry(write_zeroes, 4, 8)) == spec::status::write_fault);
}

}  // namespace
}  // namespace nvm::emulator
