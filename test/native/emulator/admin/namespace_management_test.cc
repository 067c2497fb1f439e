// SPDX-License-Identifier: MIT
// Namespaces come, are attached, formatted, detached, and go.
#include "emulator/admin/admin_host.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kAttach = spec::namespace_attachment_select::attach;
constexpr uint32_t kDetach = spec::namespace_attachment_select::detach;

struct Managed : AdminHost {
  Managed() { subsystem.set_capacity(16 << 20); }

  uint16_t create(uint64_t blocks, uint8_t flbas = 0, uint8_t dps = 0, uint8_t nmic = 0) {
    auto& data = as<spec::NamespaceManagementData>(page);
    data = {};
    data.nsze = data.ncap = blocks;
    data.flbas = flbas;
    data.dps = dps;
    data.nmic = nmic;
    return send_creation();
  }
  uint16_t send_creation() {
    const auto entry = execute_slowly(command(spec::admin_opcode::namespace_management));
    created = entry.dw0;
    return status_of(entry);
  }
  uint16_t remove(uint32_t id) {
    return run(spec::admin_opcode::namespace_management, id,
               spec::namespace_management_select::remove);
  }
  uint16_t attachment(uint32_t id, uint32_t select, std::vector<uint16_t> controllers) {
    auto& list = as<spec::ControllerList>(page);
    list = {};
    list.num = static_cast<uint16_t>(controllers.size());
    std::copy(controllers.begin(), controllers.end(), list.identifier);
    return run(spec::admin_opcode::namespace_attachment, id, select);
  }
  uint32_t created = 0;
};

TEST_CASE("a namespace is created, attached, used, detached and deleted") {
  Managed host;
  REQUIRE(host.create(2048) == 0);
  CHECK(host.created == 2);
  CHECK(host.identify<spec::IdentifyNamespace>(spec::cns::identify_namespace, 2).nsze == 0);
  CHECK(host.identify<spec::IdentifyNamespace>(spec::cns::allocated_namespace, 2).nsze == 2048);
  const auto& active = host.identify<spec::NamespaceList>(spec::cns::active_namespaces);
  CHECK(active.ns[0] == 1);
  CHECK(active.ns[1] == 0);
  CHECK(host.identify<spec::NamespaceList>(spec::cns::allocated_namespaces).ns[1] == 2);

  HostQueue queue = host.create_pair(1, 8);
  auto write = TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, host.page);
  write.nsid = 2;
  CHECK(TestHost::status_of(host.execute(queue, write)) == spec::status::invalid_field);
  REQUIRE(host.attachment(2, kAttach, {0}) == 0);
  CHECK(host.identify<spec::ControllerList>(spec::cns::namespace_controllers, 2).num == 1);
  CHECK(TestHost::status_of(host.execute(queue, write)) == 0);
  REQUIRE(host.attachment(2, kDetach, {0}) == 0);
  CHECK(TestHost::status_of(host.execute(queue, write)) == spec::status::invalid_field);
  REQUIRE(host.remove(2) == 0);
  CHECK(host.identify<spec::NamespaceList>(spec::cns::allocated_namespaces).ns[1] == 0);
  CHECK(host.remove(2) == spec::status::invalid_field);
}

TEST_CASE("a new namespace has other names than the one that had its id") {
  Managed host;
  REQUIRE(host.create(2048) == 0);
  const auto first = host.identify<spec::IdentifyNamespace>(spec::cns::allocated_namespace, 2);
  REQUIRE(host.remove(2) == 0);
  host.step_everything(10'000'000);
  REQUIRE(host.create(2048) == 0);
  REQUIRE(host.created == 2);
  const auto second = host.identify<spec::IdentifyNamespace>(spec::cns::allocated_namespace, 2);
  CHECK(memcmp(first.nguid, second.nguid, sizeof(first.nguid)) != 0);
  CHECK(memcmp(first.eui64, second.eui64, sizeof(first.eui64)) != 0);
}

TEST_CASE("namespaces that cannot be created are refused") {
  Managed host;
  CHECK(host.create(0) == spec::status::invalid_field);
  CHECK(host.create(2048, 4) == spec::status::invalid_format);
  CHECK(host.create(2048, 0, 1) == spec::status::invalid_format);  // no metadata to protect with
  CHECK(host.create(2048, 2, 2) == spec::status::invalid_format);
  CHECK(host.create(2048, 0, 0, 2) == spec::status::invalid_field);
  CHECK(host.create(15 << 11) == 0);
  CHECK(host.create(1) == spec::status::namespace_insufficient_capacity);
  auto& data = host.as<spec::NamespaceManagementData>(host.page);
  data = {};
  data.nsze = 2;
  data.ncap = 1;
  CHECK(host.send_creation() == spec::status::thin_provisioning_not_supported);
  data.ncap = 3;
  CHECK(host.send_creation() == spec::status::invalid_field);
  data.ncap = 2;
  data.anagrpid = 1;
  CHECK(host.send_creation() == spec::status::ana_group_identifier_invalid);
  CHECK(host.run(spec::admin_opcode::namespace_management, 0, 0, 1u << 24) ==
        spec::status::command_set_not_supported);
  CHECK(host.run(spec::admin_opcode::namespace_management, 0, 7) == spec::status::invalid_field);
}

