// SPDX-License-Identifier: MIT
// Flash chips behind channels: LUNs, each of which does one thing at a time, and the links that
// lead to them. Knows nothing of what the pages mean.
#pragma once

#include <cstdint>
#include <vector>

#include "emulator/models/shared_link.h"

namespace nvm::emulator {

constexpr uint32_t kCellModes = 2;  // MLC: pages of the lower and of the upper bit of a cell

struct NandTiming {
  uint64_t read_4k_ns[kCellModes];    // to sense 4 KiB
  uint64_t read_page_ns[kCellModes];  // to sense more
  uint64_t program_ns;                // a flash page
  uint64_t erase_ns;
  uint64_t channel_bytes_per_second;
  uint64_t channel_transfer_max;  // in bytes; more is moved in several parts
};

class Nand {
 public:
  // LUN i is on channel i % channel_count.
  Nand(const NandTiming& timing, uint32_t channel_count, uint32_t lun_count);

  // Each answers when it has ended, if it may begin at `at_ns`.
  // `host`: the link on which each part goes on when the channel has moved it; null: it stays.
  uint64_t read(uint32_t lun, uint32_t cell_mode, uint64_t byte_length, uint64_t at_ns,
                SharedLink* host);
  uint64_t program(uint32_t lun, uint64_t byte_length, uint64_t at_ns);
  uint64_t erase(uint32_t lun, uint64_t at_ns);

  // When all that has been programmed so far is on the medium.
  uint64_t programmed_at_ns() const { return programmed_at_ns_; }
  void run_until(uint64_t now_ns);

 private:
  uint64_t begin(uint32_t lun, uint64_t at_ns) const;
  // Over the channel, then over `host`. `at_ns` becomes when the channel is done; answers when all
  // is.
  uint64_t move(uint32_t lun, uint64_t byte_length, uint64_t& at_ns, SharedLink* host);

  NandTiming timing_;
  std::vector<SharedLink> channels_;
  std::vector<uint64_t> free_at_ns_;  // of each LUN
  uint64_t programmed_at_ns_ = 0;
  uint64_t now_ns_ = 0;
};

}  // namespace nvm::emulator
