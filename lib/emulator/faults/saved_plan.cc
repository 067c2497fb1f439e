// SPDX-License-Identifier: MIT
// A plan as bytes and back. One list of fields serves both directions. What is loaded may come from
// anywhere: it is bounded and judged as if it had been added.
#include <algorithm>
#include <bit>
#include <type_traits>

#include "emulator/faults/fault_plan.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kSavedMagic = 0x50464d4e;  // "NMFP"
constexpr uint32_t kSavedVersion = 1;
constexpr uint32_t kIdMax = INT32_MAX;

// Integers little-endian, as wide as they are; an optional as a byte and what it holds.
template <class Derived>
class FieldArchive {
 public:
  template <class T>
  void field(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = value;
      field(byte);
      value = byte != 0;
    } else if constexpr (std::is_same_v<T, double>) {
      auto bits = std::bit_cast<uint64_t>(value);
      field(bits);
      value = std::bit_cast<double>(bits);
    } else if constexpr (std::is_enum_v<T>) {
      auto number = static_cast<std::underlying_type_t<T>>(value);
      field(number);
      value = static_cast<T>(number);
    } else {
      static_assert(std::is_unsigned_v<T>);
      uint64_t number = value;
      static_cast<Derived*>(this)->integer(number, sizeof(T));
      value = static_cast<T>(number);
    }
  }
  template <class T>
  void field(std::optional<T>& value) {
    bool present = value.has_value();
    field(present);
    if (!present) return value.reset();
    if (!value) value.emplace();
    field(*value);
  }
  void field(FaultLbas& lbas) {
    field(lbas.lba);
    field(lbas.block_count);
  }
  void field(TornWrite& torn) {
    field(torn.blocks);
    field(torn.bytes);
  }
  void field(Corruption& corruption) {
    field(corruption.data);
    field(corruption.offset);
    field(corruption.xor_mask);
  }
  void field(SeededRandom& random) {
    uint64_t state = random.state();
    field(state);
    random = SeededRandom(state);
  }
};

class Writer : public FieldArchive<Writer> {
 public:
  void integer(uint64_t value, size_t byte_length) {
    for (size_t i = 0; i < byte_length; i++) {
      bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
    }
  }
  std::vector<std::byte> bytes;
};

// After its end everything is 0 and `ok` false.
class Reader : public FieldArchive<Reader> {
 public:
  explicit Reader(std::span<const std::byte> saved) : rest(saved) {}
  void integer(uint64_t& value, size_t byte_length) {
    value = 0;
    if (rest.size() < byte_length) {
      ok = false;
      rest = {};
      return;
    }
    for (size_t i = 0; i < byte_length; i++) value |= std::to_integer<uint64_t>(rest[i]) << (8 * i);
    rest = rest.subspan(byte_length);
  }
  std::span<const std::byte> rest;
  bool ok = true;
};

Status refuse(const std::string& detail) {
  return {ErrorCode::Argument, "saved faults: " + detail};
}

Status damaged() {
  return refuse("the bytes are cut off or damaged: give them as save() returned them");
}

}  // namespace

template <class Archive>
void FaultPlan::exchange(Archive& archive, Installed& installed) {
  archive.field(installed.id);
  FaultMatch& match = installed.fault.match;
  archive.field(match.controller_id);
  archive.field(match.queues);
  archive.field(match.queue_id);
  archive.field(match.opcode);
  archive.field(match.namespace_id);
  archive.field(match.lbas);
  archive.field(match.nth);
  archive.field(match.every);
  archive.field(match.probability);
  FaultAction& action = installed.fault.action;
  archive.field(action.delay_ns);
  archive.field(action.drop);
  archive.field(action.status_field);
  archive.field(action.torn);
  archive.field(action.corruption);
  archive.field(action.completion);
  archive.field(action.controller);
  archive.field(installed.fault.times);
  archive.field(installed.random);  // begun with match.seed, which is needed no more
  archive.field(installed.matches);
  archive.field(installed.hits);
}

std::vector<std::byte> FaultPlan::save() const {
  Writer writer;
  writer.integer(kSavedMagic, sizeof(kSavedMagic));
  writer.integer(kSavedVersion, sizeof(kSavedVersion));
  writer.integer(seed_, sizeof(seed_));
  writer.integer(next_id_, sizeof(next_id_));
  writer.integer(installed_.size(), sizeof(uint32_t));
  for (Installed installed : installed_) exchange(writer, installed);
  return std::move(writer.bytes);
}

Status FaultPlan::load(std::span<const std::byte> saved) {
  Reader reader(saved);
  uint32_t magic = 0;
  uint32_t version = 0;
  uint32_t count = 0;
  FaultPlan loaded;
  reader.field(magic);
  reader.field(version);
  if (!reader.ok || magic != kSavedMagic)
    return refuse("these are none: give what save() returned");
  if (version != kSavedVersion) {
    return refuse("version " + std::to_string(version) + " is not known, only " +
                  std::to_string(kSavedVersion) + ": save them again with this version of peernvm");
  }
  reader.field(loaded.seed_);
  reader.field(loaded.next_id_);
  reader.field(count);
  if (!reader.ok || count > kFaultsMax || loaded.next_id_ > kIdMax) return damaged();
  uint32_t id_before = 0;
  for (uint32_t i = 0; i < count; i++) {
    Installed installed;
    exchange(reader, installed);
    // In the order of their ids, since that is how they were added.
    if (!reader.ok || installed.id <= id_before || installed.id >= loaded.next_id_) {
      return damaged();
    }
    NVM_TRY(validate(installed.fault));
    id_before = installed.id;
    loaded.installed_.push_back(std::move(installed));
  }
  if (!reader.rest.empty() || loaded.next_id_ == 0) return damaged();
  *this = std::move(loaded);
  return {};
}

}  // namespace nvm::emulator
