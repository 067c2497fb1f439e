// SPDX-License-Identifier: MIT
// Read, Write, Compare, Verify and Flush: what all formats and stores have in common.
#include "emulator/nvm/executor_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;

TEST_CASE("Read and Write take the short way on a plain namespace, and no other way is open") {
  ExecutorHost host;
  Bytes sent = bytes_of(4096, 1);
  Bytes got(4096);
  const auto at_once = [&](uint8_t opcode, Bytes& data, uint32_t cdw12 = 0) {
    host.command.sqe = ExecutorHost::entry(opcode, 3, 8, cdw12);
    host.point(host.command.data, data);
    return opcode == read ? commands::read_at_once(*host.ns, host.command)
                          : commands::write_at_once(*host.ns, host.command);
  };
  CHECK(host.ns->plain());
  CHECK(at_once(write, sent));
  CHECK(at_once(read, got));
  CHECK(got == sent);
  CHECK_FALSE(at_once(write, sent, kForceUnitAccess));
  CHECK_FALSE(at_once(read, got, kForceUnitAccess));
  CHECK_FALSE(at_once(write, sent, spec::write_cdw12::dtype.put(1)));
  host.store->is_memory = false;
  CHECK_FALSE(at_once(read, got));
  REQUIRE(host.run(ExecutorHost::entry(write_uncorrectable, 0, 1)) == 0);
  CHECK_FALSE(host.ns->plain());
  CHECK_FALSE(ExecutorHost({2, false, 0, false}).ns->plain());
}

TEST_CASE("long transfers are moved in parts, each in a step") {
  for (const bool extended : {false, true}) {
    const NamespaceFormat format{2, extended, 0, false};
    ExecutorHost host(format, 2048);
    const uint32_t count = 600;
    Bytes sent = bytes_of(count * (extended ? 520 : 512), 3);
    Bytes metadata = bytes_of(extended ? 0 : count * 8, 4);
    REQUIRE(host.run(ExecutorHost::entry(write, 9, count), sent, metadata) == 0);
    CHECK(host.steps == 3);
    Bytes got(sent.size());
    Bytes got_metadata(metadata.size());
    REQUIRE(host.run(ExecutorHost::entry(read, 9, count), got, got_metadata) == 0);
    CHECK(host.steps == 3);
    CHECK(got == sent);
    CHECK(got_metadata == metadata);
    CHECK(host.run(ExecutorHost::entry(compare, 9, count), got, got_metadata) == 0);
    CHECK(host.run(ExecutorHost::entry(verify, 9, count)) == 0);
    CHECK(host.steps == 3);
  }
}

TEST_CASE("metadata is kept apart from data, which stays a raw image") {
  ExecutorHost host({3, true, 0, false}, 64);
  Bytes sent = bytes_of(2 * 4104, 1);
  REQUIRE(host.run(ExecutorHost::entry(write, 5, 2), sent) == 0);
  CHECK(memcmp(host.store->memory.data() + 5 * 4096, sent.data(), 4096) == 0);
  CHECK(memcmp(host.store->memory.data() + 6 * 4096, sent.data() + 4104, 4096) == 0);
  CHECK(memcmp(host.metadata_store->memory.data() + 5 * 8, sent.data() + 4096, 8) == 0);
  CHECK(memcmp(host.metadata_store->memory.data() + 6 * 8, sent.data() + 8200, 8) == 0);
}

TEST_CASE("Compare finds the byte that differs, in data and in metadata, in any part") {
  ExecutorHost host({2, false, 0, false}, 1024);
  Bytes sent = bytes_of(600 * 512, 1);
  Bytes metadata = bytes_of(600 * 8, 2);
  REQUIRE(host.run(ExecutorHost::entry(write, 0, 600), sent, metadata) == 0);
  for (const size_t at : {size_t{0}, sent.size() / 2, sent.size() - 1}) {
    sent[at] ^= std::byte{1};
    CHECK(host.run(ExecutorHost::entry(compare, 0, 600), sent, metadata) ==
          spec::status::compare_failure);
    sent[at] ^= std::byte{1};
  }
  metadata.back() ^= std::byte{1};
  CHECK(host.run(ExecutorHost::entry(compare, 0, 600), sent, metadata) ==
        spec::status::compare_failure);
  metadata.back() ^= std::byte{1};
  CHECK(host.run(ExecutorHost::entry(compare, 0, 600), sent, metadata) == 0);
}

