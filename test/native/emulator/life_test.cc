// SPDX-License-Identifier: MIT
// Lives of a controller: subsystem resets, changes of CC at the wrong time, keep alive.
#include "emulator/controller_state.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kSubsystemResetKey = 0x4e564d65;

TEST_CASE("a subsystem reset resets every controller, and CSTS tells until the host clears it") {
  TestHost host;
  PcieController& second = host.subsystem.add_controller({});
  host.enable();
  second.write_register(spec::registers::aqa, 0x001f001f, 4);
  host.write32(spec::registers::nssr, kSubsystemResetKey + 1);
  CHECK(host.read32(spec::registers::csts) == 1);
  host.write32(spec::registers::nssr, kSubsystemResetKey);
  for (PcieController* controller : {&host.controller, &second}) {
    CHECK(controller->read_register(spec::registers::csts, 4) == spec::csts::nssro.mask);
    CHECK(controller->read_register(spec::registers::aqa, 4) == 0);
    CHECK(controller->read_register(spec::registers::cc, 4) == 0);
    CHECK(controller->read_register(spec::registers::nssr, 4) == 0);
  }
  host.controller.reset();
  CHECK(host.read32(spec::registers::csts) == spec::csts::nssro.mask);
  host.write32(spec::registers::csts, spec::csts::nssro.mask);
  CHECK(host.read32(spec::registers::csts) == 0);
  CHECK(second.read_register(spec::registers::csts, 4) == spec::csts::nssro.mask);
  host.enable();
}

TEST_CASE("what CC fixes at enable does not change while enabled; reserved bits read 0") {
  TestHost host;
  host.enable();
  host.write32(spec::registers::cc, 0xffffffff & ~spec::cc::shn.mask);
  CHECK(host.read32(spec::registers::cc) ==
        (kEnable | spec::cc::iosqes.mask | spec::cc::iocqes.mask));
  CHECK(host.read32(spec::registers::csts) == 1);
  host.write32(spec::registers::cc, kEnable);
  HostQueue queue = host.create_pair(1, 8);
  CHECK(queue.id == 1);
}

TEST_CASE("entry sizes may be given after enabling, before the first I/O queue") {
  TestHost host;
  host.enable();
  host.write32(spec::registers::cc, 1);
  host.write32(spec::registers::cc, 0);
  host.admin = {};
  HostQueue admin = host.make_queue(0, 32);
  host.write32(spec::registers::aqa, 31 | 31 << 16);
  host.controller.write_register(spec::registers::asq, admin.sq_address, 8);
  host.controller.write_register(spec::registers::acq, admin.cq_address, 8);
  host.write32(spec::registers::cc, 1);
  REQUIRE(host.read32(spec::registers::csts) == 1);
  host.admin = admin;
  HostQueue queue = host.make_queue(1, 8);
  CHECK(host.create_cq(queue) == spec::status::invalid_queue_size);
  host.write32(spec::registers::cc, kEnable);
  CHECK(host.create_cq(queue) == 0);
}

TEST_CASE("entry sizes and arbitrations that are not supported are a fatal status") {
  TestHost host;
  host.write32(spec::registers::aqa, 0x001f001f);
  host.controller.write_register(spec::registers::asq, kMemoryAddress, 8);
  host.controller.write_register(spec::registers::acq, kMemoryAddress + 4096, 8);
  const auto csts_with = [&](uint32_t cc) {
    host.write32(spec::registers::cc, 0);
    host.write32(spec::registers::cc, cc);
    return host.read32(spec::registers::csts);
  };
  CHECK(csts_with(0x00450001) == 2);
  CHECK(csts_with(0x00560001) == 2);
  CHECK(csts_with(kEnable | spec::cc::ams.put(spec::cc_ams::vendor_specific)) == 2);
  CHECK(csts_with(kEnable | spec::cc::css.put(spec::cc_css::admin_only)) == 2);
  CHECK(csts_with(kEnable | spec::cc::ams.put(spec::cc_ams::weighted_round_robin)) == 1);
  CHECK(csts_with(kEnable | spec::cc::css.put(spec::cc_css::io_command_sets)) == 1);
}

