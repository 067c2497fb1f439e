// SPDX-License-Identifier: MIT
// Registers, enabling, disabling and shutting down.
#include "emulator/statistics.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

TEST_CASE("capabilities say what is offered") {
  PcieControllerLimits limits;
  limits.queue_entries_max = 1000;
  TestHost host(limits);
  const uint64_t cap = host.controller.read_register(spec::registers::cap, 8);
  CHECK(spec::cap::mqes.get(cap) == 999);
  CHECK(spec::cap::cqr.get(cap) == 1);
  CHECK(spec::cap::to.get(cap) == 20);
  CHECK(spec::cap::dstrd.get(cap) == 0);
  CHECK(spec::cap::css.get(cap) == 0x41);  // the NVM command set, and Identify CNS 1Ch
  CHECK(spec::cap::ams.get(cap) == 1);
  CHECK(spec::cap::mpsmin.get(cap) == 0);
  CHECK(spec::cap::mpsmax.get(cap) == 0);
  CHECK(spec::cap::nssrs.get(cap) == 1);
  CHECK(host.read32(spec::registers::vs) == 0x20000);
  CHECK(host.read32(spec::registers::cap) == static_cast<uint32_t>(cap));
  CHECK(host.read32(spec::registers::cap + 4) == cap >> 32);
}

TEST_CASE("64-bit registers can be written in halves") {
  TestHost host;
  host.write32(spec::registers::asq, 0x12345000);
  host.write32(spec::registers::asq + 4, 0xabc);
  CHECK(host.controller.read_register(spec::registers::asq, 8) == 0xabc12345000);
  CHECK(host.read32(spec::registers::asq + 4) == 0xabc);
}

TEST_CASE("unknown and misaligned registers read 0 and ignore writes") {
  TestHost host;
  host.write32(0x800, 7);
  CHECK(host.read32(0x800) == 0);
  CHECK(host.controller.read_register(spec::registers::cap + 2, 4) == 0);
  CHECK(host.controller.read_register(spec::registers::vs + 4, 4) == 0);
}

TEST_CASE("interrupt mask is set and cleared by its two registers") {
  TestHost host;
  host.write32(spec::registers::intms, 6);
  CHECK(host.read32(spec::registers::intmc) == 6);
  host.write32(spec::registers::intmc, 2);
  CHECK(host.read32(spec::registers::intms) == 4);
}

TEST_CASE("the BAR shows the registers and is a sealed memfd") {
  TestHost host;
  host.enable();
  CHECK(host.controller.bar_fd() >= 0);
  const auto* bar = reinterpret_cast<const uint32_t*>(host.controller.bar());
  CHECK(bar[spec::registers::cc / 4] == kEnable);
  CHECK(bar[spec::registers::csts / 4] == 1);
  CHECK(bar[spec::registers::vs / 4] == 0x20000);
  CHECK(bar[spec::registers::asq / 4] == static_cast<uint32_t>(host.admin.sq_address));
  CHECK(ftruncate(host.controller.bar_fd(), 0) == -1);
}

TEST_CASE("enabling again after a disable works any number of times") {
  TestHost host;
  host.add_namespace(1 << 20);
  for (int round = 0; round < 5; round++) {
    host.enable(3);
    HostQueue queue = host.create_pair(1, 4);
    spec::SubmissionQueueEntry flush{};
    flush.nsid = 1;
    for (int i = 0; i < 9; i++) CHECK(TestHost::status_of(host.execute(queue, flush)) == 0);
    host.write32(spec::registers::cc, 0);
    CHECK(host.read32(spec::registers::csts) == 0);
    CHECK_FALSE(host.step());
    CHECK_FALSE(host.controller.uses(queue.sq_address, 1));
  }
}

TEST_CASE("an admin queue that is not reachable is a fatal status, cleared by a reset") {
  TestHost host;
  host.write32(spec::registers::aqa, 0x001f001f);
  host.controller.write_register(spec::registers::asq, 0x10000, 8);
  host.controller.write_register(spec::registers::acq, kMemoryAddress, 8);
  host.write32(spec::registers::cc, kEnable);
  CHECK(host.read32(spec::registers::csts) == 2);
  CHECK_FALSE(host.step());
  host.write32(spec::registers::cc, 0);
  CHECK(host.read32(spec::registers::csts) == 0);
  host.enable();
}

