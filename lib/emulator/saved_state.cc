// SPDX-License-Identifier: MIT
#include "emulator/saved_state.h"

#include <type_traits>

#include "emulator/admin/admin_commands.h"
#include "emulator/archive.h"
#include "emulator/controller_state.h"
#include "emulator/records.h"
#include "emulator/stores/media.h"

namespace nvm::emulator {
namespace {

struct SavedInterval {
  uint64_t first = 0;
  uint64_t last = 0;
};

struct SavedNamespace {
  uint32_t id = 0;
  uint64_t byte_length = 0;
  NamespaceFormat format;
  uint32_t generation = 0;
  bool shared = true;
  uint64_t controllers = 0;
  bool write_protected = false;
  std::vector<SavedInterval> uncorrectable;
};

struct SavedFeature {
  uint16_t controller_id = 0;
  uint8_t id = 0;
  uint32_t part = 0;
  uint32_t value = 0;
};

struct SavedErrorLog {
  uint16_t controller_id = 0;
  ErrorLog log;
};

// All of it, in plain lists.
struct SavedRecords {
  uint64_t capacity = 0;
  uint32_t namespaces_created = 0;
  std::vector<SavedNamespace> namespaces;
  Health health;
  std::vector<std::vector<std::byte>> events;
  SelfTests self_tests;
  SanitizeState sanitize;
  std::vector<SavedFeature> features;
  std::vector<SavedErrorLog> error_logs;
};

template <class Archive>
void exchange(Archive& archive, auto& ns, std::type_identity<SavedNamespace>) {
  archive.u32(ns.id);
  archive.u64(ns.byte_length);
  archive.u8(ns.format.lba_format);
  archive.boolean(ns.format.extended);
  archive.u8(ns.format.protection_type);
  archive.boolean(ns.format.protection_first);
  archive.u32(ns.generation);
  archive.boolean(ns.shared);
  archive.u64(ns.controllers);
  archive.boolean(ns.write_protected);
  archive.list(ns.uncorrectable, [&](auto& interval) {
    archive.u64(interval.first);
    archive.u64(interval.last);
  });
}

template <class Archive>
void exchange(Archive& archive, auto& health, std::type_identity<Health>) {
  archive.section(archive_tag("HLTH"), 1, [&](uint32_t) {
    archive.boolean(health.running);
    archive.u64(health.power_cycles);
    archive.u64(health.unsafe_shutdowns);
    archive.u64(health.power_on_ns);
    archive.u64(health.busy_ns);
    archive.u64(health.bytes_read);
    archive.u64(health.bytes_written);
    archive.u64(health.read_commands);
    archive.u64(health.write_commands);
    archive.u64(health.media_errors);
  });
}

auto raw_bytes(const spec::SelfTestResult& result) {
  return std::as_bytes(std::span(&result, 1));
}
auto raw_bytes(spec::SelfTestResult& result) {
  return std::as_writable_bytes(std::span(&result, 1));
}

template <class Archive>
void exchange(Archive& archive, auto& tests, std::type_identity<SelfTests>) {
  archive.section(archive_tag("TEST"), 1, [&](uint32_t) {
    archive.u8(tests.running);
    archive.u8(tests.percent);
    archive.u16(tests.controller_id);
    archive.u32(tests.namespace_id);
    archive.list(tests.results, [&](auto& result) { archive.bytes(raw_bytes(result)); });
  });
}

template <class Archive>
void exchange(Archive& archive, auto& sanitize, std::type_identity<SanitizeState>) {
  archive.section(archive_tag("SANI"), 1, [&](uint32_t) {
    archive.u8(sanitize.state);
    archive.u8(sanitize.passes_completed);
    archive.u16(sanitize.progress);
    archive.u32(sanitize.cdw10);
    archive.u32(sanitize.cdw11);
    archive.boolean(sanitize.global_data_erased);
  });
}

template <class Archive>
void exchange_records(Archive& archive, auto& records) {
  archive.section(archive_tag("SUBS"), 1, [&](uint32_t) {
    archive.u64(records.capacity);
    archive.u32(records.namespaces_created);
    archive.list(records.namespaces,
                 [&](auto& ns) { exchange(archive, ns, std::type_identity<SavedNamespace>()); });
    exchange(archive, records.health, std::type_identity<Health>());
    archive.list(records.events, [&](auto& event) { archive.blob(event); });
    exchange(archive, records.self_tests, std::type_identity<SelfTests>());
    exchange(archive, records.sanitize, std::type_identity<SanitizeState>());
    archive.list(records.features, [&](auto& feature) {
      archive.u16(feature.controller_id);
      archive.u8(feature.id);
      archive.u32(feature.part);
      archive.u32(feature.value);
    });
    archive.list(records.error_logs, [&](auto& entry) {
      archive.u16(entry.controller_id);
      ErrorLog::exchange(archive, entry.log);
    });
  });
}

SavedNamespace describe(const Namespace& ns) {
  SavedNamespace saved;
  saved.id = ns.id;
  saved.byte_length = ns.store->byte_length();
  saved.format = ns.format;
  saved.generation = ns.generation;
  saved.shared = ns.shared;
  saved.controllers = ns.controllers;
  saved.write_protected = ns.write_protected;
  for (const auto& [first, last] : ns.uncorrectable.last_by_first()) {
    saved.uncorrectable.push_back({first, last});
  }
  return saved;
}

SavedRecords collect(Subsystem& subsystem) {
  const Records& records = subsystem.records();
  SavedRecords saved;
  saved.capacity = subsystem.capacity();
  saved.namespaces_created = records.namespaces_created;
  subsystem.for_each_namespace(
      [&](const Namespace& ns) { saved.namespaces.push_back(describe(ns)); });
  saved.health = total_health(subsystem);
  saved.events = records.events.all();
  saved.self_tests = records.self_tests;
  saved.sanitize = records.sanitize;
  saved.sanitize.global_data_erased =
      spec::sstat::global_data_erased.get(sanitize_status(subsystem)) != 0;
  for (const auto& [controller_id, values] : records.saved_features) {
    for (const auto& [key, value] : values) {
      saved.features.push_back({controller_id, key.id, key.part, value});
    }
  }
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    saved.error_logs.push_back(
        {static_cast<uint16_t>(i), subsystem.controller(i).state().error_log});
  }
  return saved;
}

Status restore_namespace(Namespace& ns, const SavedNamespace& saved) {
  const NamespaceFormat& format = ns.format;
  if (ns.store->byte_length() != saved.byte_length ||
      format.lba_format != saved.format.lba_format || format.extended != saved.format.extended ||
      format.protection_type != saved.format.protection_type) {
    return Status(ErrorCode::State, "namespace " + std::to_string(saved.id) +
                                        " is there with another length or format");
  }
  ns.generation = saved.generation;
  ns.shared = saved.shared;
  ns.controllers = saved.controllers;
  ns.write_protected = saved.write_protected;
  ns.uncorrectable.clear();
  for (const auto& [first, last] : saved.uncorrectable) {
    if (first > last || last >= ns.block_count() ||
        !ns.uncorrectable.add(first, last - first + 1)) {
      return Status(ErrorCode::State, "namespace " + std::to_string(saved.id) +
                                          " has marked blocks that it cannot have");
    }
  }
  return {};
}

Status open_namespace(Subsystem& subsystem, const SavedNamespace& saved) {
  Namespace* there = subsystem.find_namespace(saved.id);
  if (there != nullptr) return restore_namespace(*there, saved);
  const std::string name = "namespace " + std::to_string(saved.id);
  if (check_format(saved.format) != spec::status::success) {
    return Status(ErrorCode::State, name + " has an unknown format");
  }
  StoreFamily& family = subsystem.media().family();
  auto data = family.open({saved.id, StorePart::Data});
  if (!data.ok()) return std::move(data.status());
  if (data.value()->byte_length() != saved.byte_length) {
    return Status(ErrorCode::Image, name + " has " + std::to_string(data.value()->byte_length()) +
                                        " bytes and had " + std::to_string(saved.byte_length));
  }
  std::unique_ptr<Store> metadata;
  const uint64_t blocks = saved.byte_length / saved.format.data_byte_length();
  if (saved.format.metadata_byte_length() != 0) {
    auto opened = family.open({saved.id, StorePart::Metadata});
    if (!opened.ok()) return std::move(opened.status());
    metadata = std::move(opened.value());
    if (metadata->byte_length() < blocks * saved.format.metadata_byte_length()) {
      return Status(ErrorCode::Image, "the metadata of " + name + " are too short");
    }
  }
  auto ns = make_nvm_namespace(std::move(data.value()), std::move(metadata), saved.format, nullptr);
  NVM_TRY(restore_namespace(*ns, saved));
  return subsystem.add_namespace(saved.id, std::move(ns))
             ? Status()
             : Status(ErrorCode::State, name + " is beyond the limit");
}

bool can_be(const SelfTests& tests) {
  const bool known = tests.running == 0 || tests.running == spec::self_test_code::short_test ||
                     tests.running == spec::self_test_code::extended_test;
  return known && tests.percent <= 100 && tests.controller_id < kControllersMax &&
         tests.results.size() <= kSelfTestResultsMax;
}

Status judge(const SavedRecords& saved) {
  if (!can_be(saved.self_tests)) {
    return Status(ErrorCode::State, "its self-test is none that there is");
  }
  if (saved.sanitize.state > spec::sanitize_state::failed) {
    return Status(ErrorCode::State, "its sanitize operation is none that there is");
  }
  return {};
}

// `restarted`: the subsystem was without power; else it goes on.
void restore(Subsystem& subsystem, SavedRecords& saved, bool restarted) {
  Records& records = subsystem.records();
  subsystem.set_capacity(std::max(subsystem.capacity(), saved.capacity));
  records.namespaces_created = saved.namespaces_created;
  records.health = saved.health;
  if (restarted) {
    records.health.power_cycles++;
    if (saved.health.running) records.health.unsafe_shutdowns++;
    records.health.running = false;
  }
  records.events = {};
  for (auto& event : saved.events) records.events.add(std::move(event));
  records.self_tests = std::move(saved.self_tests);
  records.sanitize = saved.sanitize;
  for (const SavedFeature& feature : saved.features) {
    records.saved_features[feature.controller_id][{feature.id, feature.part}] = feature.value;
  }
  for (const SavedErrorLog& entry : saved.error_logs) {
    records.error_logs[entry.controller_id] = entry.log;
    if (entry.controller_id < subsystem.controller_count()) {
      subsystem.controller(entry.controller_id).state().error_log = entry.log;
    }
  }
}

Status load(Subsystem& subsystem, std::span<const std::byte> bytes, bool restarted) {
  auto reader = ArchiveReader::open(bytes);
  if (!reader.ok()) return std::move(reader.status());
  SavedRecords saved;
  exchange_records(reader.value(), saved);
  NVM_TRY(reader.value().finish());
  NVM_TRY(judge(saved));
  for (const SavedNamespace& ns : saved.namespaces) NVM_TRY(open_namespace(subsystem, ns));
  restore(subsystem, saved, restarted);
  resume_self_test(subsystem);
  resume_sanitize(subsystem);
  return {};
}

}  // namespace