TEST_CASE("namespaces are created until there is no identifier left") {
  Managed host;
  host.subsystem.set_namespaces_max(3);
  CHECK(host.create(8) == 0);
  CHECK(host.create(8) == 0);
  CHECK(host.create(8) == spec::status::namespace_identifier_unavailable);
  CHECK(host.remove(4) == spec::status::invalid_namespace_or_format);
  CHECK(host.remove(0xffffffff) == 0);
  CHECK(host.subsystem.namespace_count() == 0);
  host.step_everything(10'000'000);
  CHECK(host.create(8) == 0);
  CHECK(host.created == 1);
}

TEST_CASE("attachments that make no sense are refused as a whole") {
  Managed host;
  host.subsystem.add_controller({});
  CHECK(host.create(8, 0, 0, 0) == 0);
  CHECK(host.attachment(2, kAttach, {}) == spec::status::controller_list_invalid);
  CHECK(host.attachment(2, kAttach, {2}) == spec::status::controller_list_invalid);
  CHECK(host.attachment(2, kAttach, {1, 0}) == spec::status::controller_list_invalid);
  CHECK(host.attachment(2, kDetach, {0}) == spec::status::namespace_not_attached);
  CHECK(host.attachment(2, kAttach, {0, 1}) == spec::status::namespace_is_private);
  CHECK(host.attachment(2, kAttach, {1}) == 0);
  CHECK(host.attachment(2, kAttach, {1}) == spec::status::namespace_already_attached);
  CHECK(host.attachment(2, kAttach, {0}) == spec::status::namespace_is_private);
  CHECK(host.attachment(2, 2, {0}) == spec::status::invalid_field);
  CHECK(host.attachment(3, kAttach, {0}) == spec::status::invalid_field);
  CHECK(host.attachment(0, kAttach, {0}) == spec::status::invalid_namespace_or_format);
}

TEST_CASE("the host hears of changed namespaces once, until it reads the list") {
  Managed host;
  const uint32_t notices = 1u << 8;
  REQUIRE(host.set_feature(spec::feature::asynchronous_event_configuration, notices) == 0);
  host.request_event(70);
  REQUIRE(host.create(8) == 0);
  CHECK_FALSE(host.has_completion(host.admin));
  const auto list = spec::log_page::changed_namespace_list;
  auto attach = host.command(spec::admin_opcode::namespace_attachment, 2, kAttach);
  host.as<spec::ControllerList>(host.page) = {1, {}};
  host.submit(host.admin, attach);
  host.step_everything(1'000'000);
  const auto first = host.take_completion(host.admin);
  const auto second = host.take_completion(host.admin);
  const auto& event = first.cid == 70 ? first : second;
  CHECK(event.cid == 70);
  CHECK(event.dw0 == (spec::async_event_type::notice | uint32_t{list} << 16));
  CHECK(host.log<spec::NamespaceList>(list, true).ns[0] == 2);
  CHECK(host.log<spec::NamespaceList>(list, false).ns[0] == 2);
  CHECK(host.log<spec::NamespaceList>(list, false).ns[0] == 0);
}

TEST_CASE("a namespace goes only when its commands have ended") {
  Managed host;
  auto& store = host.add_namespace(1 << 20);
  HostQueue queue = host.create_pair(1, 8);
  store.hold_flushes = true;
  spec::SubmissionQueueEntry flush{};
  flush.opc = spec::nvm_opcode::flush;
  flush.nsid = 2;
  flush.cid = 5;
  host.submit(queue, flush);
  host.step_everything();
  REQUIRE_FALSE(host.has_completion(queue));
  REQUIRE(host.remove(2) == 0);
  host.step_everything(1'000'000);
  CHECK(host.subsystem.free_namespace_id() == 3);  // it still has its id
  store.end_flushes(Progress::Done);
  host.step_everything(1'000'000);
  CHECK(host.take_completion(queue).cid == 5);
  CHECK(host.subsystem.free_namespace_id() == 2);
}

}  // namespace
}  // namespace nvm::emulator
