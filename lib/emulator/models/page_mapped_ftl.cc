// SPDX-License-Identifier: MIT
#include "emulator/models/page_mapped_ftl.h"

#include <algorithm>

#include "emulator/models/media_work.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kPageBytes = 4096;  // that is mapped

// Lines are collected when no more than these are free.
constexpr uint32_t kFreeLinesLow = 2;

uint64_t divided_up(uint64_t number, uint64_t by) {
  return (number + by - 1) / by;
}

PageMap make_map(const FlashDrive& drive, uint64_t byte_length) {
  const uint64_t luns = uint64_t{drive.channels} * drive.luns_per_channel / drive.partitions;
  const uint64_t pages = divided_up(divided_up(byte_length, kPageBytes), drive.partitions);
  const uint64_t physical = divided_up(pages * (100 + drive.overprovisioning_percent), 100);
  // The least line has a flash page of each kind in every LUN.
  const uint64_t least = drive.flash_page_byte_length / kPageBytes * luns * kCellModes;
  const uint64_t per_line = least * divided_up(physical, least * drive.blocks_per_lun);
  const uint64_t lines = std::max(divided_up(physical, per_line),
                                  divided_up(pages, per_line) + PageMap::kSpareLinesMin);
  return PageMap(static_cast<uint32_t>(pages), static_cast<uint32_t>(per_line),
                 static_cast<uint32_t>(lines));
}

// The pages of 4 KiB that a command touches.
struct Pages {
  explicit Pages(const TimedCommand& command)
      : first(command.offset / kPageBytes),
        last((command.offset + command.byte_length - 1) / kPageBytes) {}
  uint64_t first;
  uint64_t last;
};

}  // namespace

PageMappedFtl::PageMappedFtl(const FlashDrive& drive, uint64_t byte_length)
    : drive_(drive),
      byte_length_(byte_length),
      pages_per_flash_page_(drive.flash_page_byte_length / kPageBytes),
      luns_per_partition_(drive.channels * drive.luns_per_channel / drive.partitions),
      nand_(drive.nand, drive.channels, drive.channels * drive.luns_per_channel),
      pcie_(drive.pcie_bytes_per_second),
      buffer_(static_cast<uint32_t>(drive.write_buffer_byte_length / kPageBytes)) {
  for (uint32_t i = 0; i < drive.partitions; i++) {
    partitions_.push_back({make_map(drive, byte_length), {}, {}, 0});
    partitions_.back().credits = partitions_.back().map.pages_per_line();
  }
}

Schedule PageMappedFtl::schedule(const TimedCommand& command, uint64_t now_ns) {
  run_until(now_ns);
  const MediaWork work = media_work(command);
  if (work == MediaWork::Flush) return flush(now_ns);
  // A vendor's command may say anything.
  const bool exists = command.offset < byte_length_ && command.byte_length != 0 &&
                      command.byte_length <= byte_length_ - command.offset;
  if (work == MediaWork::None || !exists) {
    return {now_ns + drive_.firmware_read_short_ns, false};
  }
  return work == MediaWork::Read ? read(command, now_ns) : write(command, now_ns);
}

void PageMappedFtl::run_until(uint64_t now_ns) {
  nand_.run_until(now_ns);
  pcie_.run_until(now_ns);
  buffer_.run_until(now_ns);
}

void PageMappedFtl::deallocate(uint64_t offset, uint64_t byte_length) {
  const uint64_t end = (offset + byte_length) / kPageBytes;
  for (uint64_t page = divided_up(offset, kPageBytes); page < end; page++) {
    partitions_[page % drive_.partitions].map.unmap(
        static_cast<uint32_t>(page / drive_.partitions));
  }
}

// In a line: the pages of a flash page, then the next LUN, on another channel as long as there is
// one, then the next flash page of the first LUN.
uint32_t PageMappedFtl::lun_of(uint32_t partition, uint32_t physical) const {
  const uint32_t channels = drive_.channels / drive_.partitions;
  const uint32_t local = flash_page_of(physical) % luns_per_partition_;
  return local / channels * drive_.channels + partition * channels + local % channels;
}

uint32_t PageMappedFtl::cell_mode_of(const PageMap& map, uint32_t physical) const {
  return flash_page_of(physical % map.pages_per_line()) / luns_per_partition_ % kCellModes;
}

