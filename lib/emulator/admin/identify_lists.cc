// SPDX-License-Identifier: MIT
// Identify: lists of namespaces and of controllers.
#include "emulator/admin/identify.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kNamespaceIdMax = 0xfffffffd;  // the two above it begin no list

// The ids above NSID of those that `belongs` accepts.
template <class Belongs>
uint16_t list_namespaces(const ControllerState& state, uint32_t after, IdentifyPage& page,
                         Belongs belongs) {
  if (after > kNamespaceIdMax) return spec::status::invalid_namespace_or_format;
  spec::NamespaceList list{};
  size_t count = 0;
  state.subsystem.for_each_namespace([&](const Namespace& ns) {
    if (ns.id > after && belongs(ns) && count < std::size(list.ns)) list.ns[count++] = ns.id;
  });
  put(page, list);
  return spec::status::success;
}

// The ids from CNTID on of the controllers whose bit is set.
uint16_t list_controllers(const ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                          uint64_t controllers, IdentifyPage& page) {
  spec::ControllerList list{};
  const uint32_t first = spec::identify_cdw10::cntid.get(sqe.cdw10);
  for (uint32_t id = first; id < state.subsystem.controller_count(); id++) {
    if (controllers >> id & 1) list.identifier[list.num++] = static_cast<uint16_t>(id);
  }
  put(page, list);
  return spec::status::success;
}

}  // namespace

uint16_t active_namespaces(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                           IdentifyPage& page) {
  return list_namespaces(state, sqe.nsid, page, [&](const Namespace& ns) {
    return (ns.controllers >> state.controller_id & 1) != 0;
  });
}

uint16_t allocated_namespaces(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                              IdentifyPage& page) {
  return list_namespaces(state, sqe.nsid, page, [](const Namespace&) { return true; });
}

uint16_t namespace_controllers(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                               IdentifyPage& page) {
  if (sqe.nsid == kBroadcastNamespaceId) return spec::status::invalid_field;
  if (!state.subsystem.is_valid_namespace_id(sqe.nsid)) {
    return spec::status::invalid_namespace_or_format;
  }
  const Namespace* ns = state.subsystem.find_namespace(sqe.nsid);
  return list_controllers(state, sqe, ns == nullptr ? 0 : ns->controllers, page);
}

uint16_t controllers(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                     IdentifyPage& page) {
  return list_controllers(state, sqe, UINT64_MAX, page);
}

}  // namespace nvm::emulator
