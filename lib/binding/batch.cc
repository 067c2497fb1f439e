// SPDX-License-Identifier: MIT
// The path with one native call per batch: TypeScript describes commands as numbers in memory that
// both see; a call submits as many as fit, reaps what has completed, and goes on while more is
// wanted.
#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "binding/calls.h"
#include "binding/environment.h"
#include "binding/values.h"
#include "measure/histogram.h"
#include "memory/prp.h"
#include "platform/clock.h"
#include "platform/ordering.h"

namespace nvm::binding {
namespace {

// One command as TypeScript writes it (src/queue/batch.ts), in memory that other threads may change
// at any moment.
struct Description {
  double opcode;
  double lba;
  double block_count;
  double byte_offset;  // in the batch's memory
};

// One command as it was read, once, and found sound.
struct Command {
  uint64_t lba;
  uint64_t byte_offset;
  uint64_t byte_length;  // 0: it moves no data
  uint32_t block_count;
  uint8_t opcode;
};

// One completion as TypeScript reads it.
struct Outcome {
  int32_t index;   // of the command; of one that was enqueued by hand the complement of its id
  int32_t status;  // CQE status field without the phase tag
};

// What one call is asked and answers: in memory, because numbers that cross the seam one by one
// take as long as the rest of the call.
struct Call {
  uint32_t first;      // command
  uint32_t count;      // commands to submit
  uint32_t wanted;     // completions to wait for
  uint32_t changes;    // of namespaces, as many as are known to whoever described the commands
  uint32_t submitted;  // commands
  uint32_t reaped;     // completions
  uint32_t doorbells;  // of the submission queue
  uint32_t no_data;    // commands without data
  double bytes;        // that the commands are to move
};

// Latencies of a queue that was created with `histogram`, where TypeScript counts those of the
// commands that it sends and takes itself (src/queue/watch.ts).
struct Latencies {
  std::span<double> submitted_at_ns;  // by command id
  std::span<double> histogram;        // empty: nobody has asked for them
};

constexpr uint32_t kNoCommand = UINT32_MAX;

struct Batch {
  std::shared_ptr<QueueHandle> queue;
  // Let go of by JavaScript, once disposed, when nothing of the queue is outstanding.
  std::shared_ptr<DescriptorHandle> descriptor;
  const SharedDescriptor* memory = nullptr;  // of this call
  uint32_t namespace_id = 0;
  uint32_t block_bytes = 0;
  uint64_t transfer_bytes_max = 0;
  uint64_t timeout_ns = 0;
  Call call{};
  uint32_t staged = kNoCommand;  // command of this call whose entry is in the free slot
  Latencies latencies;
  // Memory of JavaScript, which keeps it for as long as it keeps the batch.
  std::span<const Description> descriptions;
  std::span<Outcome> outcomes;    // of the last call
  std::vector<Command> commands;  // of this call, by their indices
  std::vector<uint64_t> pages;    // scratch, one per page of the largest transfer
};

constexpr size_t kPageBytes = 4096;
constexpr uint64_t kTurnNs = 10 * kNanosecondsPerMillisecond;  // of native code alone
constexpr uint8_t kTransferBits =
    3;  // bits 1:0 of an opcode: 0 moves no data (NVMe base 2.0, figure 87)

// Those of vendors may do without the data that bits 1:0 announce.
constexpr uint8_t kVendorOpcodeMin = 0x80;

bool is_whole(double value) {
  return value == std::floor(value);
}

double read_once(const double& word) {
  double value;
  __atomic_load(&word, &value, __ATOMIC_RELAXED);
  return value;
}

bool refuse(std::string& wrong, std::string why) {
  wrong = std::move(why);
  return false;
}

// False for a description of no command that may be submitted: `wrong` says what is.
bool read_command(const Batch& batch, const Description& description, Command& command,
                  std::string& wrong) {
  const double opcode = read_once(description.opcode);
  const double lba = read_once(description.lba);
  const double block_count = read_once(description.block_count);
  const double byte_offset = read_once(description.byte_offset);
  if (!(opcode >= 0 && opcode <= 0xff && is_whole(opcode))) {
    return refuse(wrong, "its opcode is not 0 to 255");
  }
  if (!(lba >= 0 && lba < 9007199254740992.0 && is_whole(lba))) {
    return refuse(wrong, "its LBA is not 0 to 2^53 - 1");
  }
  if (!(block_count >= 0 && block_count <= 65536 && is_whole(block_count))) {
    return refuse(wrong, "its block count is not 0 to 65536");
  }
  command.opcode = static_cast<uint8_t>(opcode);
  command.block_count = static_cast<uint32_t>(block_count);
  command.lba = static_cast<uint64_t>(lba);
  command.byte_length = 0;
  if ((command.opcode & kTransferBits) == 0) return true;
  if (command.block_count == 0) {
    if (command.opcode >= kVendorOpcodeMin) return true;
    return refuse(wrong, "its block count is 0, and its opcode moves blocks");
  }
  command.byte_length = uint64_t{command.block_count} * batch.block_bytes;
  if (command.byte_length > batch.transfer_bytes_max) {
    return refuse(wrong, "it moves " + std::to_string(command.byte_length) +
                             " bytes, and a command at most " +
                             std::to_string(batch.transfer_bytes_max));
  }
  const uint64_t memory_bytes = batch.memory->byte_length;
  if (!(byte_offset >= 0 && byte_offset <= static_cast<double>(memory_bytes) &&
        is_whole(byte_offset / 4))) {
    return refuse(wrong,
                  "its byte offset is no multiple of 4 from 0 to " + std::to_string(memory_bytes));
  }
  command.byte_offset = static_cast<uint64_t>(byte_offset);
  if (command.byte_length <= memory_bytes - command.byte_offset) return true;
  return refuse(wrong, std::to_string(command.byte_length) + " bytes at offset " +
                           std::to_string(command.byte_offset) + " end beyond the memory of " +
                           std::to_string(memory_bytes));
}

bool is_in_one_page(const Command& command) {
  return command.byte_offset % kPageBytes + command.byte_length <= kPageBytes;
}

// All of an entry but its id, and what depends on that: pointers to more than one page.
void write_entry(const Batch& batch, const Command& command, spec::SubmissionQueueEntry& entry) {
  entry = {};
  entry.opc = command.opcode;
  entry.nsid = batch.namespace_id;
  if (command.byte_length != 0 && is_in_one_page(command)) {
    entry.prp1 = batch.memory->descriptor->io_address(command.byte_offset);
  }
  if (command.block_count == 0) return;
  entry.cdw10 = static_cast<uint32_t>(command.lba);
  entry.cdw11 = static_cast<uint32_t>(command.lba >> 32);
  entry.cdw12 = command.block_count - 1;
}

void point_at_pages(Batch& batch, const Command& command, spec::SubmissionQueueEntry& entry) {
  const DmaDescriptor& memory = *batch.memory->descriptor;
  const uint64_t in_page = command.byte_offset % kPageBytes;
  const size_t count = (in_page + command.byte_length + kPageBytes - 1) / kPageBytes;
  for (size_t i = 0; i < count; i++) {
    batch.pages[i] = memory.io_address(command.byte_offset - in_page + i * kPageBytes);
  }
  QueuePair& pair = *batch.queue->pair;
  const DataPointer pointer = build_prps({batch.pages.data(), count}, in_page, kPageBytes,
                                         {pair.prp_list(entry.cid), kPageBytes / sizeof(uint64_t)},
                                         pair.prp_list_address(entry.cid));
  entry.prp1 = pointer.prp1;
  entry.prp2 = pointer.prp2;
}

// Writes the next command of the call into the slot that is free, however many are outstanding:
// when one completes, only the id is missing. Between a completion and the doorbell the device may
// have nothing to do.
void stage_next(Batch& batch) {
  const Call& call = batch.call;
  const uint32_t next = call.first + call.submitted;
  if (call.submitted == call.count || batch.staged == next) return;
  QueuePair& pair = *batch.queue->pair;
  write_entry(batch, batch.commands[next], pair.sq_entries()[pair.block().sq_tail]);
  batch.staged = next;
}

void submit(Batch& batch, uint32_t index) {
  QueueHandle& queue = *batch.queue;
  const uint32_t depth = queue.pair->depth();
  const Command& command = batch.commands[index];
  const int32_t free_count = static_cast<int32_t>(depth) - queue.pair->block().outstanding;
  const uint32_t id = static_cast<uint32_t>(queue.commands[free_count - 1]);
  queue.commands[depth + id] = static_cast<int32_t>(index + 1);
  spec::SubmissionQueueEntry& entry = *queue.pair->enqueue();
  if (batch.staged != index) write_entry(batch, command, entry);
  batch.staged = kNoCommand;
  entry.cid = static_cast<uint16_t>(id);
  if (command.byte_length != 0 && !is_in_one_page(command)) point_at_pages(batch, command, entry);
}

// A change of a namespace may be one of its format, on which the commands rely.
bool may_submit(const Batch& batch) {
  const auto& changes = batch.queue->transport().namespace_changes();
  return !batch.queue->pair->lost() &&
         __atomic_load_n(&changes.any, __ATOMIC_ACQUIRE) == batch.call.changes;
}

// As process.hrtime() in TypeScript.
double read_clock() {
  return static_cast<double>(monotonic_clock().now_ns());
}

// The doorbell is about to be rung.
void note_submitted(Batch& batch) {
  QueuePair& pair = *batch.queue->pair;
  const QueueControlBlock& block = pair.block();
  const std::span<double> submitted_at_ns = batch.latencies.submitted_at_ns;
  const double now_ns = read_clock();
  for (int32_t slot = block.sq_doorbell; slot != block.sq_tail;) {
    const uint16_t id = pair.sq_entries()[slot].cid;
    if (id < submitted_at_ns.size()) submitted_at_ns[id] = now_ns;
    if (++slot == block.sq_entries) slot = 0;
  }
}

// As many of the call's commands as fit; none any more when they may not be.
void submit_more(Batch& batch) {
  Call& call = batch.call;
  QueuePair& pair = *batch.queue->pair;
  const uint32_t room = pair.depth() - static_cast<uint32_t>(pair.block().outstanding);
  const uint32_t more = std::min(call.count - call.submitted, room);
  if (more == 0) return;
  if (!may_submit(batch)) {
    call.count = call.submitted;
    return;
  }
  const uint32_t next = call.first + call.submitted;
  uint64_t bytes = 0;
  for (uint32_t i = next; i < next + more; i++) {
    submit(batch, i);
    const uint64_t byte_length = batch.commands[i].byte_length;
    bytes += byte_length;
    if (byte_length == 0) call.no_data++;
  }
  call.bytes += static_cast<double>(bytes);
  if (!batch.latencies.histogram.empty()) note_submitted(batch);
  pair.ring();
  call.submitted += more;
  call.doorbells++;
}

// Takes what has completed; a completion that names a command which is not outstanding is stepped
// over.
uint32_t reap(Batch& batch, uint32_t reaped) {
  QueueHandle& queue = *batch.queue;
  QueuePair& pair = *queue.pair;
  const uint32_t depth = pair.depth();
  const uint32_t before = reaped;
  const uint32_t room = static_cast<uint32_t>(batch.outcomes.size());
  const Latencies& latencies = batch.latencies;
  const bool measures = !latencies.histogram.empty();
  double now_ns = 0;
  while (reaped < room) {
    const spec::CompletionQueueEntry* entry = pair.poll();
    if (entry == nullptr) break;
    const uint32_t id = entry->cid;
    const int32_t status = entry->status >> 1;
    const bool known = id < depth && queue.commands[depth + id] != 0;
    QueueControlBlock& block = pair.block();
    const int32_t outstanding = block.outstanding;
    pair.consume();
    if (!known) {
      block.outstanding = outstanding;
      continue;
    }
    if (measures) {
      if (now_ns == 0) now_ns = read_clock();
      const double elapsed_ns = now_ns - latencies.submitted_at_ns[id];
      Histogram(latencies.histogram.data()).record(to_unsigned<uint64_t>(elapsed_ns));
    }
    const int32_t use = queue.commands[depth + id];
    batch.outcomes[reaped++] = {use < kByHand ? use - 1 : ~static_cast<int32_t>(id), status};
    queue.commands[depth + id] = 0;
    queue.commands[depth - outstanding] = static_cast<int32_t>(id);
  }
  if (reaped != before) pair.ring_cq();
  return reaped;
}

// A Worker that was terminated ends where JavaScript is called, and no sooner: then this is false.
bool is_still_wanted(napi_env env) {
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_value script = nullptr;
  napi_value result = nullptr;
  const bool runs = napi_create_string_utf8(env, "0", 1, &script) == napi_ok &&
                    napi_run_script(env, script, &result) == napi_ok;
  napi_close_handle_scope(env, scope);
  return runs;
}

// Reaps until the completions that are wanted are there, or all that can come, and submits
// meanwhile what fits. False when the queue's timeout passed without any, or the queue is lost.
bool reap_until_wanted(napi_env env, Batch& batch) {
  constexpr uint32_t kLooksPerClock = 256;
  Transport& transport = batch.queue->transport();
  Waiter& waiter = burst_waiter();
  const QueueControlBlock& block = batch.queue->pair->block();
  Call& call = batch.call;
  uint64_t deadline = 0;
  uint64_t turn_end = 0;
  unsigned empty_rounds = 0;
  for (uint32_t looks = 1;; looks++) {
    const uint32_t before = call.reaped;
    call.reaped = reap(batch, before);
    if (call.reaped != before) {
      submit_more(batch);  // before returning, too: the device is at work while JavaScript is
      deadline = 0;
      empty_rounds = 0;
    }
    if (call.reaped >= call.wanted) return true;
    stage_next(batch);
    if (block.outstanding == 0 && call.submitted == call.count) return true;
    if (batch.queue->inline_pump) {
      transport.pump();
    } else {
      spin_hint();
    }
    if (looks % kLooksPerClock != 0) continue;
    const uint64_t now = waiter.now_ns();
    if (now >= turn_end) {
      if (turn_end != 0 && !is_still_wanted(env)) return true;
      turn_end = now + kTurnNs;
    }
    if (transport.pump()) continue;
    if (batch.queue->pair->lost()) {
      call.reaped = reap(batch, call.reaped);
      return call.reaped >= call.wanted;
    }
    if (deadline == 0) deadline = now + batch.timeout_ns;
    if (now >= deadline) return false;
    waiter.pause(empty_rounds++);
  }
}

constexpr const char* kLost = "the controller was reset, or its manager has gone";

napi_value fail(napi_env env, ErrorCode code, std::string detail) {
  return make_failure(env, Failure{code, 0, 0, std::move(detail)});
}

}  // namespace

// (queue, descriptor, namespace id, bytes per block, bytes per transfer, timeout ms, commands,
// outcomes)
napi_value create_batch(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto queue = arguments.handle<QueueHandle>(0);
  auto descriptor = arguments.handle<DescriptorHandle>(1);
  if (queue == nullptr || queue->released() || descriptor == nullptr ||
      descriptor->shared == nullptr) {
    return fail(env, ErrorCode::Closed, "the queue or the memory of the batch");
  }
  auto batch = std::make_shared<Batch>();
  batch->queue = queue;
  batch->descriptor = descriptor;
  batch->namespace_id = arguments.uint32(2);
  batch->block_bytes = arguments.uint32(3);
  batch->transfer_bytes_max = to_unsigned<uint64_t>(arguments.number(4));
  batch->timeout_ns = arguments.milliseconds(5);
  batch->descriptions = arguments.elements<Description>(6);
  batch->outcomes = arguments.elements<Outcome>(7);
  batch->commands.resize(batch->descriptions.size());
  batch->pages.resize(batch->transfer_bytes_max / kPageBytes + 1);
  return ObjectBuilder(env)
      .set("handle", make_handle(env, batch))
      .set("call", make_array_buffer(env, &batch->call, sizeof(Call), batch))
      .object();
}

// (batch, times of submission by command id, words of a histogram)
napi_value measure_batch(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Batch* batch = arguments.borrow<Batch>(0);
  const auto submitted_at_ns = arguments.elements<double>(1);
  const auto histogram = arguments.elements<double>(2);
  if (batch == nullptr || batch->queue->released() || histogram.size() != Histogram::kWords ||
      submitted_at_ns.size() < batch->queue->pair->depth()) {
    return nullptr;
  }
  batch->latencies = {submitted_at_ns, histogram};
  return nullptr;
}

// (batch); the rest is in its Call. Undefined, or a failure.
napi_value exchange_batch(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Batch* batch = arguments.borrow<Batch>(0);
  if (batch == nullptr) return fail(env, ErrorCode::Closed, "the batch");
  if (batch->queue->released()) {
    return fail(env, ErrorCode::Closed, "the queue pair of the batch");
  }
  QueuePair& pair = *batch->queue->pair;
  if (pair.lost()) return fail(env, ErrorCode::QueueLost, kLost);
  if (pair.block().state != static_cast<int32_t>(QueueState::Live)) {
    return fail(env, ErrorCode::Closed, "the queue pair of the batch");
  }
  Call& call = batch->call;
  batch->memory = batch->descriptor->shared.get();
  if (batch->memory == nullptr && call.count > 0) {
    return fail(env, ErrorCode::Closed, "the memory of the batch was disposed");
  }
  if (call.first > batch->commands.size() || call.count > batch->commands.size() - call.first) {
    return fail(env, ErrorCode::Range,
                "the batch has " + std::to_string(batch->commands.size()) + " commands");
  }
  const auto outstanding = static_cast<uint32_t>(pair.block().outstanding);
  const uint64_t most = uint64_t{pair.depth() - outstanding} + call.wanted;
  call.count = static_cast<uint32_t>(std::min<uint64_t>(call.count, most));
  std::string wrong;
  for (uint32_t i = call.first; i < call.first + call.count; i++) {
    if (read_command(*batch, batch->descriptions[i], batch->commands[i], wrong)) continue;
    return fail(env, ErrorCode::Range, "command " + std::to_string(i) + " of the batch: " + wrong);
  }
  batch->staged = kNoCommand;
  submit_more(*batch);
  if (!reap_until_wanted(env, *batch) && call.reaped == 0) {
    if (pair.lost()) return fail(env, ErrorCode::QueueLost, kLost);
    return fail(env, ErrorCode::Timeout,
                "a batch of " + std::to_string(call.submitted) + " commands");
  }
  return nullptr;
}

}  // namespace nvm::binding
