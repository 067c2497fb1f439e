// SPDX-License-Identifier: MIT
#include "emulator/saved_device.h"

#include <algorithm>
#include <cstring>

#include "emulator/archive.h"
#include "emulator/running_device.h"
#include "emulator/saved_state.h"
#include "emulator/stores/memory_store.h"
#include "emulator/stores/written_pages.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kTag = archive_tag("WHOL");
constexpr uint32_t kVersion = 3;
// Data is looked at, and left out when it is zero, in such pieces.
constexpr size_t kPieceBytes = 64 << 10;

template <class Archive>
void exchange_description(Archive& archive, uint32_t version, auto& options, auto& in_memory) {
  archive.string(options.serial);
  archive.string(options.model);
  archive.string(options.firmware);
  archive.u16(options.controllers);
  archive.u32(options.namespaces_max);
  archive.u16(options.limits.io_queue_pairs_max);
  archive.u32(options.limits.queue_entries_max);
  archive.u8(options.limits.mdts);
  archive.u16(options.limits.interrupt_vectors_max);
  archive.boolean(in_memory);
  if (version >= 2) archive.u64(options.data_identity);
  if (version >= 3) archive.u64(options.capacity);
}

bool is_zero(std::span<const std::byte> bytes) {
  return bytes[0] == std::byte{0} && memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// The length of a store, then its pieces that are not zero, each after its offset; the end is one
// beyond the store. False when that is more than `left`, which it lessens.
bool write_store(ArchiveWriter& writer, Store& store, uint64_t& left) {
  const std::span<const std::byte> bytes(store.bytes(), store.byte_length());
  writer.u64(bytes.size());
  bool fits = true;
  size_t at = 0;
  for_each_written(bytes, [&](std::span<const std::byte> part) {
    const auto first = static_cast<size_t>(part.data() - bytes.data());
    const size_t end = first + part.size();
    // Whole pieces, so that the same data is the same bytes wherever it is saved.
    for (at = std::max(at, first / kPieceBytes * kPieceBytes); at < end; at += kPieceBytes) {
      const auto piece = bytes.subspan(at, std::min(kPieceBytes, bytes.size() - at));
      if (is_zero(piece)) continue;
      if (piece.size() > left) return fits = false;
      left -= piece.size();
      writer.u64(at);
      writer.blob(piece);
    }
    return true;
  });
  writer.u64(bytes.size());
  return fits;
}

void read_store(ArchiveReader& reader, SavedDevice& device, StoreName name, Status& failure) {
  uint64_t byte_length = 0;
  reader.u64(byte_length);
  if (!reader.ok()) return;
  auto store = make_memory_store(byte_length);
  if (!store.ok()) {
    failure = std::move(store.status());
    return reader.fail("a namespace is larger than memory");
  }
  const std::span<std::byte> bytes(store.value()->bytes(), byte_length);
  std::vector<std::byte> piece;
  for (uint64_t at = 0; reader.ok();) {
    reader.u64(at);
    if (!reader.ok() || at == byte_length) break;
    reader.blob(piece);
    if (piece.empty() || at > byte_length || piece.size() > byte_length - at) {
      return reader.fail("data lies beyond the end of its namespace");
    }
    std::copy(piece.begin(), piece.end(), bytes.subspan(at).begin());
  }
  if (!device.stores.emplace(name, std::move(store.value())).second) {
    reader.fail("a namespace is there twice");
  }
}

void read_stores(ArchiveReader& reader, SavedDevice& device, Status& failure) {
  uint32_t count = 0;
  reader.u32(count);
  for (; count > 0 && reader.ok(); count--) {
    StoreName name{};
    bool is_metadata = false;
    reader.u32(name.namespace_id);
    reader.boolean(is_metadata);
    name.part = is_metadata ? StorePart::Metadata : StorePart::Data;
    read_store(reader, device, name, failure);
  }
}

}  // namespace

DeviceSaving::DeviceSaving(RunningDevice& device) : device_(device) {
  Runner::Pause pause(device_.runner());
  pause.subsystem().hold_fetching(true);
}

DeviceSaving::~DeviceSaving() {
  {
    Runner::Pause pause(device_.runner());
    for (Namespace* ns : kept_) ns->in_flight--;
    pause.subsystem().hold_fetching(false);
  }
  device_.runner().wake();
}

bool DeviceSaving::begin() {
  Runner::Pause pause(device_.runner());
  Subsystem& subsystem = pause.subsystem();
  if (!is_settled(subsystem)) return false;
  records_ = save_records(subsystem);
  subsystem.for_each_namespace([&](Namespace& ns) {
    ns.in_flight++;
    kept_.push_back(&ns);
  });
  return true;
}

Result<std::vector<std::byte>> DeviceSaving::finish() {
  const EmulatorOptions description = device_.description();
  const bool in_memory = device_.in_memory();
  ArchiveWriter writer;
  uint64_t left = kSavedDataBytesMax;
  bool fits = true;
  const auto write_part = [&](const Namespace& ns, bool is_metadata) {
    writer.u32(ns.id);
    writer.boolean(is_metadata);
    fits = fits && write_store(writer, is_metadata ? *ns.metadata_store : *ns.store, left);
  };
  writer.section(kTag, kVersion, [&](uint32_t version) {
    exchange_description(writer, version, description, in_memory);
    writer.blob(records_);
    if (!in_memory) return;
    const auto with_metadata = std::count_if(kept_.begin(), kept_.end(), [](const Namespace* ns) {
      return ns->metadata_store != nullptr;
    });
    writer.u32(static_cast<uint32_t>(kept_.size() + static_cast<size_t>(with_metadata)));
    for (const Namespace* ns : kept_) {
      write_part(*ns, false);
      if (ns->metadata_store != nullptr) write_part(*ns, true);
    }
  });
  if (fits) return writer.finish();
  return Status(ErrorCode::Range, "it holds more than " + std::to_string(kSavedDataBytesMax >> 30) +
                                      " GiB of data; give such a device an image");
}

Result<SavedDevice> read_saved_device(std::span<const std::byte> saved) {
  auto reader = ArchiveReader::open(saved);
  if (!reader.ok()) return std::move(reader.status());
  SavedDevice device;
  Status failure;
  reader.value().section(kTag, kVersion, [&](uint32_t version) {
    exchange_description(reader.value(), version, device.options, device.in_memory);
    reader.value().blob(device.records);
    if (device.in_memory) read_stores(reader.value(), device, failure);
  });
  NVM_TRY(std::move(failure));
  NVM_TRY(reader.value().finish());
  return device;
}

}  // namespace nvm::emulator
