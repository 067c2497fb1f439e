// SPDX-License-Identifier: MIT
#include "emulator/hot_add.h"

#include <algorithm>

#include "emulator/admin/background.h"

namespace nvm::emulator {
namespace {

// Unless it was asked for, the subsystem's capacity grows with what is added.
Status check_room(const Subsystem& subsystem, uint64_t byte_length) {
  const uint64_t limit = subsystem.capacity_limit();
  const uint64_t free_bytes = limit - std::min(subsystem.allocated_capacity(), limit);
  if (byte_length <= free_bytes) return {};
  if (subsystem.capacity_asked != 0) {
    return Status(ErrorCode::Range, "a namespace of " + std::to_string(byte_length) +
                                        " bytes, where " + std::to_string(free_bytes) +
                                        " are free of the capacity of " + std::to_string(limit) +
                                        "; give a smaller size, or the device more capacity");
  }
  const bool has_model = subsystem.capacity_max != UINT64_MAX;
  return Status(ErrorCode::Argument,
                (has_model ? "the device's model is for namespaces of at most " +
                                 std::to_string(limit >> 30) + " GiB in all"
                           : "the namespaces of a device have less than 2^64 bytes in all") +
                    "; give a smaller size");
}

// As a host would do it, but that the capacity grows.
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
    const ErrorCode code = options.byte_length == 0 ? ErrorCode::Argument : ErrorCode::Range;
    return Status(code, "a namespace of " + std::to_string(options.byte_length) +
                            " bytes; give it a multiple of " +
                            std::to_string(format.data_byte_length()));
  }
  NVM_TRY(check_room(subsystem, options.byte_length));
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
