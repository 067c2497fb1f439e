// SPDX-License-Identifier: MIT
#include "emulator/models/nand.h"

#include <algorithm>

namespace nvm::emulator {

Nand::Nand(const NandTiming& timing, uint32_t channel_count, uint32_t lun_count)
    : timing_(timing),
      channels_(channel_count, SharedLink(timing.channel_bytes_per_second)),
      free_at_ns_(lun_count, 0) {}

uint64_t Nand::begin(uint32_t lun, uint64_t at_ns) const {
  return std::max({free_at_ns_[lun], at_ns, now_ns_});
}

uint64_t Nand::move(uint32_t lun, uint64_t byte_length, uint64_t& at_ns, SharedLink* host) {
  SharedLink& channel = channels_[lun % channels_.size()];
  uint64_t end_ns = at_ns;
  while (byte_length != 0) {
    const uint64_t part = std::min(byte_length, timing_.channel_transfer_max);
    at_ns = channel.transfer(part, at_ns);
    end_ns = host == nullptr ? at_ns : host->transfer(part, at_ns);
    byte_length -= part;
  }
  return end_ns;
}

uint64_t Nand::read(uint32_t lun, uint32_t cell_mode, uint64_t byte_length, uint64_t at_ns,
                    SharedLink* host) {
  const auto& sense_ns = byte_length <= 4096 ? timing_.read_4k_ns : timing_.read_page_ns;
  uint64_t moved_at_ns = begin(lun, at_ns) + sense_ns[cell_mode];
  const uint64_t end_ns = move(lun, byte_length, moved_at_ns, host);
  free_at_ns_[lun] = moved_at_ns;
  return end_ns;
}

uint64_t Nand::program(uint32_t lun, uint64_t byte_length, uint64_t at_ns) {
  uint64_t moved_at_ns = begin(lun, at_ns);
  move(lun, byte_length, moved_at_ns, nullptr);
  free_at_ns_[lun] = moved_at_ns + timing_.program_ns;
  programmed_at_ns_ = std::max(programmed_at_ns_, free_at_ns_[lun]);
  return free_at_ns_[lun];
}

uint64_t Nand::erase(uint32_t lun, uint64_t at_ns) {
  return free_at_ns_[lun] = begin(lun, at_ns) + timing_.erase_ns;
}

void Nand::run_until(uint64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  for (SharedLink& channel : channels_) channel.run_until(now_ns);
}

}  // namespace nvm::emulator
