// SPDX-License-Identifier: MIT
// Identify, features, log pages, abort, event requests, and what is refused.
#include <algorithm>
#include <string>

#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

spec::SubmissionQueueEntry identify(uint8_t cns, uint32_t nsid, uint64_t prp1, uint8_t csi = 0) {
  spec::SubmissionQueueEntry sqe{};
  sqe.opc = spec::admin_opcode::identify;
  sqe.nsid = nsid;
  sqe.prp1 = prp1;
  sqe.cdw10 = cns;
  sqe.cdw11 = static_cast<uint32_t>(csi) << 24;
  return sqe;
}

struct Admin : TestHost {
  explicit Admin(Identity identity = {}) : TestHost({}, std::move(identity)) {
    add_namespace(1 << 20);
    subsystem.add_namespace(
        make_nvm_namespace(std::move(make_memory_store(4 << 20).value()), 4096, nullptr));
    enable();
    page = allocate(4096);
  }
  uint16_t identify_status(uint8_t cns, uint32_t nsid, uint8_t csi = 0) {
    memset(at(page), 0xee, 4096);
    return status_of(execute_admin(identify(cns, nsid, page, csi)));
  }
  uint64_t page = 0;
};

TEST_CASE("Identify Controller says who it is and what it offers") {
  Identity identity;
  identity.serial_number = "SN 1";
  identity.model_number = "a model";
  identity.firmware_revision = "9";
  identity.pci_vendor_id = 0x1234;
  Admin host(identity);
  REQUIRE(host.identify_status(spec::cns::identify_controller, 0) == 0);
  const auto& data = host.as<spec::IdentifyController>(host.page);
  CHECK(std::string(reinterpret_cast<const char*>(&data.sn), 20) == "SN 1                ");
  CHECK(std::string(reinterpret_cast<const char*>(&data.mn), 9) == "a model  ");
  CHECK(std::string(reinterpret_cast<const char*>(&data.fr), 8) == "9       ");
  CHECK(data.vid == 0x1234);
  CHECK(data.mdts == PcieControllerLimits{}.mdts);
  CHECK(data.ver == 0x20000);
  CHECK(data.cntrltype == 1);
  CHECK(data.sqes == 0x66);
  CHECK(data.cqes == 0x44);
  CHECK(data.nn == 256);
  CHECK(data.mnan == 256);
  CHECK(data.unvmcap.low == 0);
  CHECK(data.tnvmcap.low == 5 << 20);
  CHECK((data.oncs & spec::oncs::write_zeroes.mask) != 0);
  CHECK(data.cntlid == 0);
  CHECK(data.cmic == 0);
  CHECK(data.sanicap == 0x40000006);
  CHECK((data.vwc & 1) == 1);
  CHECK((data.sgls & 3) == 1);
  CHECK(data.kas != 0);
  CHECK(std::string(reinterpret_cast<const char*>(&data.subnqn)).substr(0, 32) ==
        "nqn.2014-08.org.nvmexpress:uuid:");
}

TEST_CASE("Identify Namespace describes each namespace, and no other") {
  Admin host;
  REQUIRE(host.identify_status(spec::cns::identify_namespace, 2) == 0);
  const auto& data = host.as<spec::IdentifyNamespace>(host.page);
  CHECK(data.nsze == 1024);
  CHECK(data.ncap == 1024);
  CHECK(data.lbaf[0].lbads == 9);
  CHECK(data.lbaf[1].lbads == 12);
  CHECK(data.lbaf[3].ms == 8);
  CHECK(data.nlbaf == 3);
  CHECK(data.flbas == 1);
  CHECK(data.nvmcap.low == 4 << 20);
  CHECK(host.identify_status(spec::cns::identify_namespace, 0) ==
        spec::status::invalid_namespace_or_format);
  CHECK(host.identify_status(spec::cns::identify_namespace, 257) ==
        spec::status::invalid_namespace_or_format);
  REQUIRE(host.identify_status(spec::cns::identify_namespace, 3) == 0);
  CHECK(data.nsze == 0);  // not active: zeroes
  CHECK(data.nlbaf == 0);
  REQUIRE(host.identify_status(spec::cns::identify_namespace, 0xffffffff) == 0);
  CHECK(data.nsze == 0);  // what all have in common
  CHECK(data.nlbaf == 3);
}

