// SPDX-License-Identifier: MIT
#include "emulator/nvm/blocks.h"

#include <algorithm>
#include <cstring>

#include "emulator/subsystem.h"

namespace nvm::emulator {
namespace {

void invert(std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) byte = ~byte;
}

// What is written can be read again, but not before it has been: until then a read would find what
// was there before the blocks were made uncorrectable. One that is made so meanwhile stays so. It
// has to be durable by then, lest a power failure bring that back.
class Unmarking {
 public:
  Unmarking(Namespace& ns, uint64_t lba, uint64_t data_byte_length) : ns_(ns) {
    if (ns.uncorrectable.empty() || data_byte_length == 0) return;
    const uint64_t block_count = (data_byte_length - 1) / ns.format.data_byte_length() + 1;
    for (const auto& [first, last] : ns.uncorrectable.within(lba, block_count)) {
      marks_.add(first, last - first + 1);
    }
    if (!marks_.empty()) ns.unmarking.push_back(&marks_);
  }
  ~Unmarking() { std::erase(ns_.unmarking, &marks_); }
  Unmarking(const Unmarking&) = delete;

  bool empty() const { return marks_.empty(); }
  // False: the namespace can remember no more uncorrectable ranges, and this would split one.
  bool finish() {
    if (ns_.subsystem != nullptr) ns_.subsystem->save_soon();
    for (const auto& [first, last] : marks_.last_by_first()) {
      if (!ns_.uncorrectable.remove(first, last - first + 1)) return false;
    }
    return true;
  }

 private:
  Namespace& ns_;
  IntervalSet marks_;
};

Task finish(Namespace& ns, Unmarking& unmarking) {
  const uint16_t flushed = co_await flush_blocks(ns);
  if (flushed != spec::status::success) co_return flushed;
  co_return unmarking.finish() ? spec::status::success : spec::status::write_fault;
}

// A store that is memory gives back the pages of such a part within one step.
constexpr uint64_t kDeallocateBytesMax = 256 << 20;

Task deallocate(Store& store, uint64_t offset, uint64_t byte_length) {
  Operation operation;
  operation.changes = true;
  while (byte_length > 0) {
    const uint64_t part = std::min(byte_length, kDeallocateBytesMax);
    const Progress begun = store.begin_deallocate(operation, offset, part);
    const Progress ended = co_await settled(operation, begun);
    if (ended == Progress::Failed) co_return spec::status::write_fault;
    offset += part;
    byte_length -= part;
    if (byte_length > 0) co_await next_step{};
  }
  co_return spec::status::success;
}

}  // namespace

Task load_blocks(Namespace& ns, uint64_t lba, BlockSpan to) {
  const uint64_t block_count = to.data.size() / ns.format.data_byte_length();
  if (!ns.uncorrectable.empty() && ns.uncorrectable.overlaps(lba, block_count)) {
    co_return spec::status::unrecovered_read_error | spec::status::dnr;
  }
  Operation operation;
  const Progress data_begun = ns.store->begin_read(operation, lba * ns.format.data_byte_length(),
                                                   to.data.data(), to.data.size());
  const Progress data_read = co_await settled(operation, data_begun);
  if (data_read == Progress::Failed) co_return spec::status::unrecovered_read_error;
  if (ns.metadata_store == nullptr || to.metadata.empty()) co_return spec::status::success;
  const Progress metadata_begun = ns.metadata_store->begin_read(
      operation, lba * ns.format.metadata_byte_length(), to.metadata.data(), to.metadata.size());
  const Progress metadata_read = co_await settled(operation, metadata_begun);
  if (metadata_read == Progress::Failed) co_return spec::status::unrecovered_read_error;
  if (ns.format.protection_type != 0) invert(to.metadata);
  co_return spec::status::success;
}

Task save_blocks(Namespace& ns, uint64_t lba, BlockSpan from) {
  Unmarking unmarking(ns, lba, from.data.size());
  Operation operation;
  operation.changes = true;
  if (!from.data.empty()) {
    const Progress begun = ns.store->begin_write(operation, lba * ns.format.data_byte_length(),
                                                 from.data.data(), from.data.size());
    const Progress written = co_await settled(operation, begun);
    if (written == Progress::Failed) co_return spec::status::write_fault;
  }
  if (ns.metadata_store != nullptr && !from.metadata.empty()) {
    if (ns.format.protection_type != 0) invert(from.metadata);
    const Progress begun =
        ns.metadata_store->begin_write(operation, lba * ns.format.metadata_byte_length(),
                                       from.metadata.data(), from.metadata.size());
    const Progress written = co_await settled(operation, begun);
    if (ns.format.protection_type != 0) invert(from.metadata);
    if (written == Progress::Failed) co_return spec::status::write_fault;
  }
  if (unmarking.empty()) co_return spec::status::success;
  co_return co_await finish(ns, unmarking);
}

