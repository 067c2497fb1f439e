// SPDX-License-Identifier: MIT
// The Persistent Event Log (NVMe base 2.0, 5.16.1.14): what happened to the subsystem, the newest
// first, the oldest forgotten when there is no more room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "spec/nvme.h"

namespace nvm::emulator {

class ControllerState;
class Subsystem;
struct Namespace;

constexpr size_t kPersistentEventBytesMax = 64 << 10;  // Identify PELS 1, header included

class PersistentEvents {
 public:
  // `event`: header and data.
  void add(std::vector<std::byte> event);
  // The newest last.
  const std::vector<std::vector<std::byte>>& all() const { return events_; }
  size_t byte_length() const { return byte_length_; }

 private:
  std::vector<std::vector<std::byte>> events_;
  size_t byte_length_ = 0;
};

// The log as a host reads it.
std::vector<std::byte> persistent_event_log(ControllerState& state);

void log_smart_snapshot(ControllerState& state);
void log_reset(ControllerState& state);
void log_set_feature(ControllerState& state, const spec::SubmissionQueueEntry& sqe);
void log_timestamp_change(ControllerState& state, uint64_t previous);
void log_firmware_commit(ControllerState& state, uint32_t cdw10, uint16_t status_field);
void log_namespace_change(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                          const Namespace* ns);
void log_format_start(ControllerState& state, uint32_t namespace_id, uint32_t cdw10);
void log_format_completion(ControllerState& state, uint32_t namespace_id, uint16_t status_field);
void log_sanitize_start(ControllerState& state, const spec::SubmissionQueueEntry& sqe);
// No controller did it: the first one says when.
void log_sanitize_completion(Subsystem& subsystem, uint16_t progress, uint16_t status);

}  // namespace nvm::emulator