TEST_CASE("impossible configurations are a fatal status") {
  TestHost host;
  host.controller.write_register(spec::registers::asq, kMemoryAddress, 8);
  host.controller.write_register(spec::registers::acq, kMemoryAddress + 4096, 8);
  const auto try_enable = [&](uint32_t aqa, uint32_t cc) {
    host.write32(spec::registers::cc, 0);
    host.write32(spec::registers::aqa, aqa);
    host.write32(spec::registers::cc, cc);
    return host.read32(spec::registers::csts);
  };
  CHECK(try_enable(0x001f001f, kEnable) == 1);
  CHECK(try_enable(0x001f0000, kEnable) == 2);           // one entry
  CHECK(try_enable(0x001f001f, kEnable | 1 << 7) == 2);  // 8 KiB pages
  CHECK(try_enable(0x001f001f, kEnable | 1 << 4) == 2);  // another command set
  host.write32(spec::registers::cc, 0);
  host.controller.write_register(spec::registers::asq, kMemoryAddress + 8, 8);
  CHECK(try_enable(0x001f001f, kEnable) == 2);  // not page-aligned
}

TEST_CASE("shutdown completes after the stores were flushed, without blocking") {
  TestHost host;
  ScriptedStore& store = host.add_namespace(1 << 20);
  store.hold_flushes = true;
  host.enable();
  for (const uint32_t kind : {1u, 2u}) {
    host.write32(spec::registers::cc, kEnable | kind << 14);
    CHECK(spec::csts::shst.get(host.read32(spec::registers::csts)) == 1);
    CHECK_FALSE(host.step());
    store.end_flushes(Progress::Done);
    CHECK(host.step());
    CHECK(host.read32(spec::registers::csts) == 9);
    host.write32(spec::registers::cc, 0);
    CHECK(host.read32(spec::registers::csts) == 0);
    host.enable();
  }
  CHECK(store.flushes == 2);
}

TEST_CASE("a flush that fails during shutdown is a fatal status") {
  TestHost host;
  ScriptedStore& store = host.add_namespace(1 << 20);
  store.hold_flushes = true;
  host.enable();
  host.write32(spec::registers::cc, kEnable | 1 << 14);
  store.end_flushes(Progress::Failed);
  host.step_all();
  CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
  CHECK(spec::csts::shst.get(host.read32(spec::registers::csts)) != 2);
}

TEST_CASE("a reset while a shutdown waits for its flush leaves a usable controller") {
  TestHost host;
  ScriptedStore& store = host.add_namespace(1 << 20);
  store.hold_flushes = true;
  host.enable();
  host.write32(spec::registers::cc, kEnable | 1 << 14);
  host.controller.reset();
  CHECK(host.read32(spec::registers::csts) == 0);
  CHECK(host.read32(spec::registers::aqa) == 0);
  host.enable();
  store.end_flushes(Progress::Done);
  host.step_all();
  CHECK(host.read32(spec::registers::csts) == 1);
}

TEST_CASE("a queue whose memory is unmapped is a fatal status, not a crash") {
  TestHost host;
  host.enable();
  Domain& domain = host.controller.domain();
  REQUIRE(domain.remove(kMemoryAddress, 24 << 20));
  CHECK(host.step());
  CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
}

TEST_CASE("queues are found again when the domain changes around them") {
  TestHost host;
  host.enable();
  REQUIRE(host.controller.domain().add({0x1000, 0x1000, host.at(kMemoryAddress), false, true}));
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  CHECK(TestHost::status_of(host.execute_admin(unknown)) == spec::status::invalid_opcode);
}

TEST_CASE("trapped doorbells work, and those of queues that do not exist are recorded") {
  TestHost host;
  host.enable();
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  host.place(host.admin, unknown);
  host.write32(kDoorbellOffset, host.admin.tail);
  CHECK(host.step());
  CHECK(TestHost::status_of(host.take_completion(host.admin)) == spec::status::invalid_opcode);
  host.write32(kDoorbellOffset + 8, 1);
  host.write32(kDoorbellOffset + 0xffc, 1);
  CHECK(host.controller.statistics().invalid_doorbells == 2);
}

}  // namespace
}  // namespace nvm::emulator
