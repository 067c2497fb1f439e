// SPDX-License-Identifier: MIT
// The data structures of Identify: each function fills one page, or refuses.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "emulator/controller_state.h"

namespace nvm::emulator {

constexpr uint32_t kBroadcastNamespaceId = 0xffffffff;

using IdentifyPage = std::array<uint8_t, kPageBytes>;

template <class Structure>
void put(IdentifyPage& page, const Structure& structure) {
  static_assert(sizeof(Structure) == sizeof(IdentifyPage));
  memcpy(page.data(), &structure, sizeof(structure));
}

using IdentifyFunction = uint16_t(ControllerState&, const spec::SubmissionQueueEntry&,
                                  IdentifyPage&);

// identify_controller.cc
IdentifyFunction identify_controller;
IdentifyFunction command_set_controller;
IdentifyFunction primary_controller_capabilities;
IdentifyFunction secondary_controllers;
IdentifyFunction command_sets;
// The FNA and SANICAP fields, which events repeat.
uint8_t format_attributes();
uint32_t sanitize_capabilities();

// identify_namespace.cc
IdentifyFunction identify_namespace;
IdentifyFunction allocated_namespace;
IdentifyFunction namespace_descriptors;
IdentifyFunction command_set_namespace;
IdentifyFunction command_set_allocated_namespace;
IdentifyFunction independent_namespace;

// identify_lists.cc
IdentifyFunction active_namespaces;
IdentifyFunction allocated_namespaces;
IdentifyFunction namespace_controllers;
IdentifyFunction controllers;

}  // namespace nvm::emulator
