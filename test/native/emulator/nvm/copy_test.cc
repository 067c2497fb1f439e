// SPDX-License-Identifier: MIT
// Copy: what it moves, its limits, and that it copies all or nothing.
#include "emulator/nvm/executor_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;
using Sources = std::vector<spec::CopyDescriptor>;

spec::CopyDescriptor source(uint64_t lba, uint32_t block_count) {
  spec::CopyDescriptor descriptor{};
  descriptor.slba = lba;
  descriptor.nlb = static_cast<uint16_t>(block_count - 1);
  return descriptor;
}

Bytes list_of(const Sources& sources) {
  Bytes bytes(sources.size() * sizeof(sources[0]));
  memcpy(bytes.data(), sources.data(), bytes.size());
  return bytes;
}

spec::SubmissionQueueEntry entry(uint64_t to, const Sources& sources, uint32_t cdw12 = 0) {
  return ExecutorHost::entry(copy, to, static_cast<uint32_t>(sources.size()), cdw12);
}

uint16_t run(ExecutorHost& host, uint64_t to, const Sources& sources, uint32_t cdw12 = 0) {
  Bytes list = list_of(sources);
  return host.run(entry(to, sources, cdw12), list);
}

Bytes blocks_at(const ExecutorHost& host, uint64_t lba, uint64_t count) {
  const auto begin = host.store->memory.begin() + static_cast<ptrdiff_t>(lba * 512);
  return Bytes(begin, begin + static_cast<ptrdiff_t>(count * 512));
}

TEST_CASE("Copy gathers its sources in order") {
  ExecutorHost host;
  host.store->memory = bytes_of(host.store->memory.size(), 1);
  Bytes wanted = blocks_at(host, 9, 2);
  for (const auto& [lba, count] : {std::pair{100, 1}, {3, 4}, {100, 1}}) {
    const Bytes more = blocks_at(host, lba, count);
    wanted.insert(wanted.end(), more.begin(), more.end());
  }
  const Bytes behind = blocks_at(host, 508, 1);
  CHECK(run(host, 500, {source(9, 2), source(100, 1), source(3, 4), source(100, 1)}) == 0);
  CHECK(blocks_at(host, 500, 8) == wanted);
  CHECK(blocks_at(host, 508, 1) == behind);
}

TEST_CASE("sources that overlap the destination are read before it is written") {
  for (const uint64_t to : {9u, 11u, 10u}) {
    ExecutorHost host;
    host.store->memory = bytes_of(host.store->memory.size(), 5);
    Bytes wanted = blocks_at(host, 10, 4);
    const Bytes more = blocks_at(host, 9, 4);
    wanted.insert(wanted.end(), more.begin(), more.end());
    CHECK(run(host, to, {source(10, 4), source(9, 4)}) == 0);
    CHECK(blocks_at(host, to, 8) == wanted);
  }
}

TEST_CASE("Copy keeps to MSSRL, MCL and MSRC") {
  ExecutorHost host({}, 8192);
  const uint32_t longest = mssrl(host.ns->format);
  CHECK(longest == 2048);
  CHECK(run(host, 4096, {source(0, longest)}) == 0);
  CHECK(run(host, 4096, {source(0, longest + 1)}) == spec::status::command_size_limit_exceeded);
  CHECK(run(host, 4096, {source(0, longest), source(0, 1)}) ==
        spec::status::command_size_limit_exceeded);
  CHECK(run(host, 4096, Sources(kCopySourcesMax + 1, source(0, 1))) == 0);
  CHECK(run(host, 4096, Sources(kCopySourcesMax + 2, source(0, 1))) ==
        spec::status::command_size_limit_exceeded);
  CHECK(run(host, 4096, Sources(256, source(0, 1))) == spec::status::command_size_limit_exceeded);
  ExecutorHost large({1, false, 0, false}, 1024);
  CHECK(mssrl(large.ns->format) == 256);
  CHECK(run(large, 512, {source(0, 256)}) == 0);
  CHECK(run(large, 512, {source(0, 257)}) == spec::status::command_size_limit_exceeded);
}

TEST_CASE("Copy checks every range, and sums do not overflow") {
  ExecutorHost host({}, 64);
  CHECK(run(host, 60, {source(0, 4)}) == 0);
  CHECK(run(host, 61, {source(0, 4)}) == spec::status::lba_out_of_range);
  CHECK(run(host, UINT64_MAX, {source(0, 4)}) == spec::status::lba_out_of_range);
  CHECK(run(host, 0, {source(0, 1), source(61, 4)}) == spec::status::lba_out_of_range);
  CHECK(run(host, 0, {source(UINT64_MAX, 2)}) == spec::status::lba_out_of_range);
  CHECK(run(host, 0, {source(UINT64_MAX >> 9, 8)}) == spec::status::lba_out_of_range);
}

