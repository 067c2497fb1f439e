// SPDX-License-Identifier: MIT
// Identify: one row per data structure (CNS). Each fills one page, which is then sent to the host.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "emulator/admin/admin_commands.h"
#include "emulator/nvm/nvm_executor.h"
#include "emulator/unique_ids.h"

namespace nvm::emulator {
namespace {

using Page = std::array<uint8_t, kPageBytes>;
constexpr uint32_t kNamespaceIdMax = 0xfffffffd;  // the two above it name no namespace

template <class Structure>
void put(Page& page, const Structure& structure) {
  static_assert(sizeof(Structure) == sizeof(Page));
  memcpy(page.data(), &structure, sizeof(structure));
}

template <class T>
void put_at(Page& page, size_t offset, T value) {
  memcpy(page.data() + offset, &value, sizeof(value));
}

// ASCII fields are filled up with spaces and not terminated.
template <class Field>
void put_ascii(Field& field, const std::string& text) {
  memset(&field, ' ', sizeof(field));
  memcpy(&field, text.data(), std::min(text.size(), sizeof(field)));
}

uint64_t total_bytes(const Subsystem& subsystem) {
  uint64_t total = 0;
  for (uint32_t id = 1; id <= subsystem.namespace_count(); id++) {
    total += subsystem.find_namespace(id)->store->byte_length();
  }
  return total;
}

uint16_t identify_controller(ControllerState& state, const spec::SubmissionQueueEntry&,
                             Page& page) {
  const Identity& identity = state.subsystem.identity();
  spec::IdentifyController data{};
  data.vid = identity.pci_vendor_id;
  data.ssvid = identity.pci_subsystem_vendor_id;
  put_ascii(data.sn, identity.serial_number);
  put_ascii(data.mn, identity.model_number);
  put_ascii(data.fr, identity.firmware_revision);
  data.mdts = state.limits.mdts;
  data.cntlid = state.controller_id;
  data.ver = kVersion;
  data.cntrltype = 1;  // I/O controller
  data.aerl = kAsyncEventRequestsMax - 1;
  data.frmw = 0x03;  // one firmware slot, read-only
  data.lpa = 0x04;   // Get Log Page takes offsets and long lengths
  data.tnvmcap.low = total_bytes(state.subsystem);
  data.sqes = spec::entry_size::min.put(6) | spec::entry_size::max.put(6);
  data.cqes = spec::entry_size::min.put(4) | spec::entry_size::max.put(4);
  data.nn = state.subsystem.namespace_count();
  data.oncs = spec::oncs::write_zeroes.put(1);
  data.vwc = spec::vwc::present.put(1) | spec::vwc::flush_all.put(2);
  const std::string name = subsystem_name(identity);
  memcpy(&data.subnqn, name.data(), std::min(name.size(), sizeof(data.subnqn) - 1));
  put(page, data);
  return spec::status::success;
}

uint16_t identify_namespace(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                            Page& page) {
  const Namespace* ns = state.subsystem.find_namespace(sqe.nsid);
  if (ns == nullptr) return refuse(spec::status::invalid_namespace_or_format);
  spec::IdentifyNamespace data{};
  data.nsze = ns->block_count();
  data.ncap = ns->block_count();
  data.nuse = ns->block_count();
  data.nsattr = spec::nsattr::write_protected.put(ns->store->read_only() ? 1 : 0);
  data.nvmcap.low = ns->block_count() * ns->format.data_byte_length();
  const UniqueId id = namespace_id(state.subsystem.identity(), sqe.nsid);
  memcpy(&data.nguid, id.data(), id.size());
  data.lbaf[0].lbads = static_cast<uint8_t>(std::countr_zero(ns->format.data_byte_length()));
  put(page, data);
  return spec::status::success;
}

uint16_t active_namespaces(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                           Page& page) {
  if (sqe.nsid > kNamespaceIdMax) return refuse(spec::status::invalid_namespace_or_format);
  size_t offset = 0;
  for (uint32_t id = sqe.nsid + 1; id <= state.subsystem.namespace_count(); id++) {
    if (offset == page.size()) break;
    put_at(page, offset, id);
    offset += sizeof(id);
  }
  return spec::status::success;
}

uint16_t namespace_descriptors(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                               Page& page) {
  constexpr uint8_t kNguid = 2;
  constexpr uint8_t kUuid = 3;
  constexpr uint8_t kCommandSet = 4;
  constexpr size_t kHeaderBytes = 4;
  if (state.subsystem.find_namespace(sqe.nsid) == nullptr) {
    return refuse(spec::status::invalid_namespace_or_format);
  }
  size_t offset = 0;
  const auto append = [&](uint8_t type, const uint8_t* bytes, size_t byte_length) {
    page[offset] = type;
    page[offset + 1] = static_cast<uint8_t>(byte_length);
    memcpy(page.data() + offset + kHeaderBytes, bytes, byte_length);
    offset += kHeaderBytes + byte_length;
  };
  const UniqueId id = namespace_id(state.subsystem.identity(), sqe.nsid);
  append(kNguid, id.data(), id.size());
  const UniqueId uuid = as_uuid(id);
  append(kUuid, uuid.data(), uuid.size());
  append(kCommandSet, &spec::csi::nvm, sizeof(spec::csi::nvm));
  return spec::status::success;
}

uint16_t command_set_namespace(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                               Page&) {
  if (spec::identify_cdw11::csi.get(sqe.cdw11) != spec::csi::nvm) {
    return refuse(spec::status::invalid_field);
  }
  if (state.subsystem.find_namespace(sqe.nsid) == nullptr) {
    return refuse(spec::status::invalid_namespace_or_format);
  }
  return spec::status::success;  // no protection information, no limits of its own: all zero
}

uint16_t command_set_controller(ControllerState&, const spec::SubmissionQueueEntry& sqe,
                                Page& page) {
  constexpr size_t kWriteZeroesSizeLimit = 1;
  if (spec::identify_cdw11::csi.get(sqe.cdw11) != spec::csi::nvm) {
    return refuse(spec::status::invalid_field);
  }
  page[kWriteZeroesSizeLimit] = kWriteZeroesPagesLog2;
  return spec::status::success;
}

uint16_t command_set_active_namespaces(ControllerState& state,
                                       const spec::SubmissionQueueEntry& sqe, Page& page) {
  if (spec::identify_cdw11::csi.get(sqe.cdw11) != spec::csi::nvm) {
    return refuse(spec::status::invalid_field);
  }
  return active_namespaces(state, sqe, page);
}

uint16_t independent_namespace(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                               Page& page) {
  constexpr size_t kAttributes = 8;
  constexpr size_t kStatus = 14;
  constexpr uint8_t kReady = 1;
  const Namespace* ns = state.subsystem.find_namespace(sqe.nsid);
  if (ns == nullptr) return refuse(spec::status::invalid_namespace_or_format);
  page[kAttributes] = spec::nsattr::write_protected.put(ns->store->read_only() ? 1 : 0);
  page[kStatus] = kReady;
  return spec::status::success;
}

struct Row {
  uint8_t cns;
  uint16_t (*fill)(ControllerState&, const spec::SubmissionQueueEntry&, Page&);
};

constexpr Row kRows[] = {
    {spec::cns::identify_namespace, identify_namespace},
    {spec::cns::identify_controller, identify_controller},
    {spec::cns::active_namespaces, active_namespaces},
    {spec::cns::namespace_descriptors, namespace_descriptors},
    {spec::cns::command_set_namespace, command_set_namespace},
    {spec::cns::command_set_controller, command_set_controller},
    {spec::cns::command_set_active_namespaces, command_set_active_namespaces},
    {spec::cns::independent_namespace, independent_namespace},
};

}  // namespace

uint16_t identify(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const uint32_t cns = spec::identify_cdw10::cns.get(sqe.cdw10);
  const Row* row = std::find_if(std::begin(kRows), std::end(kRows),
                                [cns](const Row& candidate) { return candidate.cns == cns; });
  if (row == std::end(kRows)) return refuse(spec::status::invalid_field);
  Page page{};
  const uint16_t status = row->fill(state, sqe, page);
  if (status != spec::status::success) return status;
  return send_to_host(state, slot, page.data(), page.size());
}

}  // namespace nvm::emulator