TEST_CASE("a controller that was shut down starts again, any number of times") {
  TestHost host;
  host.add_namespace(1 << 20);
  for (const uint32_t kind : {1u, 2u, 1u, 2u}) {
    host.enable();
    HostQueue queue = host.create_pair(1, 4);
    spec::SubmissionQueueEntry flush{};
    flush.nsid = 1;
    CHECK(TestHost::status_of(host.execute(queue, flush)) == 0);
    host.write32(spec::registers::cc, kEnable | spec::cc::shn.put(kind));
    CHECK(spec::csts::shst.get(host.read32(spec::registers::csts)) == spec::csts_shst::complete);
    host.write32(spec::registers::cc, 0);
    CHECK(host.read32(spec::registers::csts) == 0);
  }
}

TEST_CASE("registers: readiness is with media, any aligned width reads, wide writes are two") {
  TestHost host;
  const uint64_t cap = host.controller.read_register(spec::registers::cap, 8);
  CHECK(spec::cap::crms.get(cap) == spec::cap_crms::crwms.mask);
  CHECK(spec::crto::crwmt.get(host.read32(spec::registers::crto)) == spec::cap::to.get(cap));
  CHECK(host.controller.read_register(spec::registers::vs + 2, 2) == 2);
  CHECK(host.controller.read_register(spec::registers::vs + 2, 1) == 2);
  CHECK(host.controller.read_register(spec::registers::vs + 1, 2) == 0);
  CHECK(host.read32(spec::registers::cmbsz) == 0);
  CHECK(host.read32(spec::registers::pmrcap) == 0);
  host.controller.write_register(spec::registers::nssr, uint64_t{0x000f000f} << 32, 8);
  CHECK(host.read32(spec::registers::aqa) == 0x000f000f);
  host.controller.write_register(spec::registers::aqa, 0xff, 1);
  CHECK(host.read32(spec::registers::aqa) == 0x000f000f);
}

struct Alive : TestHost {
  Alive() {
    add_namespace(1 << 20);
    enable();
  }
  uint16_t admin_command(uint8_t opcode, uint32_t cdw10 = 0, uint32_t cdw11 = 0) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.cdw10 = cdw10;
    sqe.cdw11 = cdw11;
    return status_of(execute_admin(sqe));
  }
  void pass(uint64_t milliseconds) {
    clock.now += milliseconds * kNanosecondsPerMillisecond;
    step_all();
  }
};

TEST_CASE("a host that sends Keep Alive in time keeps its controller; one that does not loses it") {
  Alive host;
  REQUIRE(host.admin_command(spec::admin_opcode::set_features, spec::feature::keep_alive_timer,
                             1000) == 0);
  host.step_all();
  CHECK(host.controller.next_event_ns() != UINT64_MAX);
  for (int i = 0; i < 5; i++) {
    host.pass(900);
    REQUIRE(host.read32(spec::registers::csts) == 1);
    REQUIRE(host.admin_command(spec::admin_opcode::keep_alive) == 0);
    host.step_all();
  }
  const uint64_t errors = host.controller.state().error_log.count();
  host.pass(1000);
  CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
  REQUIRE(host.controller.state().error_log.count() == errors + 1);
  CHECK(
      spec::cqe_status::sf.get(host.controller.state().error_log.entries().front().status_field) ==
      spec::status::keep_alive_timer_expired);
  host.write32(spec::registers::cc, 0);
  host.enable();
  host.pass(5000);
  CHECK(host.read32(spec::registers::csts) == 1);
}

TEST_CASE("without a keep alive timer no clock is read, and Keep Alive is harmless") {
  Alive host;
  REQUIRE(host.admin_command(spec::admin_opcode::keep_alive) == 0);
  const uint64_t reads = host.clock.reads;
  host.step_all();
  CHECK(host.clock.reads == reads);
}

}  // namespace
}  // namespace nvm::emulator
