// SPDX-License-Identifier: MIT
// Identify: what a namespace is. One that this controller does not know is described by zeroes.
#include <bit>

#include "emulator/admin/identify.h"
#include "emulator/nvm/limits.h"
#include "emulator/unique_ids.h"

namespace nvm::emulator {
namespace {

// Finds the namespace that NSID names, attached or only allocated; null when there is none. False:
// the NSID is not valid at all.
bool find(const ControllerState& state, uint32_t id, bool attached, const Namespace*& ns) {
  if (!state.subsystem.is_valid_namespace_id(id)) return false;
  ns = attached ? state.find_namespace(id) : state.subsystem.find_namespace(id);
  return true;
}

bool may_share(const ControllerState& state, const Namespace& ns) {
  return ns.shared && state.subsystem.controller_count() > 1;
}

UniqueId unique_id(const ControllerState& state, const Namespace& ns) {
  return namespace_id(state.subsystem.identity(), ns.id, ns.generation);
}

uint8_t write_protection(const Namespace& ns) {
  return spec::nsattr::write_protected.put(ns.protected_from_writes());
}

uint8_t format_progress(const Namespace& ns) {
  return spec::fpi::supported.put(1) | spec::fpi::remaining.put(ns.format_percent_left);
}

// What every namespace of the subsystem can do.
void put_capabilities(spec::IdentifyNamespace& data) {
  data.nsfeat = spec::nsfeat::uidreuse.put(1);
  data.nlbaf = kLbaFormatCount - 1;
  data.mc = kMetadataCapabilities;
  data.dpc = kProtectionCapabilities;
  data.dlfeat = kDlfeat;
  data.msrc = kCopySourcesMax;
  for (size_t i = 0; i < kLbaFormatCount; i++) {
    data.lbaf[i].ms = kLbaFormats[i].metadata_byte_length;
    data.lbaf[i].lbads = static_cast<uint8_t>(std::countr_zero(kLbaFormats[i].data_byte_length));
  }
}

void put_namespace(const ControllerState& state, const Namespace& ns,
                   spec::IdentifyNamespace& data) {
  put_capabilities(data);
  data.nsze = ns.block_count();
  data.ncap = ns.block_count();
  data.nuse = ns.block_count();
  data.flbas = spec::flbas::format_lower.put(ns.format.lba_format) |
               spec::flbas::extended.put(ns.format.extended);
  data.dps = spec::dps::type.put(ns.format.protection_type) |
             spec::dps::first.put(ns.format.protection_first);
  data.nmic = spec::nmic::shared.put(may_share(state, ns));
  data.fpi = format_progress(ns);
  data.nsattr = write_protection(ns);
  data.mssrl = mssrl(ns.format);
  data.mcl = mcl(ns.format);
  data.nawun = nawun(ns);
  data.nvmcap.low = ns.store->byte_length();
  const UniqueId id = unique_id(state, ns);
  memcpy(data.nguid, id.data(), id.size());
  const Eui64 eui64 = as_eui64(id);
  memcpy(data.eui64, eui64.data(), eui64.size());
}

uint16_t describe(const ControllerState& state, uint32_t id, bool attached, IdentifyPage& page) {
  spec::IdentifyNamespace data{};
  const Namespace* ns = nullptr;
  if (id == kBroadcastNamespaceId) {
    put_capabilities(data);  // what all have in common
  } else if (!find(state, id, attached, ns)) {
    return spec::status::invalid_namespace_or_format;
  } else if (ns != nullptr) {
    put_namespace(state, *ns, data);
  }
  put(page, data);
  return spec::status::success;
}

// The protection information has 16-bit guards and no storage tags: all zero.
uint16_t describe_for_command_set(const ControllerState& state, uint32_t id) {
  const bool known = id == kBroadcastNamespaceId || state.subsystem.is_valid_namespace_id(id);
  return known ? spec::status::success : spec::status::invalid_namespace_or_format;
}

}  // namespace

uint16_t identify_namespace(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                            IdentifyPage& page) {
  return describe(state, sqe.nsid, true, page);
}

uint16_t allocated_namespace(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                             IdentifyPage& page) {
  if (sqe.nsid == kBroadcastNamespaceId) return spec::status::invalid_namespace_or_format;
  return describe(state, sqe.nsid, false, page);
}

uint16_t command_set_namespace(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                               IdentifyPage&) {
  return describe_for_command_set(state, sqe.nsid);
}

uint16_t command_set_allocated_namespace(ControllerState& state,
                                         const spec::SubmissionQueueEntry& sqe, IdentifyPage&) {
  return describe_for_command_set(state, sqe.nsid);
}

uint16_t namespace_descriptors(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                               IdentifyPage& page) {
  namespace type = spec::namespace_identifier_type;
  const Namespace* ns = state.find_namespace(sqe.nsid);
  if (ns == nullptr) return spec::status::invalid_namespace_or_format;
  size_t offset = 0;
  const auto append = [&](uint8_t identifier_type, const uint8_t* bytes, size_t byte_length) {
    const spec::NamespaceIdDescriptor header = {
        identifier_type, static_cast<uint8_t>(byte_length), {}};
    memcpy(page.data() + offset, &header, sizeof(header));
    memcpy(page.data() + offset + sizeof(header), bytes, byte_length);
    offset += sizeof(header) + byte_length;
  };
  const UniqueId id = unique_id(state, *ns);
  const Eui64 eui64 = as_eui64(id);
  append(type::eui64, eui64.data(), eui64.size());
  append(type::nguid, id.data(), id.size());
  const UniqueId uuid = as_uuid(id);
  append(type::uuid, uuid.data(), uuid.size());
  append(type::csi, &spec::csi::nvm, sizeof(spec::csi::nvm));
  return spec::status::success;
}

uint16_t independent_namespace(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                               IdentifyPage& page) {
  spec::IdentifyNamespaceIndependent data{};
  const Namespace* ns = nullptr;
  data.nsfeat = spec::independent_nsfeat::uidreuse.put(1);
  if (sqe.nsid != kBroadcastNamespaceId) {
    if (!find(state, sqe.nsid, true, ns)) return spec::status::invalid_namespace_or_format;
    if (ns == nullptr) return spec::status::success;
    data.nmic = spec::nmic::shared.put(may_share(state, *ns));
    data.fpi = format_progress(*ns);
    data.nsattr = write_protection(*ns);
    data.nstat = spec::nstat::nrdy.put(1);
  }
  put(page, data);
  return spec::status::success;
}

}  // namespace nvm::emulator
