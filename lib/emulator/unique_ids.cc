// SPDX-License-Identifier: MIT
#include "emulator/unique_ids.h"

#include <algorithm>

namespace nvm::emulator {
namespace {

// FNV-1a.
uint64_t hash(const std::string& text, uint64_t seed) {
  constexpr uint64_t kPrime = 0x100000001b3;
  uint64_t value = 0xcbf29ce484222325 ^ seed;
  for (const char c : text) value = (value ^ static_cast<uint8_t>(c)) * kPrime;
  return value;
}

}  // namespace

UniqueId namespace_id(const Identity& identity, uint32_t nsid, uint32_t generation) {
  std::string text =
      identity.model_number + '\n' + identity.serial_number + '\n' + std::to_string(nsid);
  if (generation != 0) text += '\n' + std::to_string(generation);
  const uint64_t halves[2] = {hash(text, 0), hash(text, 1)};
  UniqueId id;
  for (size_t i = 0; i < id.size(); i++) {
    id[i] = static_cast<uint8_t>(halves[i / 8] >> (56 - 8 * (i % 8)));
  }
  return id;
}

UniqueId as_uuid(UniqueId id) {
  id[6] = static_cast<uint8_t>((id[6] & 0x0f) | 0x80);
  id[8] = static_cast<uint8_t>((id[8] & 0x3f) | 0x80);
  return id;
}

Eui64 as_eui64(const UniqueId& id) {
  Eui64 eui64;
  std::copy_n(id.begin(), eui64.size(), eui64.begin());
  eui64[0] = static_cast<uint8_t>((eui64[0] & 0xfc) | 0x02);
  return eui64;
}

std::string subsystem_name(const Identity& identity) {
  constexpr char kDigits[] = "0123456789abcdef";
  const UniqueId uuid = as_uuid(namespace_id(identity, 0));
  std::string name = "nqn.2014-08.org.nvmexpress:uuid:";
  for (size_t i = 0; i < uuid.size(); i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) name += '-';
    name += kDigits[uuid[i] >> 4];
    name += kDigits[uuid[i] & 15];
  }
  return name;
}

}  // namespace nvm::emulator
