// SPDX-License-Identifier: MIT
// Namespace Management: create and delete (NVMe base 2.0, 5.23).
#include "emulator/admin/background.h"
#include "emulator/admin/identify.h"
#include "emulator/admin/persistent_events.h"
#include "emulator/records.h"
#include "emulator/stores/media.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kLookEveryNs = 50'000;

NamespaceFormat format_of(const spec::NamespaceManagementData& data) {
  NamespaceFormat format;
  format.lba_format = static_cast<uint8_t>(spec::flbas::format_lower.get(data.flbas) |
                                           spec::flbas::format_upper.get(data.flbas) << 4);
  format.extended = spec::flbas::extended.get(data.flbas) != 0;
  format.protection_type = spec::dps::type.get(data.dps);
  format.protection_first = spec::dps::first.get(data.dps) != 0;
  return format;
}

uint16_t judge(const spec::NamespaceManagementData& data) {
  if (data.nsze == 0 || data.ncap > data.nsze || (data.nmic & ~spec::nmic::shared.mask) != 0 ||
      data.nvmsetid != 0 || data.endgid != 0) {
    return spec::status::invalid_field;
  }
  if (data.ncap < data.nsze) return spec::status::thin_provisioning_not_supported;
  if (data.anagrpid != 0) return spec::status::ana_group_identifier_invalid;
  return check_format(format_of(data));
}

// The new namespace's stores, then the namespace, attached to no controller.
Task make_stores(Subsystem& subsystem, uint32_t id, const spec::NamespaceManagementData& data,
                 std::unique_ptr<Store> (&stores)[2], Outcome& outcome) {
  const NamespaceFormat format = format_of(data);
  const uint64_t byte_lengths[] = {data.nsze * format.data_byte_length(),
                                   data.nsze * format.metadata_byte_length()};
  for (const StorePart part : {StorePart::Data, StorePart::Metadata}) {
    const auto index = static_cast<size_t>(part);
    if (byte_lengths[index] == 0) continue;
    StoreCreation creation;
    const StoreName name = {id, part};
    const Progress created = co_await settled(
        creation, subsystem.media().begin_create(creation, name, byte_lengths[index]));
    if (created == Progress::Failed) {
      outcome.os_error = creation.os_error;
      co_return creation.os_error == ENOSPC ? spec::status::namespace_insufficient_capacity
                                            : spec::status::internal_error;
    }
    stores[index] = std::move(creation.store);
  }
  co_return spec::status::success;
}

Task remove_stores(Subsystem& subsystem, uint32_t id, std::unique_ptr<Store> (&stores)[2]) {
  for (const StorePart part : {StorePart::Data, StorePart::Metadata}) {
    Operation operation;
    const StoreName name = {id, part};
    co_await settled(operation, subsystem.media().begin_remove(
                                    operation, name, std::move(stores[static_cast<size_t>(part)])));
  }
  co_return spec::status::success;
}

Task create_alone(Subsystem& subsystem, const spec::NamespaceManagementData& data,
                  Outcome& outcome) {
  const NamespaceFormat format = format_of(data);
  const uint64_t free_bytes = subsystem.capacity() - subsystem.allocated_capacity();
  if (data.nsze > free_bytes / format.data_byte_length()) {
    co_return refuse(spec::status::namespace_insufficient_capacity);
  }
  const uint32_t id = subsystem.free_namespace_id();
  if (id == 0) co_return refuse(spec::status::namespace_identifier_unavailable);
  std::unique_ptr<Store> stores[2];
  uint16_t status = co_await make_stores(subsystem, id, data, stores, outcome);
  if (status == spec::status::success) {
    auto ns = make_nvm_namespace(std::move(stores[0]), std::move(stores[1]), format, nullptr);
    ns->controllers = 0;
    ns->shared = spec::nmic::shared.get(data.nmic) != 0;
    ns->generation = ++subsystem.records().namespaces_created;
    if (subsystem.add_namespace(id, std::move(ns))) {
      outcome.dword0 = id;
      const uint16_t saved = co_await save_now(subsystem, &outcome.os_error);
      if (saved != spec::status::success) subsystem.remove_namespace(id);
      co_return saved;
    }
    status = refuse(spec::status::namespace_identifier_unavailable);
  }
  co_await remove_stores(subsystem, id, stores);
  co_return status;
}

}  // namespace

