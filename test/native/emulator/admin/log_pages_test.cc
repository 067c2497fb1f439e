// SPDX-License-Identifier: MIT
// Log pages whose contents follow from what happened.
#include <algorithm>

#include "emulator/admin/admin_host.h"
#include "emulator/nvm/limits.h"

namespace nvm::emulator {
namespace {

namespace page_id = spec::log_page;

TEST_CASE("SMART counts what really happened") {
  AdminHost host;
  HostQueue queue = host.create_pair(1, 8);
  const auto transfer = [&](uint8_t opcode, uint32_t blocks) {
    return TestHost::status_of(
        host.execute(queue, TestHost::data_command(opcode, 1, 0, blocks, host.page)));
  };
  for (int i = 0; i < 3; i++) REQUIRE(transfer(spec::nvm_opcode::write, 8) == 0);
  for (int i = 0; i < 300; i++) REQUIRE(transfer(spec::nvm_opcode::read, 8) == 0);
  auto beyond = TestHost::data_command(spec::nvm_opcode::read, 1, 1 << 20, 1, host.page);
  CHECK(TestHost::status_of(host.execute(queue, beyond)) == spec::status::lba_out_of_range);
  const auto& log = host.log<spec::SmartLog>(page_id::smart_health_information);
  CHECK(uint32_t{log.composite_temperature} == 311);
  CHECK(log.available_spare == 100);
  CHECK(uint64_t{log.host_write_commands.low} == 3);
  CHECK(uint64_t{log.host_read_commands.low} == 300);
  CHECK(uint64_t{log.data_units_written.low} == 1);  // 24 blocks, rounded up
  CHECK(uint64_t{log.data_units_read.low} == 3);     // 2400 blocks
  CHECK(uint64_t{log.power_cycles.low} == 1);
  CHECK(uint64_t{log.unsafe_shutdowns.low} == 0);
  CHECK(uint64_t{log.media_errors.low} == 0);
  CHECK(uint64_t{log.error_log_entries.low} == 1);
}

TEST_CASE("the error log has the newest error first") {
  AdminHost host;
  HostQueue queue = host.create_pair(1, 8);
  for (const uint64_t lba : {uint64_t{5000}, uint64_t{6000}}) {
    auto sqe = TestHost::data_command(spec::nvm_opcode::read, 7, lba, 1, host.page);
    CHECK(TestHost::status_of(host.execute(queue, sqe)) == spec::status::lba_out_of_range);
  }
  REQUIRE(host.read_log(page_id::error_information, 192) == 0);
  const auto* entries = &host.as<spec::ErrorLogEntry>(host.page);
  CHECK(entries[0].error_count == 2);
  CHECK(entries[0].sqid == 1);
  CHECK(entries[0].cid == 7);
  CHECK(entries[0].lba == 6000);
  CHECK(entries[1].error_count == 1);
  CHECK(entries[2].error_count == 0);
}

TEST_CASE("the error log of a controller without errors is zeroes") {
  AdminHost host;
  memset(host.at(host.page), 0xee, 4096);
  REQUIRE(host.read_log(page_id::error_information, 4096) == 0);
  const std::byte* bytes = host.at(host.page);
  CHECK(std::all_of(bytes, bytes + 4096, [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST_CASE("effects follow the tables, and Identify follows them too") {
  AdminHost host;
  const auto id = host.identify<spec::IdentifyController>(spec::cns::identify_controller);
  const auto& log = host.log<spec::CommandEffectsLog>(page_id::commands_supported_and_effects);
  CHECK(log.acs[spec::admin_opcode::identify] == 1);
  CHECK(log.acs[spec::admin_opcode::directive_send] == 0);
  CHECK((log.acs[spec::admin_opcode::format_nvm] & 7) == 7);
  CHECK((log.acs[spec::admin_opcode::namespace_attachment] & 8) == 8);
  CHECK((log.iocs[spec::nvm_opcode::write] & 3) == 3);
  CHECK((id.oacs & 2) != 0);
  CHECK((id.oacs & spec::oacs::directives.mask) == 0);
  struct Optional {
    uint8_t opcode;
    uint16_t bit;
  };
  constexpr Optional kOptional[] = {
      {spec::nvm_opcode::compare, spec::oncs::compare.mask},
      {spec::nvm_opcode::write_uncorrectable, spec::oncs::write_uncorrectable.mask},
      {spec::nvm_opcode::dataset_management, spec::oncs::dataset_management.mask},
      {spec::nvm_opcode::write_zeroes, spec::oncs::write_zeroes.mask},
      {spec::nvm_opcode::verify, spec::oncs::verify.mask},
      {spec::nvm_opcode::copy, spec::oncs::copy.mask},
      {spec::nvm_opcode::reservation_register, spec::oncs::reservations.mask},
  };
  for (const Optional& optional : kOptional) {
    CAPTURE(optional.opcode);
    CHECK((id.oncs & optional.bit) == (log.iocs[optional.opcode] != 0 ? optional.bit : 0));
  }
}

TEST_CASE("the persistent event log is read in a context, in which it stays as it was") {
  AdminHost host;
  const uint8_t id = page_id::persistent_event_log;
  CHECK(host.read_log(id, 512, 0) == spec::status::command_sequence_error);
  REQUIRE(host.read_log(id, 4096, 1) == 0);
  const auto header = host.as<spec::PersistentEventLogHeader>(host.page);
  CHECK(uint64_t{header.lid} == id);
  CHECK(uint64_t{header.lhl} == 492);
  CHECK(uint64_t{header.tnev} >= 1);
  CHECK(uint64_t{header.tll} > 512);
  CHECK((header.rci >> 18 & 1) == 1);
  CHECK(host.read_log(id, 512, 1) == spec::status::command_sequence_error);
  CHECK(host.read_log(id, 512, 3) == spec::status::invalid_field);
  REQUIRE(host.run(spec::admin_opcode::format_nvm, 1) == 0);
  REQUIRE(host.read_log(id, 512, 0) == 0);
  CHECK(uint32_t{host.as<spec::PersistentEventLogHeader>(host.page).tnev} == header.tnev);
  CHECK(host.read_log(id, 512, 2) == 0);
  REQUIRE(host.read_log(id, 4096, 1) == 0);
  CHECK(uint32_t{host.as<spec::PersistentEventLogHeader>(host.page).tnev} == header.tnev + 2);
  const auto& newest = host.as<spec::PersistentEventHeader>(host.page + 512);
  CHECK(newest.etype == spec::persistent_event_type::format_completion);
  CHECK(newest.ehl == 21);
  CHECK(size_t{newest.el} == sizeof(spec::FormatCompletionEvent));
}

TEST_CASE("the persistent event log forgets the oldest and never grows beyond its size") {
  AdminHost host;
  for (int i = 0; i < 3000; i++) REQUIRE(host.set_feature(spec::feature::arbitration, 0) == 0);
  const uint8_t id = page_id::persistent_event_log;
  REQUIRE(host.read_log(id, 512, 1) == 0);
  const auto header = host.as<spec::PersistentEventLogHeader>(host.page);
  CHECK(uint64_t{header.tll} <= 64 << 10);
  CHECK(uint64_t{header.tll} > 60 << 10);
  REQUIRE(host.read_log(id, 512, 0, true, (header.tll - 512) / 4 * 4) == 0);
}

TEST_CASE("pages of one namespace and index offsets are refused") {
  AdminHost host;
  auto sqe = host.command(spec::admin_opcode::get_log_page, 1,
                          page_id::smart_health_information | 127 << 16);
  CHECK(host.status_slowly(sqe) == spec::status::invalid_field);
  sqe.nsid = 0;
  CHECK(host.status_slowly(sqe) == 0);
  sqe.cdw14 = 1 << 23;
  CHECK(host.status_slowly(sqe) == spec::status::invalid_field);
}

// nvme-cli asks for those of zoned namespaces too wherever CAP.CSS has bit 6.
TEST_CASE("the effects of a command set that there is not are those of admin commands alone") {
  AdminHost host;
  for (const uint8_t csi : {spec::csi::nvm, spec::csi::zoned_namespace}) {
    CAPTURE(csi);
    auto sqe = host.command(spec::admin_opcode::get_log_page, 0,
                            page_id::commands_supported_and_effects | 1023 << 16);
    sqe.cdw14 = static_cast<uint32_t>(csi) << 24;
    REQUIRE(host.status_slowly(sqe) == 0);
    const auto& log = host.as<spec::CommandEffectsLog>(host.page);
    CHECK(log.acs[spec::admin_opcode::identify] == 1);
    const bool any = std::any_of(std::begin(log.iocs), std::end(log.iocs),
                                 [](uint32_t effects) { return effects != 0; });
    CHECK(any == (csi == spec::csi::nvm));
  }
}

TEST_CASE("firmware cannot be replaced, and the slot says which it is") {
  AdminHost host;
  namespace action = spec::firmware_commit_action;
  const auto commit = [&](uint32_t what, uint32_t slot) {
    return host.run(spec::admin_opcode::firmware_commit, 0, slot | what << 3);
  };
  CHECK(commit(action::activate, 1) == 0);
  CHECK(commit(action::activate, 2) == spec::status::invalid_firmware_slot);
  CHECK(commit(action::replace, 1) == spec::status::invalid_firmware_slot);
  CHECK(commit(action::replace_and_activate_now, 0) == spec::status::invalid_firmware_slot);
  CHECK(commit(action::replace_boot_partition, 0) == spec::status::invalid_field);
  CHECK(host.run(spec::admin_opcode::firmware_image_download) != 0);
  CHECK(host.log<spec::FirmwareSlotLog>(page_id::firmware_slot_information).afi == 1);
}

}  // namespace
}  // namespace nvm::emulator