TEST_CASE("active namespace lists begin after the given id") {
  Admin host;
  REQUIRE(host.identify_status(spec::cns::active_namespaces, 0) == 0);
  CHECK(host.as<uint32_t>(host.page) == 1);
  CHECK(host.as<uint32_t>(host.page + 4) == 2);
  CHECK(host.as<uint32_t>(host.page + 8) == 0);
  REQUIRE(host.identify_status(spec::cns::active_namespaces, 1) == 0);
  CHECK(host.as<uint32_t>(host.page) == 2);
  CHECK(host.as<uint32_t>(host.page + 4) == 0);
  CHECK(host.identify_status(spec::cns::active_namespaces, 0xfffffffe) ==
        spec::status::invalid_namespace_or_format);
  CHECK(host.identify_status(spec::cns::command_set_active_namespaces, 0) == 0);
  CHECK(host.identify_status(spec::cns::command_set_active_namespaces, 0, 2) ==
        spec::status::invalid_field);
}

TEST_CASE("namespace descriptors: NGUID as in Identify Namespace, a UUID, the command set") {
  Admin host;
  REQUIRE(host.identify_status(spec::cns::identify_namespace, 1) == 0);
  const auto data = host.as<spec::IdentifyNamespace>(host.page);
  REQUIRE(host.identify_status(spec::cns::namespace_descriptors, 1) == 0);
  const auto* bytes = reinterpret_cast<const uint8_t*>(host.at(host.page));
  CHECK(bytes[0] == 1);
  CHECK(bytes[1] == 8);
  CHECK(memcmp(bytes + 4, &data.eui64, 8) == 0);
  bytes += 12;
  CHECK(bytes[0] == 2);
  CHECK(bytes[1] == 16);
  CHECK(memcmp(bytes + 4, &data.nguid, 16) == 0);
  CHECK(bytes[20] == 3);
  CHECK(bytes[21] == 16);
  CHECK((bytes[24 + 6] & 0xf0) == 0x80);
  CHECK((bytes[24 + 8] & 0xc0) == 0x80);
  CHECK(bytes[40] == 4);
  CHECK(bytes[41] == 1);
  CHECK(bytes[44] == 0);
  CHECK(bytes[45] == 0);
  const std::string first(reinterpret_cast<const char*>(bytes), 40);
  REQUIRE(host.identify_status(spec::cns::namespace_descriptors, 2) == 0);
  CHECK(first != std::string(reinterpret_cast<const char*>(bytes), 40));
  CHECK(host.identify_status(spec::cns::namespace_descriptors, 7) ==
        spec::status::invalid_namespace_or_format);
}

TEST_CASE("command set specific and independent structures") {
  Admin host;
  CHECK(host.identify_status(spec::cns::command_set_namespace, 1) == 0);
  CHECK(host.identify_status(spec::cns::command_set_namespace, 1, 1) ==
        spec::status::invalid_field);
  REQUIRE(host.identify_status(spec::cns::command_set_controller, 0) == 0);
  CHECK(host.as<uint8_t>(host.page + 1) == 13);  // WZSL: 32 MiB
  CHECK(host.identify_status(spec::cns::command_set_controller, 0, 2) ==
        spec::status::invalid_field);
  REQUIRE(host.identify_status(spec::cns::independent_namespace, 1) == 0);
  CHECK(host.as<uint8_t>(host.page + 14) == 1);
  CHECK(host.identify_status(0x55, 0) == spec::status::invalid_field);
}

TEST_CASE("Identify may cross a page, and an unreachable page is a status") {
  Admin host;
  const uint64_t pages = host.allocate(8192);
  auto sqe = identify(spec::cns::identify_controller, 0, pages + 2048);
  sqe.prp2 = pages + 4096;
  CHECK(TestHost::status_of(host.execute_admin(sqe)) == 0);
  CHECK(host.as<spec::IdentifyController>(pages + 2048).sqes == 0x66);
  sqe.prp2 = 0;
  CHECK(TestHost::status_of(host.execute_admin(sqe)) == spec::status::data_transfer_error);
}