Task create_namespace(Subsystem& subsystem, spec::NamespaceManagementData data, bool grow_capacity,
                      std::shared_ptr<Outcome> outcome) {
  while (subsystem.changing_namespaces) co_await until{subsystem.now_ns() + kLookEveryNs};
  subsystem.changing_namespaces = true;
  const uint64_t capacity = subsystem.capacity();
  if (grow_capacity) {
    const uint64_t byte_length = data.nsze * format_of(data).data_byte_length();
    const uint64_t needed = subsystem.allocated_capacity() + byte_length;
    subsystem.set_capacity(std::max(capacity, std::min(subsystem.capacity_limit(), needed)));
  }
  const uint16_t status = co_await create_alone(subsystem, data, *outcome);
  if (status != spec::status::success) subsystem.set_capacity(capacity);
  subsystem.changing_namespaces = false;
  co_return status;
}

namespace {

// A command's task: what it is to create comes from the host.
Task receive_and_create(ControllerState& state, Slot& slot) {
  spec::NamespaceManagementData data;
  const uint16_t received = co_await receive_from_host(
      slot.command.data, 0, reinterpret_cast<std::byte*>(&data), sizeof(data));
  if (received != spec::status::success) co_return received;
  const uint16_t judged = judge(data);
  if (judged != spec::status::success) co_return refuse(judged);
  auto outcome = std::make_shared<Outcome>();
  Task created =
      run_background(state, outcome, create_namespace(state.subsystem, data, false, outcome));
  const uint16_t status = co_await created;
  slot.command.dword0 = outcome->dword0;
  if (status == spec::status::success) {
    log_namespace_change(state, slot.command.sqe, state.subsystem.find_namespace(outcome->dword0));
  }
  co_return status;
}

uint16_t begin_create(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  if (sqe.nsid != 0) return spec::status::invalid_field;
  if (spec::namespace_management_cdw11::csi.get(sqe.cdw11) != spec::csi::nvm) {
    return spec::status::command_set_not_supported;
  }
  const uint16_t found =
      find_data(state, slot, sizeof(spec::NamespaceManagementData), Direction::FromHost);
  return found != spec::status::success ? found : begin_task(slot, receive_and_create(state, slot));
}

uint16_t begin_delete(ControllerState& state, Slot& slot) {
  Subsystem& subsystem = state.subsystem;
  const uint32_t id = slot.command.sqe.nsid;
  std::vector<uint32_t> doomed;
  if (id == kBroadcastNamespaceId) {
    subsystem.for_each_namespace([&](const Namespace& ns) { doomed.push_back(ns.id); });
  } else if (!subsystem.is_valid_namespace_id(id)) {
    return spec::status::invalid_namespace_or_format;
  } else if (subsystem.find_namespace(id) == nullptr) {
    return spec::status::invalid_field;
  } else {
    doomed.push_back(id);
  }
  for (const uint32_t each : doomed) {
    const Namespace& ns = *subsystem.find_namespace(each);
    if (ns.unavailable != 0) return ns.unavailable;
    if (ns.store->read_only()) return spec::status::namespace_is_write_protected;
  }
  log_namespace_change(state, slot.command.sqe, nullptr);
  for (const uint32_t each : doomed) subsystem.remove_namespace(each);
  return begin_background(state, slot, save_now(subsystem));
}

uint16_t begin(ControllerState& state, Slot& slot) {
  switch (spec::namespace_management_cdw10::sel.get(slot.command.sqe.cdw10)) {
    case spec::namespace_management_select::create:
      return begin_create(state, slot);
    case spec::namespace_management_select::remove:
      return begin_delete(state, slot);
    default:
      return spec::status::invalid_field;
  }
}

}  // namespace

uint16_t namespace_management(ControllerState& state, Slot& slot) {
  const uint16_t status = begin(state, slot);
  return status == kGoesOn || status == spec::status::success ? status : refuse(status);
}

}  // namespace nvm::emulator
