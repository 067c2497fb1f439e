// SPDX-License-Identifier: MIT
#include "emulator/hot_add.h"

#include "emulator/stores/media.h"

namespace nvm::emulator {
namespace {

struct Part {
  StorePart part;
  uint64_t byte_length;
  std::unique_ptr<Store> store;
};

Task add_namespace(Subsystem& subsystem, NamespaceFormat format, uint64_t block_count,
                   std::shared_ptr<NamespaceAddition> addition) {
  const uint32_t id = addition->namespace_id;
  Part parts[] = {{StorePart::Data, block_count * format.data_byte_length(), nullptr},
                  {StorePart::Metadata, block_count * format.metadata_byte_length(), nullptr}};
  Progress progress = Progress::Done;
  for (Part& each : parts) {
    if (each.byte_length == 0 || progress == Progress::Failed) continue;
    StoreCreation creation;
    progress = co_await settled(
        creation, subsystem.media().begin_create(creation, {id, each.part}, each.byte_length));
    each.store = std::move(creation.store);
    if (progress == Progress::Failed) {
      addition->status =
          Status(ErrorCode::Os, "the store of namespace " + std::to_string(id), creation.os_error);
    }
  }
  if (progress == Progress::Done) {
    auto ns =
        make_nvm_namespace(std::move(parts[0].store), std::move(parts[1].store), format, nullptr);
    if (!subsystem.add_namespace(id, std::move(ns))) {
      addition->status = Status(ErrorCode::Busy, "namespace " + std::to_string(id) + " exists now");
      progress = Progress::Failed;
    }
  }
  addition->operation.progress.store(progress, std::memory_order_release);
  co_return spec::status::success;
}

}  // namespace

Status begin_adding_namespace(Subsystem& subsystem, const EmulatedNamespaceOptions& options,
                              std::shared_ptr<NamespaceAddition> addition) {
  auto format = find_format(options);
  if (!format.ok()) return std::move(format.status());
  const uint32_t data_byte_length = format.value().data_byte_length();
  if (options.byte_length == 0 || options.byte_length % data_byte_length != 0) {
    return Status(ErrorCode::Argument, "a namespace of " + std::to_string(options.byte_length) +
                                           " bytes; give it a multiple of " +
                                           std::to_string(data_byte_length));
  }
  addition->namespace_id = subsystem.free_namespace_id();
  if (addition->namespace_id == 0) {
    return Status(ErrorCode::Range, "the device has " + std::to_string(subsystem.namespaces_max()) +
                                        " namespaces already, its limit");
  }
  addition->operation.progress.store(Progress::Pending, std::memory_order_relaxed);
  subsystem.begin_work(add_namespace(subsystem, format.value(),
                                     options.byte_length / data_byte_length, std::move(addition)));
  return {};
}

}  // namespace nvm::emulator