TEST_CASE("Copy refuses other descriptor formats and directives") {
  ExecutorHost host;
  CHECK(run(host, 0, {source(9, 1)}, spec::copy_cdw12::desfmt.put(1)) ==
        spec::status::invalid_field);
  CHECK(run(host, 0, {source(9, 1)}, spec::copy_cdw12::dtype.put(1)) ==
        spec::status::invalid_field);
}

TEST_CASE("a Copy that meets an uncorrectable block copies nothing") {
  ExecutorHost host;
  host.store->memory = bytes_of(host.store->memory.size(), 3);
  REQUIRE(host.run(ExecutorHost::entry(write_uncorrectable, 20, 1)) == 0);
  const Bytes before = host.store->memory;
  CHECK(run(host, 40, {source(1, 3), source(19, 3)}) == spec::status::unrecovered_read_error);
  CHECK(host.command.dword0 == 0);
  CHECK(host.store->memory == before);
  // Written over, it can be read again.
  CHECK(run(host, 20, {source(1, 1)}) == 0);
  CHECK(run(host, 40, {source(1, 3), source(19, 3)}) == 0);
}

TEST_CASE(
    "Copy is durable with FUA, refused by a write-protected namespace, and reports failures") {
  ExecutorHost host({2, false, 0, false}, 64);
  CHECK(run(host, 8, {source(0, 1)}) == 0);
  CHECK(host.store->flushes == 0);
  CHECK(run(host, 8, {source(0, 1)}, kForceUnitAccess) == 0);
  CHECK(host.store->flushes == 1);
  CHECK(host.metadata_store->flushes == 1);
  host.store->protect = true;
  CHECK(run(host, 8, {source(0, 1)}) == spec::status::namespace_is_write_protected);
  host.store->protect = false;
  host.store->fails = true;
  CHECK(run(host, 8, {source(0, 1)}) == spec::status::unrecovered_read_error);
}

struct Protected : ExecutorHost {
  Protected() : ExecutorHost({2, false, 1, false}, 64) {
    data = bytes_of(4 * 512, 8);
    auto sqe = ExecutorHost::entry(write, 4, 4, prinfo(kPract));
    sqe.cdw14 = 4;
    sqe.cdw15 = 0x0042;
    REQUIRE(run(sqe, data) == 0);
  }
  uint16_t copy_to(uint64_t to, uint8_t reading, uint8_t writing, uint16_t tag = 0x42,
                   uint32_t reference = 4) {
    Sources sources = {source(4, 4)};
    sources[0].eilbrt = reference;
    sources[0].elbat = tag;
    sources[0].elbatm = 0xffff;
    auto sqe = nvm::emulator::entry(
        to, sources,
        spec::copy_cdw12::prinfor.put(reading) | spec::copy_cdw12::prinfow.put(writing));
    sqe.cdw14 = static_cast<uint32_t>(to);
    sqe.cdw15 = 0xffff0077;
    Bytes list = list_of(sources);
    return run(sqe, list);
  }
  uint16_t verify_at(uint64_t lba, uint16_t tag) {
    auto sqe = ExecutorHost::entry(verify, lba, 4, prinfo(kCheckAll));
    sqe.cdw14 = static_cast<uint32_t>(lba);
    sqe.cdw15 = 0xffff0000u | tag;
    return run(sqe);
  }
  Bytes data;
};

TEST_CASE("Copy with PRACT makes new protection information after checking the old") {
  Protected host;
  CHECK(host.copy_to(40, kPract | kCheckAll, kPract) == 0);
  CHECK(host.verify_at(40, 0x77) == 0);
  CHECK(host.copy_to(40, kPract | kCheckAll, kPract, 0x43) ==
        spec::status::application_tag_check_error);
  CHECK(host.copy_to(40, kPract | kCheckAll, kPract, 0x42, 5) ==
        spec::status::invalid_protection_information);
  host.store->memory[5 * 512] ^= std::byte{1};
  CHECK(host.copy_to(40, kPract | kCheckAll, kPract) == spec::status::guard_check_error);
  CHECK(host.copy_to(40, kPract, kPract) == 0);
}

TEST_CASE("Copy without PRACT lets protection information through, checked as it is written") {
  Protected host;
  CHECK(host.copy_to(40, kCheckAll, 0) == 0);
  CHECK(host.verify_at(40, 0x42) == spec::status::reference_tag_check_error);
  CHECK(host.copy_to(40, kCheckAll, kGuard) == 0);
  CHECK(host.copy_to(40, 0, kReference) == spec::status::reference_tag_check_error);
  CHECK(host.copy_to(40, 0, kApplication) == spec::status::application_tag_check_error);
  CHECK(host.copy_to(40, kPract, 0) == spec::status::invalid_field);
  CHECK(host.copy_to(40, 0, kPract) == spec::status::invalid_field);
}

}  // namespace
}  // namespace nvm::emulator
