// SPDX-License-Identifier: MIT
// Faults of the emulated controller: which commands one befalls, and what happens to them. Plain
// values; faults/fault_plan.h decides with them, the front end and the executors act on the effect.
//
// A command is asked about once, when it has been fetched. What happens to it then, in this order:
//
//   1. `controller`: stops, fails or is gone. The command is not executed and never completes.
//   2. `delay_ns`: nothing else happens to it before that time has passed since its fetch, so its
//      data moves late too. The delays of all faults add up; a timing model's time comes on top.
//      A fused pair waits for the longer one of its two, from the fetch of the second on.
//   3. Execution, unless `status_field` or `drop` is there: then none. A torn write is executed
//      nevertheless, as far as it goes. `torn` and `corruption` change what is stored or read.
//   4. `drop`: no completion, ever, and nothing remembers the command, so Abort does not find it.
//   5. `status_field`: the status of the completion, whatever execution says.
//   6. `completion`: how the entry is posted.
//
// Several faults may befall one command. Each counts, draws and is spent by itself, as if it were
// alone; then delays are added, and of everything else the fault that was added first wins.
#pragma once

#include <cstdint>
#include <optional>

#include "platform/status.h"
#include "spec/nvme.h"

namespace nvm::emulator {

// A delay is at most a day: a command that is to wait longer is dropped.
constexpr uint64_t kFaultDelayNsMax = 86'400'000'000'000;

struct FaultLbas {
  uint64_t lba = 0;
  uint64_t block_count = 0;  // of a command: at most 65536, and 0 when it names no one range

  bool operator==(const FaultLbas&) const = default;
};

// What a plan looks at in a command.
struct FaultedCommand {
  uint16_t controller_id = 0;
  uint16_t queue_id = 0;  // of the submission queue; 0: an admin command
  uint8_t opcode = 0;
  uint32_t namespace_id = 0;
  FaultLbas lbas;
};

// `lbas` of Read, Write, Write Zeroes, Write Uncorrectable, Compare and Verify. Dataset Management
// and Copy have their ranges in the host's memory, which is not read for this: they have none.
FaultedCommand faulted_command(uint16_t controller_id, uint16_t queue_id,
                               const spec::SubmissionQueueEntry& sqe);

enum class FaultQueues : uint8_t { Any, Admin, Io };

// Which commands: all that is given must hold. Of those, the ones that `nth` and `every` select by
// their number (the first is 1), and of those, as many as `probability` says.
struct FaultMatch {
  std::optional<uint16_t> controller_id;
  FaultQueues queues = FaultQueues::Any;
  std::optional<uint16_t> queue_id;  // of the submission queue
  std::optional<uint8_t> opcode;     // give `queues` or `queue_id` too: admin and I/O share numbers
  std::optional<uint32_t> namespace_id;  // exactly this: ffffffffh, all namespaces, is another one
  std::optional<FaultLbas> lbas;         // overlaps the command's
  uint64_t nth = 0;        // alone: only this one. With `every`: where that begins. 0: not given
  uint64_t every = 0;      // alone: this one, the one twice as far, and so on. 0: not given
  double probability = 1;  // above 0, at most 1
  std::optional<uint64_t> seed;  // of the draws; none: made of the plan's seed and the fault's id
};

// The first `blocks` blocks and `bytes` bytes of the write reach the store; with 0 and 0 it is
// lost. The completion says success, unless `status_field` or `drop` is given too.
struct TornWrite {
  uint32_t blocks = 0;
  uint32_t bytes = 0;

  // Bytes to store of `data_byte_length`.
  uint64_t byte_length(uint64_t data_byte_length, uint32_t lba_byte_length) const;
  bool operator==(const TornWrite&) const = default;
};

enum class CorruptedData : uint8_t {
  ToHost,  // what the host is given; the store stays good
  Stored,  // what Write and Write Zeroes leave in the store
};

// One byte is XORed with a mask. Its place counts from the first byte of the blocks that the
// match's `lbas` and the command share, or of all the command's data, modulo their length.
struct Corruption {
  CorruptedData data = CorruptedData::ToHost;
  std::optional<uint64_t> offset;  // none: drawn
  uint8_t xor_mask = 0;            // 0: drawn
};

enum class CompletionFault : uint8_t {
  None,
  Duplicate,   // the entry is posted twice
  UnknownCid,  // with all bits of its CID inverted, in place of the right one
  WrongPhase,  // with the phase tag of the pass before, so that the host does not see it
};

enum class ControllerFault : uint8_t {
  None,
  Stop,    // fetches and posts nothing more until it is reset; CSTS does not say so
  Fatal,   // sets CSTS.CFS
  Remove,  // is not there any more: registers read all ones, writes do nothing, a reset too
};

// What happens; several may be given together where that means something (see validate).
struct FaultAction {
  uint64_t delay_ns = 0;
  bool drop = false;
  // As spec::status has it, e.g. spec::status::write_fault | spec::status::dnr. 0 is success: what
  // is not executed is acknowledged (a Flush that does not flush).
  std::optional<uint16_t> status_field;
  std::optional<TornWrite> torn;         // of Write and Write Zeroes: other commands do not match
  std::optional<Corruption> corruption;  // only commands that move such data match
  CompletionFault completion = CompletionFault::None;
  ControllerFault controller = ControllerFault::None;
};

struct Fault {
  FaultMatch match;
  FaultAction action;
  uint64_t times = 0;  // how often at most; 0: no limit
};

// Refuses what could never happen, or would do nothing when it does.
Status validate(const Fault& fault);

// A corruption with its draws made.
struct CorruptedByte {
  CorruptedData data = CorruptedData::ToHost;
  uint8_t xor_mask = 1;
  uint32_t first_block = 0;  // of the command's blocks
  uint32_t block_count = 0;  // 0: all the command's data
  uint64_t place = 0;        // before the modulo

  // The byte's offset in the command's data, which is not empty. `lba_byte_length` is of one block
  // as it is moved, with its metadata if interleaved.
  uint64_t offset(uint64_t data_byte_length, uint32_t lba_byte_length) const;
  bool operator==(const CorruptedByte&) const = default;
};

// What befalls one command: kept with it until its completion is posted.
struct FaultEffect {
  uint64_t delay_ns = 0;
  bool drop = false;
  CompletionFault completion = CompletionFault::None;
  ControllerFault controller = ControllerFault::None;
  std::optional<uint16_t> status_field;
  std::optional<TornWrite> torn;
  std::optional<CorruptedByte> corruption;

  bool any() const { return *this != FaultEffect{}; }
  // False: it is not handed to its executor (or admin handler) at all.
  bool executes() const {
    return controller == ControllerFault::None && (torn || !(drop || status_field));
  }
  const CorruptedByte* corrupts(CorruptedData data) const {
    return corruption && corruption->data == data ? &*corruption : nullptr;
  }
  bool operator==(const FaultEffect&) const = default;
};

// Whether the parts of `action` that are about data fit a command with this opcode: a fault befalls
// no others.
bool concerns(const FaultAction& action, bool admin, uint8_t opcode);

}  // namespace nvm::emulator
