// SPDX-License-Identifier: MIT
// A client of a shared controller that writes blocks of its own with growing versions, reads them
// back, and keeps its slot up to date, until it is killed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "driver/controller.h"
#include "slot.h"

namespace nvm::stress {

class Client {
 public:
  // Slot `index` of the page, and its blocks. What fails ends the process with a message and 1, but
  // for the death of the manager, where it `reconnects`.
  Client(const std::string& socket, Slot& slot, unsigned index, bool reconnects);

  // Reads what the client before it has left, then works until the slot says `ending`.
  void run();

 private:
  // Blocks that are being written, then read back.
  struct Lane {
    uint32_t first = 0;  // of the slot
    uint32_t next = 0;   // of its next write, in blocks that no other lane has
    uint32_t version = 0;
    bool reads = false;
  };

  void adopt();
  void work(Phase wanted);
  void call();
  void create_queues();
  void create_pair();
  bool ask(uint8_t opcode, uint32_t cdw10, uint32_t cdw11 = 0, uint64_t prp1 = 0);
  void expect_died(const Status& status, const char* what) const;
  void rest();
  bool stays(Phase phase) const;
  void set_phase(Phase phase);

  // Commands of `blocks` blocks from now on; none is outstanding.
  void shape(uint32_t lanes, uint32_t blocks);
  void begin(uint16_t lane);
  void write(uint16_t lane);
  void read(uint16_t lane);
  void submit(uint16_t lane, uint8_t opcode);
  void ring();
  // What has completed goes on: from write to read, and when `again` from read to the next write.
  uint32_t reap(bool again);
  void drain();
  // The manager has died: waits for the next one.
  void recover();
  void verify(const Lane& lane, const std::byte* bytes);
  void check(const std::byte* block, uint32_t index);
  std::byte* bytes_of(uint16_t lane) const;

  Slot& slot_;
  const uint32_t first_lba_;
  const bool reconnects_;
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<Controller> controller_;
  std::shared_ptr<QueuePair> queue_;
  std::shared_ptr<DmaDescriptor> data_;
  std::shared_ptr<DmaDescriptor> page_;  // of Identify
  std::shared_ptr<DmaDescriptor> queue_memory_;
  std::vector<Lane> lanes_;
  uint32_t blocks_ = 0;  // of a command
  uint32_t next_ = 0;    // of the first lane, as far as the last that began has come
  uint32_t queued_ = 0;  // enqueued since the last ring
  uint32_t outstanding_ = 0;
  bool lost_ = false;  // blocks are to be read, as after another client
};

}  // namespace nvm::stress
