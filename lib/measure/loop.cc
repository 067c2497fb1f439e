// SPDX-License-Identifier: MIT
#include "measure/loop.h"

#include <algorithm>
#include <atomic>

#include "driver/wait.h"
#include "memory/prp.h"
#include "platform/ordering.h"

namespace nvm {
namespace {

constexpr uint64_t kPageBytes = 4096;
// What one page of PRP list describes.
constexpr uint64_t kCommandBytesMax = kPageBytes * (kPageBytes / sizeof(uint64_t));
// About a microsecond of looks that find nothing.
constexpr unsigned kRoundsPerLook = 64;

uint64_t block_count_max(const LoadOptions& options) {
  uint64_t most = 0;
  for (const CommandSize& size : options.source.sizes) most = std::max(most, size.block_count);
  return most;
}

// A time that far off never comes.
uint64_t later(uint64_t time_ns, uint64_t by_ns) {
  return by_ns > UINT64_MAX - time_ns ? UINT64_MAX : time_ns + by_ns;
}

bool is_stopped(const LoopTiming& timing) {
  return __atomic_load_n(timing.stop, __ATOMIC_RELAXED) != 0;
}

// One loop over all loads; what differs between as many as can and a rate is how many commands
// begin, and when each did.
class Loop {
 public:
  Loop(std::span<Load> loads, const LoopTiming& timing, Transport& transport, Waiter& waiter,
       std::span<double> durations_ns)
      : loads_(loads),
        timing_(timing),
        transport_(transport),
        waiter_(waiter),
        durations_ns_(durations_ns),
        pumps_(pumps_while_waiting(transport)) {}

  Status run() {
    start_ns_ = now_ns_ = heard_ns_ = waiter_.now_ns();
    counts_from_ns_ = later(start_ns_, timing_.ramp_ns);
    end_ns_ = later(counts_from_ns_, timing_.runtime_ns);
    std::fill(durations_ns_.begin(), durations_ns_.end(), 0.0);
    for (unsigned round = 1;; round++) {
      const bool ends = now_ns_ >= end_ns_ || is_stopped(timing_);
      bool live = false;
      for (size_t i = 0; i < loads_.size(); i++) {
        if (!ends) begin(loads_[i]);
        live = live || loads_[i].outstanding() > 0 || (!ends && !loads_[i].exhausted());
        if (loads_[i].outstanding() == 0) continue;
        NVM_TRY(finish(loads_[i], i));
      }
      if (!live) return end();
      if (timing_.interval_ns > 0) now_ns_ = waiter_.now_ns();
      if (round % kRoundsPerLook == 0) NVM_TRY(look());
    }
  }

 private:
  void begin(Load& load) {
    const uint32_t room = load.pair().depth() - load.outstanding();
    if (timing_.interval_ns > 0) {
      const double first = static_cast<double>(start_ns_) + load.phase_ns();
      const double passed = static_cast<double>(now_ns_) - first;
      if (passed < 0) return;
      const uint64_t due = static_cast<uint64_t>(passed / timing_.interval_ns) + 1;
      if (due <= load.submitted()) return;
      const uint64_t count = std::min<uint64_t>(room, due - load.submitted());
      load.fill(static_cast<uint32_t>(count), [&](uint64_t number) {
        return static_cast<uint64_t>(first + static_cast<double>(number) * timing_.interval_ns);
      });
    } else {
      if (room == 0) return;
      load.fill(room, [&](uint64_t) { return now_ns_; });
    }
    load.ring();
  }

  Status finish(Load& load, size_t index) {
    if (!load.reap()) return Status::from_nvme(load.failed_status());
    if (load.done().empty()) {
      if (pumps_) transport_.pump();
      spin_hint();
      return {};
    }
    progressed_ = true;
    if (!timing_.measures) return {};
    now_ns_ = waiter_.now_ns();
    if (now_ns_ < counts_from_ns_) return {};
    load.record(now_ns_);
    durations_ns_[index] = static_cast<double>(now_ns_ - counts_from_ns_);
    return {};
  }

  // Of what was not measured, all that is known is how long it took.
  Status end() {
    if (timing_.measures) return end_due();
    const double duration_ns = static_cast<double>(waiter_.now_ns() - start_ns_);
    std::fill(durations_ns_.begin(), durations_ns_.end(), duration_ns);
    return {};
  }

  // A run at a rate lasts until its time is over: silence at its end belongs to it.
  Status end_due() {
    const uint64_t ended_ns = std::min(now_ns_, end_ns_);
    if (timing_.interval_ns == 0 || ended_ns < counts_from_ns_) return {};
    for (size_t i = 0; i < loads_.size(); i++) {
      if (loads_[i].exhausted()) continue;
      durations_ns_[i] =
          std::max(durations_ns_[i], static_cast<double>(ended_ns - counts_from_ns_));
    }
    return {};
  }

  // Now and then: reads the clock, and where nothing completes, lets a device go on that may need
  // this CPU.
  Status look() {
    now_ns_ = waiter_.now_ns();
    const bool idle = std::all_of(loads_.begin(), loads_.end(),
                                  [](const Load& load) { return load.outstanding() == 0; });
    if (progressed_ || idle) {
      progressed_ = false;
      heard_ns_ = now_ns_;
      empty_looks_ = 0;
      return {};
    }
    if (now_ns_ - heard_ns_ >= timing_.timeout_ns) {
      return Status(ErrorCode::Timeout, "a measured command");
    }
    if (!transport_.pump()) waiter_.pause(empty_looks_++);
    return {};
  }

