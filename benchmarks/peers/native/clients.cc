// SPDX-License-Identifier: MIT
#include "clients.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "platform/clock.h"
#include "transport/open.h"

namespace nvm::peers {

namespace {

constexpr uint32_t kClockRounds = 256;  // polls between two looks at the clock
constexpr uint32_t kPhaseBit = 0x10000;

template <class T>
T expect(Result<T> result, const char* what) {
  if (result.ok()) return std::move(result.value());
  std::fprintf(stderr, "%s: %s\n", what, result.status().failure().detail.c_str());
  std::exit(1);
}

// The same sequence as the TypeScript clients draw (xorshift32): where commands go, and whether
// they write.
class RandomCommands {
 public:
  explicit RandomCommands(const Workload& workload)
      : step_(workload.block_byte_length / kLbaBytes),
        writes_((workload.write_percent * 128 + 50) / 100) {}
  uint32_t next_lba() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ % (kNamespaceBytes / kLbaBytes / step_) * step_;
  }
  // Of the command at the position that was drawn last.
  uint8_t opcode() const {
    return state_ >> 25 < writes_ ? spec::nvm_opcode::write : spec::nvm_opcode::read;
  }

 private:
  uint32_t state_ = 0x9e3779b9;
  uint32_t step_;
  uint32_t
      writes_;  // of the 128 values of the upper 7 bits of a draw, those that stand for a write
};

void fill(Controller& controller) {
  constexpr uint32_t kChunk = 128 * 1024;
  auto queue = expect(controller.create_queue_pair({.depth = 1}), "queue pair");
  auto data = expect(controller.allocate(kChunk), "buffer");
  for (uint32_t i = 0; i < kChunk / 4; i++) reinterpret_cast<uint32_t*>(data->bytes())[i] = i;
  for (uint32_t page = 1; page < kChunk / 4096; page++)
    queue->prp_list(0)[page - 1] = data->io_address(page * 4096);
  for (uint64_t lba = 0; lba < kNamespaceBytes / kLbaBytes; lba += kChunk / kLbaBytes) {
    spec::SubmissionQueueEntry* entry = queue->enqueue();
    *entry = {};
    entry->opc = spec::nvm_opcode::write;
    entry->nsid = 1;
    entry->prp1 = data->io_address(0);
    entry->prp2 = queue->prp_list_address(0);
    entry->cdw10 = static_cast<uint32_t>(lba);
    entry->cdw12 = kChunk / kLbaBytes - 1;
    queue->ring();
    const spec::CompletionQueueEntry* completion = nullptr;
    wait_until(thread_waiter(), 1'000'000'000,
               [&] { return (completion = queue->poll()) != nullptr; });
    if (completion == nullptr || completion->status >> 1 != 0) {
      std::fprintf(stderr, "filling the namespace failed at LBA %lu\n", lba);
      std::exit(1);
    }
    queue->consume();
    queue->ring_cq();
  }
}

}  // namespace

std::shared_ptr<Controller> open_filled_controller() {
  EmulatorOptions options;
  options.namespaces[0].byte_length = kNamespaceBytes;
  auto controller =
      expect(Controller::open(expect(open_emulator(options), "emulator"), thread_waiter()), "open");
  if (!controller->claim_admin().ok()) std::exit(1);
  fill(*controller);
  return controller;
}