TEST_CASE("unknown admin opcodes succeed: no, they are Invalid Command Opcode, not to be retried") {
  Admin host;
  for (int opcode = 0; opcode < 256; opcode++) {
    constexpr uint8_t kKnown[] = {0,  1,  2,  4,    5,    6,    8,    9,    10,  12,
                                  13, 16, 17, 0x14, 0x15, 0x18, 0x7c, 0x80, 0x84};
    if (std::count(std::begin(kKnown), std::end(kKnown), opcode)) continue;
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = static_cast<uint8_t>(opcode);
    const auto entry = host.execute_admin(sqe);
    const int expected = spec::status::invalid_opcode | spec::status::dnr;
    CHECK(((entry.status >> 1) & ~spec::status::more) == expected);
  }
}

TEST_CASE("fused and SGL admin commands are refused") {
  Admin host;
  auto sqe = identify(spec::cns::identify_controller, 0, host.page);
  for (const uint8_t flags : {1, 2, 0x40, 0x80}) {
    sqe.flags = flags;
    CHECK(TestHost::status_of(host.execute_admin(sqe)) == spec::status::invalid_field);
  }
}

spec::SubmissionQueueEntry log_page(uint8_t id, uint64_t byte_length, uint64_t offset,
                                    uint64_t prp1, uint64_t prp2 = 0) {
  const uint64_t dwords = byte_length / 4 - 1;
  spec::SubmissionQueueEntry sqe{};
  sqe.opc = spec::admin_opcode::get_log_page;
  sqe.nsid = 0xffffffff;
  sqe.prp1 = prp1;
  sqe.prp2 = prp2;
  sqe.cdw10 = id | static_cast<uint32_t>(dwords & 0xffff) << 16;
  sqe.cdw11 = static_cast<uint32_t>(dwords >> 16);
  sqe.cdw12 = static_cast<uint32_t>(offset);
  sqe.cdw13 = static_cast<uint32_t>(offset >> 32);
  return sqe;
}

TEST_CASE("Get Log Page ignores offset and PRP2: no, both count") {
  Admin host;
  const uint64_t pages = host.allocate(3 * 4096);
  const auto read = [&](uint8_t id, uint64_t byte_length, uint64_t offset, uint64_t prp1,
                        uint64_t prp2 = 0) {
    memset(host.at(pages), 0xee, 3 * 4096);
    return TestHost::status_of(host.execute_admin(log_page(id, byte_length, offset, prp1, prp2)));
  };
  REQUIRE(read(spec::log_page::firmware_slot_information, 512, 0, pages) == 0);
  CHECK(host.as<uint8_t>(pages) == 1);
  CHECK(memcmp(host.at(pages + 8), "0.1     ", 8) == 0);
  CHECK(host.as<uint8_t>(pages + 512) == 0xee);
  REQUIRE(read(spec::log_page::firmware_slot_information, 16, 8, pages) == 0);
  CHECK(memcmp(host.at(pages), "0.1     ", 8) == 0);
  REQUIRE(read(spec::log_page::smart_health_information, 8192, 0, pages + 4096 - 512,
               pages + 8192) == spec::status::invalid_prp_offset);
  REQUIRE(read(spec::log_page::smart_health_information, 1024, 0, pages + 4096 - 4, pages + 8192) ==
          0);
  CHECK(host.as<uint8_t>(pages + 4095) == 100);       // available spare, byte 3
  CHECK(host.as<uint8_t>(pages + 8192) == 10);        // its threshold
  CHECK(host.as<uint8_t>(pages + 8192 + 1019) == 0);  // zeroes after the page's end
  CHECK(host.as<uint8_t>(pages + 8192 + 1020) == 0xee);
  CHECK(read(spec::log_page::error_information, 64, 0, pages) == 0);
  CHECK(host.as<uint64_t>(pages) == 1);  // the invalid offset
  REQUIRE(read(spec::log_page::supported_log_pages, 1024, 0, pages) == 0);
  CHECK(host.as<uint32_t>(pages + 4 * spec::log_page::smart_health_information) == 1);
  CHECK(host.as<uint32_t>(pages + 4 * spec::log_page::telemetry_host_initiated) == 0);
}