  std::span<Load> loads_;
  const LoopTiming& timing_;
  Transport& transport_;
  Waiter& waiter_;
  std::span<double> durations_ns_;
  const bool pumps_;
  uint64_t start_ns_ = 0;
  uint64_t now_ns_ = 0;
  uint64_t heard_ns_ = 0;
  uint64_t counts_from_ns_ = 0;
  uint64_t end_ns_ = 0;
  bool progressed_ = false;
  unsigned empty_looks_ = 0;
};

}  // namespace

Load::Load(std::shared_ptr<QueuePair> pair, std::shared_ptr<DmaDescriptor> memory,
           LoadOptions options, std::span<double* const, 2> histograms, double* bytes)
    : pair_(std::move(pair)),
      memory_(std::move(memory)),
      options_(std::move(options)),
      source_(options_.source),
      histograms_{Histogram(histograms[0]), Histogram(histograms[1])},
      bytes_(bytes),
      blocks_left_(options_.blocks) {
  const uint32_t depth = pair_->depth();
  slots_.resize(depth);
  done_.resize(depth);
  for (uint32_t id = depth; id > 0; id--) free_.push_back(static_cast<uint16_t>(id - 1));
  pages_.resize(block_count_max(options_) * options_.block_bytes / kPageBytes + 2);
}

bool Load::fits(const LoadOptions& options, uint32_t depth, uint64_t memory_bytes) {
  const SourceOptions& source = options.source;
  const uint64_t command_bytes = block_count_max(options) * options.block_bytes;
  if (command_bytes == 0 || command_bytes > kCommandBytesMax) return false;
  if (options.slot_bytes != 0) {
    return command_bytes <= options.slot_bytes && options.slot_bytes <= memory_bytes / depth;
  }
  if (source.offset < options.first_lba) return false;
  const uint64_t end = source.offset - options.first_lba + source.block_count;
  return end <= memory_bytes / options.block_bytes;
}

void Load::fill_one(uint16_t id) {
  source_.next();
  const uint64_t byte_length = source_.block_count * options_.block_bytes;
  const uint64_t offset = options_.slot_bytes != 0
                              ? id * options_.slot_bytes
                              : (source_.lba - options_.first_lba) * options_.block_bytes;
  blocks_left_ -= std::min(blocks_left_, source_.block_count);
  spec::SubmissionQueueEntry& entry = *pair_->enqueue();
  entry = {};
  entry.opc = source_.is_write ? spec::nvm_opcode::write : spec::nvm_opcode::read;
  entry.cid = id;
  entry.nsid = options_.namespace_id;
  const uint64_t in_page = offset % kPageBytes;
  if (in_page + byte_length <= kPageBytes) {
    entry.prp1 = memory_->io_address(offset);
  } else {
    const size_t count = (in_page + byte_length + kPageBytes - 1) / kPageBytes;
    for (size_t i = 0; i < count; i++) {
      pages_[i] = memory_->io_address(offset - in_page + i * kPageBytes);
    }
    const DataPointer pointer = build_prps({pages_.data(), count}, in_page, kPageBytes,
                                           {pair_->prp_list(id), kPageBytes / sizeof(uint64_t)},
                                           pair_->prp_list_address(id));
    entry.prp1 = pointer.prp1;
    entry.prp2 = pointer.prp2;
  }
  entry.cdw10 = static_cast<uint32_t>(source_.lba);
  entry.cdw11 = static_cast<uint32_t>(source_.lba >> 32);
  entry.cdw12 = static_cast<uint32_t>(source_.block_count) - 1;
  Slot& slot = slots_[id];
  slot.byte_length = static_cast<uint32_t>(byte_length);
  slot.is_write = source_.is_write;
  slot.in_use = true;
}

void Load::ring() {
  if (submitted_ == rung_) return;
  pair_->ring();
  rung_ = submitted_;
  doorbells_++;
}

bool Load::reap() {
  done_count_ = 0;
  while (done_count_ < done_.size()) {
    const spec::CompletionQueueEntry* entry = pair_->poll();
    if (entry == nullptr) break;
    const uint16_t id = entry->cid;
    const uint16_t status = entry->status >> 1;
    pair_->consume();
    // What names no outstanding command is stepped over.
    if (id >= slots_.size() || !slots_[id].in_use) continue;
    slots_[id].in_use = false;
    free_.push_back(id);
    done_[done_count_++] = id;
    outstanding_--;
    if (status != 0) failed_status_ = status;
  }
  if (done_count_ > 0) pair_->ring_cq();
  return failed_status_ == 0;
}

void Load::record(uint64_t now_ns) {
  for (const uint16_t id : done()) {
    const Slot& slot = slots_[id];
    const uint64_t started_ns = std::min(slot.started_ns, now_ns);
    histograms_[slot.is_write].record(now_ns - started_ns);
    bytes_[slot.is_write] += slot.byte_length;
  }
}

Status run_loads(std::span<Load> loads, const LoopTiming& timing, Transport& transport,
                 Waiter& waiter, std::span<double> durations_ns) {
  return Loop(loads, timing, transport, waiter, durations_ns).run();
}

}  // namespace nvm