Outcome run_library_client(Controller& controller, const Workload& workload) {
  auto data = expect(controller.allocate(workload.depth * workload.block_byte_length), "buffer");
  auto queue = expect(controller.create_queue_pair({.depth = workload.depth}), "queue pair");
  const uint32_t blocks = workload.block_byte_length / kLbaBytes;
  RandomCommands random(workload);
  std::vector<uint64_t> addresses(workload.depth);
  for (uint32_t i = 0; i < workload.depth; i++)
    addresses[i] = data->io_address(i * workload.block_byte_length);

  auto submit = [&](uint16_t command_id) {
    spec::SubmissionQueueEntry* entry = queue->enqueue();
    *entry = {};
    entry->cid = command_id;
    entry->nsid = 1;
    entry->prp1 = addresses[command_id];
    entry->cdw10 = random.next_lba();
    entry->opc = random.opcode();
    entry->cdw12 = blocks - 1;
  };

  uint64_t start = monotonic_clock().now_ns(), now = start, commands = 0;
  for (uint32_t i = 0; i < workload.depth; i++) submit(static_cast<uint16_t>(i));
  queue->ring();
  unsigned empty_rounds = 0;
  for (uint32_t round = 1;; round++) {
    if (round % kClockRounds == 0 &&
        (now = monotonic_clock().now_ns()) - start >= workload.duration_ns)
      break;
    uint32_t reaped = 0;
    while (const spec::CompletionQueueEntry* completion = queue->poll()) {
      if (completion->status >> 1 != 0) std::exit(1);
      uint16_t command_id = completion->cid;
      queue->consume();
      submit(command_id);
      reaped++;
    }
    if (reaped == 0) {
      thread_waiter().pause(empty_rounds++);
      continue;
    }
    empty_rounds = 0;
    queue->ring_cq();
    queue->ring();
    commands += reaped;
  }
  return {commands, now - start};
}

Outcome run_bare_client(Controller& controller, const Workload& workload) {
  auto data = expect(controller.allocate(workload.depth * workload.block_byte_length), "buffer");
  auto queue = expect(controller.create_queue_pair({.depth = workload.depth}), "queue pair");
  const uint32_t blocks = workload.block_byte_length / kLbaBytes;
  const uint32_t entries = workload.depth + 1;
  RandomCommands random(workload);
  auto* sq = reinterpret_cast<uint32_t*>(queue->sq_entries());
  auto* cq = reinterpret_cast<uint32_t*>(queue->cq_entries());
  auto* sq_doorbell = const_cast<uint32_t*>(queue->sq_doorbell());
  auto* cq_doorbell = const_cast<uint32_t*>(queue->cq_doorbell());
  std::vector<uint64_t> addresses(workload.depth);
  for (uint32_t i = 0; i < workload.depth; i++)
    addresses[i] = data->io_address(i * workload.block_byte_length);

  uint32_t tail = 0, head = 0, phase = kPhaseBit;
  auto submit = [&](uint32_t command_id) {
    uint32_t* entry = sq + tail * 16;
    entry[1] = 1;
    entry[6] = static_cast<uint32_t>(addresses[command_id]);
    entry[7] = static_cast<uint32_t>(addresses[command_id] >> 32);
    entry[10] = random.next_lba();
    entry[0] = random.opcode() | command_id << 16;
    entry[12] = blocks - 1;
    if (++tail == entries) tail = 0;
  };
  auto ring = [&] {
    __atomic_exchange_n(sq_doorbell, tail, __ATOMIC_SEQ_CST);
    if (queue->doorbells().sleeping->load(std::memory_order_relaxed)) {
      controller.transport().ring_wake();
    }
  };

  uint64_t start = monotonic_clock().now_ns(), now = start, commands = 0;
  for (uint32_t i = 0; i < workload.depth; i++) submit(i);
  ring();
  unsigned empty_rounds = 0;
  for (uint32_t round = 1;; round++) {
    if (round % kClockRounds == 0 &&
        (now = monotonic_clock().now_ns()) - start >= workload.duration_ns)
      break;
    uint32_t reaped = 0;
    for (;;) {
      uint32_t dword3 = __atomic_load_n(cq + head * 4 + 3, __ATOMIC_ACQUIRE);
      if ((dword3 & kPhaseBit) != phase) break;
      if (++head == entries) head = 0, phase ^= kPhaseBit;
      submit(dword3 & 0xffff);
      reaped++;
    }
    if (reaped == 0) {
      thread_waiter().pause(empty_rounds++);
      continue;
    }
    empty_rounds = 0;
    __atomic_store_n(cq_doorbell, head, __ATOMIC_RELEASE);
    ring();
    commands += reaped;
  }
  return {commands, now - start};
}

}  // namespace nvm::peers