TEST_CASE("log pages that cannot be had are refused") {
  Admin host;
  const auto read = [&](uint8_t id, uint64_t byte_length, uint64_t offset) {
    return TestHost::status_of(host.execute_admin(log_page(id, byte_length, offset, host.page)));
  };
  CHECK(read(0xc0, 512, 0) == spec::status::invalid_log_page);
  CHECK(read(spec::log_page::smart_health_information, 512, 516) == spec::status::invalid_field);
  CHECK(read(spec::log_page::smart_health_information, 512, 2) == spec::status::invalid_field);
  CHECK(read(spec::log_page::smart_health_information, 512, uint64_t{1} << 40) ==
        spec::status::invalid_field);
  CHECK(read(spec::log_page::smart_health_information, uint64_t{1} << 34, 0) ==
        spec::status::invalid_field);  // 16 GiB
}

spec::SubmissionQueueEntry abort_of(uint16_t sqid, uint16_t cid) {
  spec::SubmissionQueueEntry sqe{};
  sqe.opc = spec::admin_opcode::abort;
  sqe.cid = 0xab;
  sqe.cdw10 = sqid | static_cast<uint32_t>(cid) << 16;
  return sqe;
}

TEST_CASE("AER completes at once instead of parking: no, it parks, and more than the limit fail") {
  Admin host;
  spec::SubmissionQueueEntry request{};
  request.opc = spec::admin_opcode::asynchronous_event_request;
  for (uint16_t cid = 0; cid < 4; cid++) {
    request.cid = cid;
    host.submit(host.admin, request);
  }
  host.step_all();
  CHECK_FALSE(host.has_completion(host.admin));
  request.cid = 4;
  const auto refused = host.execute_admin(request);
  CHECK(refused.cid == 4);
  CHECK(TestHost::status_of(refused) == spec::status::asynchronous_event_request_limit_exceeded);
  CHECK(TestHost::status_of(
            host.execute_admin(identify(spec::cns::identify_controller, 0, host.page))) == 0);
}

TEST_CASE("parked event requests do not stop a small admin queue") {
  TestHost host;
  host.enable(2);
  spec::SubmissionQueueEntry request{};
  request.opc = spec::admin_opcode::asynchronous_event_request;
  for (int i = 0; i < 4; i++) {
    host.submit(host.admin, request);
    host.step_all();
  }
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  CHECK(TestHost::status_of(host.execute_admin(unknown)) == spec::status::invalid_opcode);
}

TEST_CASE("Abort posts nothing: no, it says whether it found the command") {
  Admin host;
  const auto nothing = host.execute_admin(abort_of(0, 77));
  CHECK(TestHost::status_of(nothing) == 0);
  CHECK(nothing.dw0 == 1);
  spec::SubmissionQueueEntry request{};
  request.opc = spec::admin_opcode::asynchronous_event_request;
  request.cid = 9;
  host.submit(host.admin, request);
  host.step_all();
  host.submit(host.admin, abort_of(0, 9));
  host.step_all();
  const auto aborted = host.take_completion(host.admin);
  CHECK(aborted.cid == 9);
  CHECK(TestHost::status_of(aborted) == spec::status::command_aborted);
  const auto abort = host.take_completion(host.admin);
  CHECK(abort.cid == 0xab);
  CHECK(abort.dw0 == 0);
}

TEST_CASE("Abort ends a command that waits for its time") {
  TestHost host;
  host.add_namespace(1 << 20, 512, std::make_unique<LatencyBandwidthModel>(1'000'000'000, 0));
  host.enable();
  HostQueue queue = host.create_pair(3, 8);
  const uint64_t page = host.allocate(4096);
  for (uint16_t cid : {5, 6}) {
    host.submit(queue, TestHost::data_command(spec::nvm_opcode::read, cid, 0, 1, page));
  }
  host.step_all();
  CHECK(host.execute_admin(abort_of(3, 6)).dw0 == 0);
  const auto aborted = host.take_completion(queue);
  CHECK(aborted.cid == 6);
  CHECK(TestHost::status_of(aborted) == spec::status::command_aborted);
  CHECK_FALSE(host.has_completion(queue));
  host.clock.now += 1'000'000'000;
  host.step_all();
  CHECK(host.take_completion(queue).cid == 5);
}

}  // namespace
}  // namespace nvm::emulator