Task flush_blocks(Namespace& ns) {
  Operation operation;
  const Progress flushed = co_await settled(operation, ns.store->begin_flush(operation));
  if (flushed == Progress::Failed) co_return spec::status::write_fault;
  if (ns.metadata_store == nullptr) co_return spec::status::success;
  const Progress begun = ns.metadata_store->begin_flush(operation);
  const Progress metadata_flushed = co_await settled(operation, begun);
  co_return metadata_flushed == Progress::Failed ? spec::status::write_fault
                                                 : spec::status::success;
}

Task deallocate_data(Namespace& ns, uint64_t lba, uint64_t block_count) {
  const uint64_t block_byte_length = ns.format.data_byte_length();
  Unmarking unmarking(ns, lba, block_count * block_byte_length);
  const uint16_t status =
      co_await deallocate(*ns.store, lba * block_byte_length, block_count * block_byte_length);
  if (status != spec::status::success) co_return status;
  if (ns.timing != nullptr) {
    ns.timing->deallocate(lba * block_byte_length, block_count * block_byte_length);
  }
  if (unmarking.empty()) co_return status;
  co_return co_await finish(ns, unmarking);
}

Task deallocate_blocks(Namespace& ns, uint64_t lba, uint64_t block_count) {
  const uint16_t status = co_await deallocate_data(ns, lba, block_count);
  if (status != spec::status::success || ns.metadata_store == nullptr) co_return status;
  const uint64_t block_byte_length = ns.format.metadata_byte_length();
  co_return co_await deallocate(*ns.metadata_store, lba * block_byte_length,
                                block_count * block_byte_length);
}

HostLayout::HostLayout(const NamespaceFormat& format, bool acts)
    : data_byte_length(format.data_byte_length()),
      metadata_byte_length(acts && format.protection_type != 0 ? 0 : format.metadata_byte_length()),
      interleaved(format.extended && metadata_byte_length != 0) {}

Task receive_blocks(Command& command, const HostLayout& layout, uint64_t first, BlockSpan to) {
  if (!layout.interleaved) {
    const uint16_t status = co_await receive_from_host(
        command.data, first * layout.data_byte_length, to.data.data(), to.data.size());
    if (status != spec::status::success || layout.metadata_byte_length == 0) co_return status;
    co_return co_await receive_from_host(command.metadata, first * layout.metadata_byte_length,
                                         to.metadata.data(), to.metadata.size());
  }
  const size_t data_length = layout.data_byte_length;
  const size_t metadata_length = layout.metadata_byte_length;
  std::vector<std::byte> both(to.data.size() + to.metadata.size());
  const uint16_t status = co_await receive_from_host(
      command.data, first * layout.block_byte_length(), both.data(), both.size());
  if (status != spec::status::success) co_return status;
  const std::byte* from = both.data();
  for (size_t block = 0; block < to.data.size() / data_length; block++) {
    memcpy(to.data.data() + block * data_length, from, data_length);
    memcpy(to.metadata.data() + block * metadata_length, from + data_length, metadata_length);
    from += data_length + metadata_length;
  }
  co_return spec::status::success;
}

Task send_blocks(Command& command, const HostLayout& layout, uint64_t first, BlockSpan from) {
  if (!layout.interleaved) {
    const uint16_t status = co_await send_to_host(command.data, first * layout.data_byte_length,
                                                  from.data.data(), from.data.size());
    if (status != spec::status::success || layout.metadata_byte_length == 0) co_return status;
    co_return co_await send_to_host(command.metadata, first * layout.metadata_byte_length,
                                    from.metadata.data(), from.metadata.size());
  }
  const size_t data_length = layout.data_byte_length;
  const size_t metadata_length = layout.metadata_byte_length;
  std::vector<std::byte> both(from.data.size() + from.metadata.size());
  std::byte* to = both.data();
  for (size_t block = 0; block < from.data.size() / data_length; block++) {
    memcpy(to, from.data.data() + block * data_length, data_length);
    memcpy(to + data_length, from.metadata.data() + block * metadata_length, metadata_length);
    to += data_length + metadata_length;
  }
  co_return co_await send_to_host(command.data, first * layout.block_byte_length(), both.data(),
                                  both.size());
}

Task take_time(Namespace& ns, Command& command, TimedCommand timed) {
  if (ns.timing == nullptr || ns.subsystem == nullptr) co_return spec::status::success;
  for (;;) {
    const Schedule schedule = ns.timing->schedule(timed, ns.subsystem->now_ns());
    if (!schedule.retry) {
      command.complete_at_ns = schedule.at_ns;
      co_return spec::status::success;
    }
    co_await until{schedule.at_ns};
  }
}

}  // namespace nvm::emulator
