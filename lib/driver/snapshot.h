// SPDX-License-Identifier: MIT
// What people are shown of a controller when something was not answered: its registers and its
// admin queue, at one time. src/controller-dump.ts makes text of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/nvme.h"

namespace nvm {

struct AdminQueueSnapshot {
  using Commands = std::vector<spec::SubmissionQueueEntry>;

  uint32_t sq_tail = 0;
  uint32_t sq_head = 0;
  uint32_t cq_head = 0;
  uint32_t cq_phase = 0;      // phase tag of the next completion: 1 or 0
  uint16_t command_mask = 0;  // bits of a command id; those above differ from use to use
  Commands submissions;       // each slot
  std::vector<spec::CompletionQueueEntry> completions;  // each slot: what was taken from it
  // Those without a completion. Nobody waits any more for the end of what was given up.
  Commands outstanding, given_up;
  uint32_t event_requests = 0;  // outstanding
};

struct ControllerSnapshot {
  std::string address, transport;
  bool emulated = false;
  bool is_client = false;  // of a manager in another process, which has the admin queue
  uint64_t cap = 0;
  uint32_t vs = 0, cc = 0, csts = 0, aqa = 0;
  uint64_t asq = 0, acq = 0;
  std::optional<AdminQueueSnapshot> admin_queue;  // of the manager in this process
};

}  // namespace nvm