// Whether the physical page is in the flash page that the stream has open.
bool PageMappedFtl::waits(const Stream& stream, const PageMap& map, uint32_t physical) const {
  if (physical == PageMap::kNone || stream.waiting_pages == 0) return false;
  const uint32_t last = stream.pointer.line * map.pages_per_line() + stream.pointer.used - 1;
  return flash_page_of(physical) == flash_page_of(last);
}

Schedule PageMappedFtl::read(const TimedCommand& command, uint64_t now_ns) {
  const Pages pages(command);
  const bool is_short = command.byte_length <= kPageBytes * drive_.partitions;
  const uint64_t begun_ns =
      now_ns + (is_short ? drive_.firmware_read_short_ns : drive_.firmware_read_ns);
  uint64_t end_ns = begun_ns;
  for (uint64_t first = pages.first; first <= pages.last && first - pages.first < drive_.partitions;
       first++) {
    const auto partition = static_cast<uint32_t>(first % drive_.partitions);
    end_ns = std::max(end_ns, read_partition(partition, first, pages.last, begun_ns));
  }
  return {end_ns, false};
}

// The pages of one partition among `first` to `last`; what lies together in a flash page is read at
// once.
uint64_t PageMappedFtl::read_partition(uint32_t index, uint64_t first, uint64_t last,
                                       uint64_t at_ns) {
  const PageMap& map = partitions_[index].map;
  uint64_t end_ns = at_ns;
  uint32_t together = PageMap::kNone;  // a physical page of those that are read next
  uint32_t count = 0;
  const auto read_together = [&] {
    if (count != 0) {
      end_ns = std::max(end_ns, read_flash(index, together, count, at_ns, &pcie_));
    }
    count = 0;
  };
  for (uint64_t page = first; page <= last; page += drive_.partitions) {
    const uint32_t physical = map.find(static_cast<uint32_t>(page / drive_.partitions));
    if (physical == PageMap::kNone) continue;
    if (flash_page_of(physical) != flash_page_of(together)) read_together();
    together = physical;
    count++;
  }
  read_together();
  return end_ns;
}

uint64_t PageMappedFtl::read_flash(uint32_t partition, uint32_t physical, uint32_t pages,
                                   uint64_t at_ns, SharedLink* host) {
  return nand_.read(lun_of(partition, physical), cell_mode_of(partitions_[partition].map, physical),
                    pages * kPageBytes, at_ns, host);
}

// A command begins when the buffer has room for one flash page of it, and goes on as room comes: so
// one of any length ends, and short ones cannot keep a long one out.
Schedule PageMappedFtl::write(const TimedCommand& command, uint64_t now_ns) {
  const Pages pages(command);
  uint64_t at_ns = now_ns + drive_.write_buffer_ns;
  uint64_t durable_at_ns = 0;
  for (uint64_t first = pages.first; first <= pages.last; first += pages_per_flash_page_) {
    const uint64_t last = std::min(pages.last, first + pages_per_flash_page_ - 1);
    const auto count = static_cast<uint32_t>(last - first + 1);
    if (!buffer_.has_room(count)) {
      const uint64_t room_at_ns = buffer_.room_at_ns(count);
      if (first == pages.first) return {room_at_ns, true};
      buffer_.run_until(room_at_ns);
      at_ns = std::max(at_ns, room_at_ns);
    }
    at_ns += count * drive_.write_buffer_per_page_ns;
    at_ns = pcie_.transfer(count * kPageBytes, at_ns);
    for (uint64_t page = first; page <= last; page++) {
      const bool whole = page * kPageBytes >= command.offset &&
                         (page + 1) * kPageBytes <= command.offset + command.byte_length;
      durable_at_ns = std::max(durable_at_ns, write_page(page, whole, at_ns));
    }
  }
  if (!command.durable) return {at_ns, false};
  for (uint64_t page = pages.first; page <= pages.last && page - pages.first < drive_.partitions;
       page++) {
    const auto partition = static_cast<uint32_t>(page % drive_.partitions);
    durable_at_ns = std::max(durable_at_ns, close_flash_page(partition));
  }
  return {std::max(at_ns, durable_at_ns), false};
}

