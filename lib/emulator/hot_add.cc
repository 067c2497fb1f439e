// SPDX-License-Identifier: MIT
#include "emulator/hot_add.h"

#include <algorithm>

#include "emulator/admin/background.h"

namespace nvm::emulator {
namespace {

// As a host would do it, but that the subsystem's capacity does not bound it.
Task add_namespace(Subsystem& subsystem, spec::NamespaceManagementData data,
                   std::shared_ptr<NamespaceAddition> addition) {
  auto outcome = std::make_shared<Outcome>();
  const uint16_t status = co_await create_namespace(subsystem, data, true, outcome);
  addition->namespace_id = outcome->dword0;
  if (status == spec::status::success) {
    for (size_t i = 0; i < subsystem.controller_count(); i++) {
      subsystem.attach_namespace(outcome->dword0, static_cast<uint16_t>(i));
    }
  } else {
    addition->status = outcome->os_error == 0
                           ? Status::from_nvme(status)
                           : Status(ErrorCode::Os, "the files of namespaces", outcome->os_error);
  }
  addition->operation.progress.store(
      status == spec::status::success ? Progress::Done : Progress::Failed,
      std::memory_order_release);
  co_return status;
}

}  // namespace

Status begin_adding_namespace(Subsystem& subsystem, const EmulatedNamespaceOptions& options,
                              std::shared_ptr<NamespaceAddition> addition) {
  auto found = find_format(options);
  if (!found.ok()) return std::move(found.status());
  const NamespaceFormat format = found.value();
  if (options.byte_length == 0 || options.byte_length % format.data_byte_length() != 0) {
    return Status(ErrorCode::Argument, "a namespace of " + std::to_string(options.byte_length) +
                                           " bytes; give it a multiple of " +
                                           std::to_string(format.data_byte_length()));
  }
  const uint64_t allocated = subsystem.allocated_capacity();
  if (options.byte_length > subsystem.capacity_max - std::min(allocated, subsystem.capacity_max)) {
    const bool has_model = subsystem.capacity_max != UINT64_MAX;
    return Status(ErrorCode::Argument,
                  (has_model ? "the device's model is for namespaces of at most " +
                                   std::to_string(subsystem.capacity_max >> 30) + " GiB in all"
                             : "the namespaces of a device have less than 2^64 bytes in all") +
                      "; give a smaller size");
  }
  spec::NamespaceManagementData data{};
  data.nsze = data.ncap = options.byte_length / format.data_byte_length();
  data.flbas = static_cast<uint8_t>(spec::flbas::format_lower.put(format.lba_format) |
                                    spec::flbas::extended.put(format.extended ? 1 : 0));
  data.dps = static_cast<uint8_t>(spec::dps::type.put(format.protection_type));
  data.nmic = static_cast<uint8_t>(spec::nmic::shared.put(1));
  addition->operation.progress.store(Progress::Pending, std::memory_order_relaxed);
  subsystem.begin_work(add_namespace(subsystem, data, std::move(addition)));
  return {};
}

}  // namespace nvm::emulator