std::vector<std::byte> save_records(Subsystem& subsystem) {
  const SavedRecords saved = collect(subsystem);
  ArchiveWriter writer;
  exchange_records(writer, saved);
  return writer.finish();
}

Status load_records(Subsystem& subsystem, std::span<const std::byte> saved) {
  return load(subsystem, saved, true);
}

Status resume_records(Subsystem& subsystem, std::span<const std::byte> saved) {
  return load(subsystem, saved, false);
}

Result<std::vector<std::byte>> save_device(Subsystem& subsystem) {
  auto controllers = save_controllers(subsystem);
  if (!controllers.ok()) return std::move(controllers.status());
  ArchiveWriter writer;
  writer.section(archive_tag("DEVI"), 1, [&](uint32_t) {
    writer.blob(save_records(subsystem));
    writer.blob(controllers.value());
  });
  return writer.finish();
}

Status load_device(Subsystem& subsystem, std::span<const std::byte> saved) {
  auto reader = ArchiveReader::open(saved);
  if (!reader.ok()) return std::move(reader.status());
  std::vector<std::byte> records;
  std::vector<std::byte> controllers;
  reader.value().section(archive_tag("DEVI"), 1, [&](uint32_t) {
    reader.value().blob(records);
    reader.value().blob(controllers);
  });
  NVM_TRY(reader.value().finish());
  NVM_TRY(resume_records(subsystem, records));
  return load_controllers(subsystem, controllers);
}

}  // namespace nvm::emulator
