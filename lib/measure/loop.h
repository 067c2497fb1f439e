// SPDX-License-Identifier: MIT
// A loop of reads and writes on queue pairs that measures each command: what a program in C++ would
// get, for the benchmark beside its paths in TypeScript (benchmarks/latency/commands/loop.ts is the
// same loop).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "driver/queue_pair.h"
#include "measure/command_source.h"
#include "measure/histogram.h"
#include "platform/clock.h"
#include "platform/status.h"

namespace nvm {

// What one queue of the loop does. Nothing is outstanding on its pair before and after the loop,
// unless it fails.
struct LoadOptions {
  uint32_t namespace_id = 0;
  uint64_t block_bytes = 0;
  uint64_t slot_bytes = 0;  // of memory for each command id; 0: memory mirrors the range,
  uint64_t first_lba = 0;   // from this block on
  uint64_t blocks = std::numeric_limits<uint64_t>::max();  // to move, all in all
  double phase_ns = 0;  // of a rate: from the start to the first command
  SourceOptions source;
};

class Load {
 public:
  // Histograms and sums of bytes: of reads, then of writes.
  Load(std::shared_ptr<QueuePair> pair, std::shared_ptr<DmaDescriptor> memory, LoadOptions options,
       std::span<double* const, 2> histograms, double* bytes);

  // Whether the largest command of the load fits into the memory, at every place.
  static bool fits(const LoadOptions& options, uint32_t depth, uint64_t memory_bytes);

  QueuePair& pair() { return *pair_; }
  double phase_ns() const { return options_.phase_ns; }
  uint32_t outstanding() const { return outstanding_; }
  uint64_t submitted() const { return submitted_; }
  uint64_t doorbells() const { return doorbells_; }
  bool exhausted() const { return blocks_left_ == 0; }

  // Writes up to `count` commands; `started` says when each began. No doorbell.
  template <class Started>
  void fill(uint32_t count, Started started);
  void ring();
  // Takes what has completed, into done(); false when a command failed: see failed_status().
  bool reap();
  std::span<const uint16_t> done() const { return {done_.data(), done_count_}; }
  uint16_t failed_status() const { return failed_status_; }
  // What reap() found had completed at `now_ns`.
  void record(uint64_t now_ns);

 private:
  struct Slot {
    uint64_t started_ns;
    uint32_t byte_length;
    bool is_write;
    bool in_use;
  };

  void fill_one(uint16_t id);

  std::shared_ptr<QueuePair> pair_;
  std::shared_ptr<DmaDescriptor> memory_;
  LoadOptions options_;
  CommandSource source_;
  Histogram histograms_[2];
  double* bytes_;
  std::vector<Slot> slots_;
  std::vector<uint16_t> free_;
  std::vector<uint16_t> done_;
  std::vector<uint64_t> pages_;  // scratch
  size_t done_count_ = 0;
  uint32_t outstanding_ = 0;
  uint64_t submitted_ = 0;
  uint64_t rung_ = 0;
  uint64_t doorbells_ = 0;
  uint64_t blocks_left_;
  uint16_t failed_status_ = 0;
};

template <class Started>
void Load::fill(uint32_t count, Started started) {
  for (uint32_t i = 0; i < count && blocks_left_ > 0; i++) {
    const uint16_t id = free_.back();
    free_.pop_back();
    fill_one(id);
    slots_[id].started_ns = started(submitted_);
    submitted_++;
    outstanding_++;
  }
}

struct LoopTiming {
  uint64_t runtime_ns = 0;
  uint64_t ramp_ns = 0;
  double interval_ns = 0;  // between commands of a queue that are due; 0: as many as can
  uint64_t timeout_ns = 0;
  bool measures = true;
  const int32_t* stop = nullptr;  // not 0: end early; another thread writes it
};

// Runs all loads to their end, and what is outstanding then. `durations_ns` has the time that
// counts of each. Of a rate, a command begins when it is due, whether those before it have
// completed or not. Fails when a command does, or when none completes within the timeout.
Status run_loads(std::span<Load> loads, const LoopTiming& timing, Transport& transport,
                 Waiter& waiter, std::span<double> durations_ns);

}  // namespace nvm