TEST_CASE("no LBA range check: the last block is the last, and sums do not overflow") {
  ExecutorHost host({}, 64);
  for (const uint8_t opcode : {read, write, compare, verify, write_zeroes, write_uncorrectable}) {
    const bool moves = opcode == read || opcode == write || opcode == compare;
    const auto run = [&](uint64_t lba, uint32_t count) {
      Bytes data(moves ? count * 512 : 0);
      return host.run(ExecutorHost::entry(opcode, lba, count), data);
    };
    CHECK(run(63, 1) == 0);
    CHECK(run(63, 2) == spec::status::lba_out_of_range);
    CHECK(run(64, 1) == spec::status::lba_out_of_range);
    CHECK(run(0, 65536) == spec::status::lba_out_of_range);
    CHECK(run(UINT64_MAX, 2) == spec::status::lba_out_of_range);
    CHECK(run(UINT64_MAX >> 9, 8) == spec::status::lba_out_of_range);
  }
}

TEST_CASE("unknown opcodes succeed: no, Invalid Command Opcode") {
  ExecutorHost host;
  for (int opcode = 0; opcode < 256; opcode++) {
    if (nvm_command_effects(static_cast<uint8_t>(opcode)) != 0) continue;
    CHECK(host.run(ExecutorHost::entry(static_cast<uint8_t>(opcode), 0, 1)) ==
          spec::status::invalid_opcode);
  }
}

TEST_CASE("directives are refused, limited retry and hints are not") {
  ExecutorHost host;
  Bytes data(512);
  CHECK(host.run(ExecutorHost::entry(write, 0, 1, spec::write_cdw12::dtype.put(1)), data) ==
        spec::status::invalid_field);
  for (const uint8_t opcode : {write, read, compare}) {
    auto sqe = ExecutorHost::entry(opcode, 0, 1, spec::write_cdw12::lr.mask);
    sqe.cdw13 = 0xff;
    CHECK(host.run(sqe, data) == 0);
  }
}

TEST_CASE("Flush and FUA make data and metadata durable; a write without FUA does not wait") {
  ExecutorHost host({2, true, 0, false}, 64);
  Bytes data(520);
  REQUIRE(host.run(ExecutorHost::entry(write, 0, 1), data) == 0);
  CHECK(host.store->flushes == 0);
  const struct {
    uint8_t opcode;
    uint32_t cdw12;
    bool moves;
  } kDurable[] = {{write, kForceUnitAccess, true},
                  {read, kForceUnitAccess, true},
                  {write_zeroes, kForceUnitAccess, false},
                  {flush, 0, false}};
  unsigned flushes = 0;
  for (const auto& durable : kDurable) {
    Bytes none;
    REQUIRE(host.run(ExecutorHost::entry(durable.opcode, 0, 1, durable.cdw12),
                     durable.moves ? data : none) == 0);
    flushes++;
    CHECK(host.store->flushes == flushes);
    CHECK(host.metadata_store->flushes == flushes);
  }
  host.metadata_store->fails = true;
  CHECK(host.run(ExecutorHost::entry(flush, 0, 1)) == spec::status::write_fault);
}

