// SPDX-License-Identifier: MIT
// What faults do to the data of commands: torn writes, and corruption on either side.
#include "emulator/faults/fault.h"

#include "emulator/nvm/executor_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;

struct Faulty : ExecutorHost {
  explicit Faulty(const NamespaceFormat& format = {}, bool is_memory = true)
      : ExecutorHost(format, 1024, is_memory) {
    std::fill(store->memory.begin(), store->memory.end(), std::byte{9});
    if (metadata_store != nullptr) {
      std::fill(metadata_store->memory.begin(), metadata_store->memory.end(), std::byte{9});
    }
    command.fault = &effect;
  }
  void corrupt(CorruptedData data, uint64_t place, uint32_t first = 0, uint32_t count = 0) {
    effect.corruption = CorruptedByte{data, 0x80, first, count, place};
  }
  FaultEffect effect;
};

TEST_CASE("a torn write stores its first blocks and bytes, and says success") {
  for (const bool is_memory : {true, false}) {
    Faulty host({}, is_memory);
    host.effect.torn = TornWrite{2, 100};
    Bytes sent(4 * 512, std::byte{5});
    CHECK(host.run(ExecutorHost::entry(write, 10, 4), sent) == 0);
    CHECK(host.store->memory[10 * 512 - 1] == std::byte{9});
    CHECK(host.store->memory[10 * 512] == std::byte{5});
    CHECK(host.store->memory[12 * 512 + 99] == std::byte{5});
    CHECK(host.store->memory[12 * 512 + 100] == std::byte{9});
    host.effect.torn = TornWrite{1, 1};
    CHECK(host.run(ExecutorHost::entry(write_zeroes, 20, 4)) == 0);
    CHECK(host.store->memory[21 * 512] == std::byte{0});
    CHECK(host.store->memory[21 * 512 + 1] == std::byte{9});
  }
}

TEST_CASE("a torn write may be lost as a whole, or end in its second part") {
  Faulty host;
  host.effect.torn = TornWrite{0, 0};
  Bytes sent(512 * 512, std::byte{5});
  const Bytes before = host.store->memory;
  REQUIRE(host.run(ExecutorHost::entry(write_uncorrectable, 2, 1)) == 0);
  CHECK(host.run(ExecutorHost::entry(write, 0, 512), sent) == 0);
  CHECK(host.store->memory == before);
  CHECK(host.ns->uncorrectable.overlaps(2, 1));
  host.effect.torn = TornWrite{300, 7};
  CHECK(host.run(ExecutorHost::entry(write, 0, 512), sent) == 0);
  CHECK(host.store->memory[300 * 512 + 6] == std::byte{5});
  CHECK(host.store->memory[300 * 512 + 7] == std::byte{9});
  CHECK_FALSE(host.ns->uncorrectable.overlaps(2, 1));
}

TEST_CASE("a torn write of interleaved metadata is torn in the order of the host's bytes") {
  Faulty host({2, true, 0, false});
  Bytes sent(3 * 520, std::byte{5});
  host.effect.torn = TornWrite{1, 515};
  CHECK(host.run(ExecutorHost::entry(write, 4, 3), sent) == 0);
  CHECK(host.store->memory[6 * 512 - 1] == std::byte{5});
  CHECK(host.store->memory[6 * 512] == std::byte{9});
  CHECK(host.metadata_store->memory[5 * 8 + 2] == std::byte{5});
  CHECK(host.metadata_store->memory[5 * 8 + 3] == std::byte{9});
}

TEST_CASE("a torn write of separate metadata stores that of its whole blocks") {
  Faulty host({2, false, 0, false});
  Bytes sent(3 * 512, std::byte{5});
  Bytes metadata(3 * 8, std::byte{5});
  host.effect.torn = TornWrite{1, 511};
  CHECK(host.run(ExecutorHost::entry(write, 4, 3), sent, metadata) == 0);
  CHECK(host.store->memory[5 * 512 + 510] == std::byte{5});
  CHECK(host.store->memory[5 * 512 + 511] == std::byte{9});
  CHECK(host.metadata_store->memory[4 * 8 + 7] == std::byte{5});
  CHECK(host.metadata_store->memory[5 * 8] == std::byte{9});
}

TEST_CASE("corruption of what the host gets leaves the store good") {
  Faulty host;
  host.corrupt(CorruptedData::ToHost, 700);
  Bytes got(4 * 512);
  REQUIRE(host.run(ExecutorHost::entry(read, 10, 4), got) == 0);
  for (size_t i = 0; i < got.size(); i++) {
    REQUIRE(got[i] == (i == 700 ? std::byte{0x89} : std::byte{9}));
  }
  host.command.fault = nullptr;
  REQUIRE(host.run(ExecutorHost::entry(read, 10, 4), got) == 0);
  CHECK(got == Bytes(4 * 512, std::byte{9}));
  // Counted from the blocks that the fault was for, in a later part of the command.
  host.command.fault = &host.effect;
  host.corrupt(CorruptedData::ToHost, 512 + 3, 400, 1);
  Bytes large(512 * 512);
  REQUIRE(host.run(ExecutorHost::entry(read, 0, 512), large) == 0);
  CHECK(large[400 * 512 + 3] == std::byte{0x89});
}

TEST_CASE("corruption of what is stored is found by the next read, or by its guard") {
  Faulty host({2, true, 1, false});
  host.corrupt(CorruptedData::Stored, 30);
  Bytes sent = bytes_of(2 * 512, 1);
  auto sqe = ExecutorHost::entry(write, 10, 2, prinfo(kPract));
  sqe.cdw14 = 10;
  REQUIRE(host.run(sqe, sent) == 0);
  host.command.fault = nullptr;
  Bytes got(sent.size());
  sqe.opc = read;
  REQUIRE(host.run(sqe, got) == 0);
  CHECK(got[30] == (sent[30] ^ std::byte{0x80}));
  sqe.cdw12 |= prinfo(kGuard);
  CHECK(host.run(sqe, got) == spec::status::guard_check_error);
  // The host sent good data: that was checked before it was corrupted.
  Faulty zeroed;
  zeroed.corrupt(CorruptedData::Stored, 513);
  REQUIRE(zeroed.run(
              ExecutorHost::entry(write_zeroes, 0, 2, spec::write_zeroes_cdw12::deac.mask)) == 0);
  CHECK(zeroed.store->memory[513] == std::byte{0x80});
  CHECK(zeroed.store->memory[512] == std::byte{0});
}

TEST_CASE("corruption may meet interleaved metadata") {
  Faulty host({2, true, 0, false});
  host.corrupt(CorruptedData::ToHost, 520 + 514);
  Bytes got(2 * 520);
  REQUIRE(host.run(ExecutorHost::entry(read, 0, 2), got) == 0);
  for (size_t i = 0; i < got.size(); i++) {
    REQUIRE(got[i] == (i == 520 + 514 ? std::byte{0x89} : std::byte{9}));
  }
}

}  // namespace
}  // namespace nvm::emulator