uint64_t PageMappedFtl::write_page(uint64_t page, bool whole, uint64_t at_ns) {
  const auto index = static_cast<uint32_t>(page % drive_.partitions);
  const auto local = static_cast<uint32_t>(page / drive_.partitions);
  Partition& partition = partitions_[index];
  Stream& stream = partition.host;
  const uint32_t before = partition.map.find(local);
  pages_written_++;
  if (waits(stream, partition.map, before)) {  // it is changed in the buffer
    stream.ready_at_ns = std::max(stream.ready_at_ns, at_ns);
    return 0;
  }
  // The rest of the page is read before it can be programmed; the host does not wait for that.
  if (!whole && before != PageMap::kNone) {
    at_ns = std::max(at_ns, read_flash(index, before, 1, at_ns, nullptr));
  }
  buffer_.take(1);
  use_credit(index, at_ns);
  partition.map.place(stream.pointer, local);
  stream.ready_at_ns = std::max(stream.ready_at_ns, at_ns);
  stream.waiting_pages++;
  return ends_flash_page(stream) ? program(index, stream) : 0;
}

// Programs what waits, with the rest of the flash page empty.
uint64_t PageMappedFtl::close_flash_page(uint32_t index) {
  Stream& stream = partitions_[index].host;
  if (stream.waiting_pages == 0) return 0;
  while (!ends_flash_page(stream)) {
    use_credit(index, stream.ready_at_ns);
    partitions_[index].map.skip(stream.pointer);
  }
  return program(index, stream);
}

Schedule PageMappedFtl::flush(uint64_t now_ns) {
  for (uint32_t i = 0; i < drive_.partitions; i++) close_flash_page(i);
  return {std::max(now_ns, nand_.programmed_at_ns()), false};
}

uint64_t PageMappedFtl::program(uint32_t index, Stream& stream) {
  Partition& partition = partitions_[index];
  const uint32_t last =
      stream.pointer.line * partition.map.pages_per_line() + stream.pointer.used - 1;
  const uint64_t end_ns =
      nand_.program(lun_of(index, last), drive_.flash_page_byte_length, stream.ready_at_ns);
  if (&stream == &partition.host) buffer_.release(stream.waiting_pages, end_ns);
  pages_programmed_ += pages_per_flash_page_;
  stream.waiting_pages = 0;
  stream.ready_at_ns = 0;
  return end_ns;
}

// The host may write as many pages as the last collection gained: so the free space never shrinks
// below what it was when collecting began.
void PageMappedFtl::use_credit(uint32_t index, uint64_t at_ns) {
  Partition& partition = partitions_[index];
  if (partition.credits == 0) {
    partition.credits = partition.map.pages_per_line();
    if (partition.map.free_line_count() <= kFreeLinesLow) {
      const uint32_t victim = partition.map.find_victim();
      partition.credits -= partition.map.valid_count(victim);
      collect(index, victim, at_ns);
    }
  }
  partition.credits--;
}

void PageMappedFtl::collect(uint32_t index, uint32_t line, uint64_t at_ns) {
  Partition& partition = partitions_[index];
  PageMap& map = partition.map;
  Stream& stream = partition.collected;
  const uint32_t begin = line * map.pages_per_line();
  const uint32_t end = begin + map.pages_per_line();
  for (uint32_t first = begin; first < end; first += pages_per_flash_page_) {
    uint32_t valid = 0;
    for (uint32_t i = 0; i < pages_per_flash_page_; i++) valid += map.is_valid(first + i) ? 1 : 0;
    if (valid == 0) continue;
    const uint64_t read_at_ns = read_flash(index, first, valid, at_ns, nullptr);
    for (uint32_t i = 0; i < pages_per_flash_page_; i++) {
      if (!map.is_valid(first + i)) continue;
      map.place(stream.pointer, map.logical(first + i));
      stream.ready_at_ns = std::max(stream.ready_at_ns, read_at_ns);
      stream.waiting_pages++;
      if (ends_flash_page(stream)) program(index, stream);
    }
  }
  map.free_line(line);
  for (uint32_t lun = 0; lun < luns_per_partition_; lun++) {
    nand_.erase(lun_of(index, lun * pages_per_flash_page_), at_ns);
  }
}

}  // namespace nvm::emulator
