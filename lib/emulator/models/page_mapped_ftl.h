// SPDX-License-Identifier: MIT
// The timing of a conventional flash drive: pages of 4 KiB are mapped to flash pages, writes go
// through a buffer, and lines are collected (greedily, in the foreground) before they are erased.
// The drive is divided into partitions, each with channels, a map and a collector of its own; PCIe
// and the write buffer are shared. Nothing here holds data.
#pragma once

#include <cstdint>
#include <vector>

#include "emulator/models/nand.h"
#include "emulator/models/page_map.h"
#include "emulator/models/shared_link.h"
#include "emulator/models/write_buffer.h"
#include "emulator/timing_model.h"

namespace nvm::emulator {

struct FlashDrive {
  uint32_t partitions;
  uint32_t channels;  // of all partitions together
  uint32_t luns_per_channel;
  uint32_t flash_page_byte_length;  // sensed, and programmed, at once
  uint32_t blocks_per_lun;          // at most: blocks grow with the drive, and not beyond that
  uint32_t overprovisioning_percent;
  NandTiming nand;
  uint64_t pcie_bytes_per_second;
  uint64_t firmware_read_short_ns;  // up to one page of 4 KiB for each partition
  uint64_t firmware_read_ns;
  uint32_t write_buffer_byte_length;
  uint64_t write_buffer_ns;           // of a command
  uint64_t write_buffer_per_page_ns;  // and of each 4 KiB
};

// Its maps take 8 bytes for each 4 KiB of the drive and of its overprovisioning.
class PageMappedFtl final : public TimingModel {
 public:
  // Nothing is mapped at first.
  PageMappedFtl(const FlashDrive& drive, uint64_t byte_length);

  Schedule schedule(const TimedCommand& command, uint64_t now_ns) override;
  void deallocate(uint64_t offset, uint64_t byte_length) override;

  // Pages of 4 KiB that were programmed, and those of them that a host wrote.
  uint64_t pages_programmed() const { return pages_programmed_; }
  uint64_t pages_written() const { return pages_written_; }

 private:
  // What has happened inside by then: buffers have room again, links and LUNs are free.
  void run_until(uint64_t now_ns);

  // What fills one line: pages wait for the flash page that they are part of.
  struct Stream {
    PageMap::Pointer pointer;
    uint64_t ready_at_ns = 0;    // when all that waits is there
    uint32_t waiting_pages = 0;  // in the open flash page
  };
  struct Partition {
    PageMap map;
    Stream host;
    Stream collected;
    uint32_t credits;  // pages that the host may write until lines are looked after again
  };

  Schedule read(const TimedCommand& command, uint64_t now_ns);
  Schedule write(const TimedCommand& command, uint64_t now_ns);
  Schedule flush(uint64_t now_ns);
  uint64_t read_partition(uint32_t index, uint64_t first, uint64_t last, uint64_t at_ns);
  uint64_t read_flash(uint32_t partition, uint32_t physical, uint32_t pages, uint64_t at_ns,
                      SharedLink* host);
  // The page is in the buffer at `at_ns`. They answer when what they had programmed is on the
  // medium; 0: nothing was.
  uint64_t write_page(uint64_t page, bool whole, uint64_t at_ns);
  uint64_t close_flash_page(uint32_t index);
  uint64_t program(uint32_t index, Stream& stream);
  void use_credit(uint32_t index, uint64_t at_ns);
  void collect(uint32_t index, uint32_t line, uint64_t at_ns);

  uint32_t flash_page_of(uint32_t physical) const { return physical / pages_per_flash_page_; }
  bool ends_flash_page(const Stream& stream) const {
    return stream.pointer.used % pages_per_flash_page_ == 0;
  }
  bool waits(const Stream& stream, const PageMap& map, uint32_t physical) const;
  uint32_t lun_of(uint32_t partition, uint32_t physical) const;
  uint32_t cell_mode_of(const PageMap& map, uint32_t physical) const;

  const FlashDrive drive_;
  const uint64_t byte_length_;
  const uint32_t pages_per_flash_page_;
  const uint32_t luns_per_partition_;
  std::vector<Partition> partitions_;
  Nand nand_;
  SharedLink pcie_;
  WriteBuffer buffer_;
  uint64_t pages_programmed_ = 0;
  uint64_t pages_written_ = 0;
};

}  // namespace nvm::emulator
