// SPDX-License-Identifier: MIT
// The names by which hosts tell subsystems and namespaces apart. Derived from the identity, so that
// an image opened again is the same disk.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "emulator/subsystem.h"

namespace nvm::emulator {

using UniqueId = std::array<uint8_t, 16>;

// Differs between namespaces, also those that had the same id one after the other, and between
// subsystems with different model or serial number.
UniqueId namespace_id(const Identity& identity, uint32_t nsid, uint32_t generation = 0);

// `id` with the version and variant bits of a UUID (RFC 9562, version 8).
UniqueId as_uuid(UniqueId id);

// An EUI-64 made of `id`, marked as locally administered: we have no OUI.
using Eui64 = std::array<uint8_t, 8>;
Eui64 as_eui64(const UniqueId& id);

// The subsystem's NVMe qualified name.
std::string subsystem_name(const Identity& identity);

}  // namespace nvm::emulator