TEST_CASE("with the volatile write cache off, every write is durable when it completes") {
  for (const bool is_memory : {true, false}) {
    ExecutorHost host({}, 64, is_memory);
    Bytes data(512);
    host.ns->write_through = true;
    REQUIRE(host.run(ExecutorHost::entry(write, 0, 1), data) == 0);
    CHECK(host.store->flushes == 1);
    REQUIRE(host.run(ExecutorHost::entry(write_zeroes, 0, 1)) == 0);
    CHECK(host.store->flushes == 2);
    REQUIRE(host.run(ExecutorHost::entry(read, 0, 1), data) == 0);
    CHECK(host.store->flushes == 2);
    host.ns->write_through = false;
    REQUIRE(host.run(ExecutorHost::entry(write, 0, 1), data) == 0);
    CHECK(host.store->flushes == 2);
  }
}

TEST_CASE("a write-protected namespace refuses to change and still reads and flushes") {
  ExecutorHost host({}, 64);
  Bytes data(512);
  for (const bool by_feature : {true, false}) {
    host.ns->write_protected = by_feature;
    host.store->protect = !by_feature;
    for (const uint8_t opcode : {write, write_zeroes, write_uncorrectable}) {
      Bytes none;
      CHECK(host.run(ExecutorHost::entry(opcode, 0, 1), opcode == write ? data : none) ==
            spec::status::namespace_is_write_protected);
    }
    CHECK(host.run(ExecutorHost::entry(read, 0, 1), data) == 0);
    CHECK(host.run(ExecutorHost::entry(compare, 0, 1), data) == 0);
    CHECK(host.run(ExecutorHost::entry(flush, 0, 1)) == 0);
  }
}

TEST_CASE("while a namespace is not available every command ends with the reason") {
  ExecutorHost host({}, 64);
  host.ns->unavailable = spec::status::format_in_progress;
  Bytes data(512);
  CHECK(host.run(ExecutorHost::entry(read, 0, 1), data) == spec::status::format_in_progress);
  CHECK((host.command.status_field & spec::status::dnr) == 0);
  CHECK(host.run(ExecutorHost::entry(flush, 0, 1)) == spec::status::format_in_progress);
}

TEST_CASE("failures of either store are media errors, and lost host memory is a transfer error") {
  for (const bool is_memory : {true, false}) {
    ExecutorHost host({2, false, 0, false}, 64, is_memory);
    Bytes data(512);
    Bytes metadata(8);
    for (VectorStore* store : {host.store, host.metadata_store}) {
      store->fails = true;
      CHECK(host.run(ExecutorHost::entry(read, 0, 1), data, metadata) ==
            spec::status::unrecovered_read_error);
      CHECK(host.run(ExecutorHost::entry(verify, 0, 1)) == spec::status::unrecovered_read_error);
      CHECK(host.run(ExecutorHost::entry(write, 0, 1), data, metadata) ==
            spec::status::write_fault);
      store->fails = false;
    }
    for (const uint8_t opcode : {read, write, compare}) {
      host.command.sqe = ExecutorHost::entry(opcode, 0, 1);
      host.point(host.command.data, data);
      host.point(host.command.metadata, metadata);
      host.command.metadata.lose();
      CHECK(host.ns->executor->begin(host.command, host.clock) == Progress::Done);
      CHECK(host.command.status_field == spec::status::data_transfer_error);
    }
  }
}

TEST_CASE("the limits are what Identify and the log pages say") {
  CHECK(nvm_command_support() ==
        (spec::oncs::compare.put(1) | spec::oncs::write_uncorrectable.put(1) |
         spec::oncs::dataset_management.put(1) | spec::oncs::write_zeroes.put(1) |
         spec::oncs::verify.put(1) | spec::oncs::copy.put(1)));
  CHECK(nvm_command_effects(read) == 1);
  CHECK(nvm_command_effects(write) == 3);
  CHECK(nvm_command_effects(dataset_management) == 3);
  CHECK(nvm_command_effects(0x66) == 0);
  CHECK(nawun(*ExecutorHost().ns) == 255);
  CHECK(nawun(*ExecutorHost({1, false, 0, false}).ns) == 31);
  CHECK(nawun(*ExecutorHost({}, 64, false).ns) == 0);
}

}  // namespace
}  // namespace nvm::emulator
