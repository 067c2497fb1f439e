// SPDX-License-Identifier: MIT
#include "driver/data_identity.h"

#include <cstring>

#include "platform/clock.h"
#include "spec/nvme.h"
#include "spec/rpc.h"

namespace nvm {
namespace {

// Invalid Field, or Invalid Namespace, is the answer of one that has no such page.
Result<bool> identify(Admin& admin, const std::shared_ptr<DmaDescriptor>& page, uint8_t cns,
                      uint32_t nsid, uint64_t timeout_ns) {
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::identify;
  command.nsid = nsid;
  command.prp1 = page->io_address(0);
  command.cdw10 = cns;
  auto completion = admin.submit(command, timeout_ns, page);
  if (!completion.ok()) return std::move(completion.status());
  return completion.value().status_field == 0;
}

template <class T>
T read(const DmaDescriptor& page) {
  T value;
  std::memcpy(&value, page.bytes(), sizeof value);
  return value;
}

template <size_t size>
std::string text_of(const char (&field)[size]) {
  const std::string text(field, strnlen(field, size));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// A descriptor is NIDT, NIDL, two reserved bytes, then NIDL bytes (NVMe base 2.0, figure 276). A
// list ends with a length of 0, or the page.
void take_uuid(const DmaDescriptor& page, DataIdentity::Namespace& names) {
  constexpr size_t kListBytes = 4096;
  constexpr size_t kHeadBytes = 4;
  constexpr uint8_t kUuid = 3;
  const std::byte* list = page.bytes();
  for (size_t at = 0; at + kHeadBytes + names.uuid.size() <= kListBytes;) {
    const auto byte_length = static_cast<size_t>(list[at + 1]);
    if (byte_length == 0) return;
    if (list[at] == std::byte{kUuid} && byte_length == names.uuid.size()) {
      std::memcpy(names.uuid.data(), list + at + kHeadBytes, names.uuid.size());
    }
    at += kHeadBytes + byte_length;
  }
}

Result<DataIdentity::Namespace> identify_namespace(Admin& admin,
                                                   const std::shared_ptr<DmaDescriptor>& page,
                                                   uint32_t nsid, uint64_t timeout_ns) {
  DataIdentity::Namespace names;
  auto found = identify(admin, page, spec::cns::identify_namespace, nsid, timeout_ns);
  if (!found.ok()) return std::move(found.status());
  if (!found.value()) return names;
  const auto data = read<spec::IdentifyNamespace>(*page);
  std::memcpy(names.nguid.data(), data.nguid, names.nguid.size());
  std::memcpy(names.eui64.data(), data.eui64, names.eui64.size());
  const spec::LbaFormat& format = data.lbaf[spec::flbas::format_upper.get(data.flbas) << 4 |
                                            spec::flbas::format_lower.get(data.flbas)];
  names.byte_length = data.nsze << (format.lbads & 63);
  found = identify(admin, page, spec::cns::namespace_descriptors, nsid, timeout_ns);
  if (!found.ok()) return std::move(found.status());
  if (found.value()) take_uuid(*page, names);
  return names;
}

template <size_t size>
bool is_given(const std::array<std::byte, size>& name) {
  return name != std::array<std::byte, size>{};
}

bool are_same(const DataIdentity::Namespace& before, const DataIdentity::Namespace& after) {
  const bool has_name = is_given(before.nguid) || is_given(before.eui64) || is_given(before.uuid);
  if (!has_name) return before.byte_length == after.byte_length;
  return before.nguid == after.nguid && before.eui64 == after.eui64 && before.uuid == after.uuid;
}

}  // namespace

uint64_t vendor_data_identity(const spec::IdentifyController& controller) {
  spec::RpcVendorIdentify vendor;
  std::memcpy(&vendor, controller.vs, sizeof vendor);
  return vendor.complement == ~vendor.data_identity ? vendor.data_identity : 0;
}

Result<DataIdentity> identify_data(Admin& admin, const std::shared_ptr<DmaDescriptor>& page,
                                   uint64_t timeout_ns) {
  auto found = identify(admin, page, spec::cns::identify_controller, 0, timeout_ns);
  if (!found.ok()) return std::move(found.status());
  const auto controller = read<spec::IdentifyController>(*page);
  DataIdentity identity;
  identity.serial_number = text_of(controller.sn);
  identity.model_number = text_of(controller.mn);
  identity.subsystem_name = text_of(controller.subnqn);
  identity.data = vendor_data_identity(controller);
  found = identify(admin, page, spec::cns::active_namespaces, 0, timeout_ns);
  if (!found.ok()) return std::move(found.status());
  if (!found.value()) return identity;
  const auto list = read<spec::NamespaceList>(*page);
  for (const uint32_t nsid : list.ns) {
    if (nsid == 0) break;
    auto names = identify_namespace(admin, page, nsid, timeout_ns);
    if (!names.ok()) return std::move(names.status());
    identity.namespaces[nsid] = names.value();
  }
  return identity;
}

std::optional<std::string> find_lost_data(const DataIdentity& before, const DataIdentity& after) {
  if (before.serial_number != after.serial_number) return "another serial number";
  if (before.model_number != after.model_number) return "another model number";
  if (before.subsystem_name != after.subsystem_name) return "another NVM subsystem";
  if (before.data != after.data) return "other blocks";
  if (before.data != 0) return {};
  for (const auto& [nsid, names] : before.namespaces) {
    const auto found = after.namespaces.find(nsid);
    if (found == after.namespaces.end()) return "no namespace " + std::to_string(nsid);
    if (!are_same(names, found->second)) return "another namespace " + std::to_string(nsid);
  }
  return {};
}

}  // namespace nvm
