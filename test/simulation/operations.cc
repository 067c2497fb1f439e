// SPDX-License-Identifier: MIT
// The commands of a host: one row each.
#include <algorithm>
#include <cstring>

#include "host.h"
#include "memory/prp.h"

namespace nvm::simulation {
namespace {

namespace status = spec::status;

constexpr uint64_t kUnmapped = 0x1000;  // below every address that the transport gives
constexpr unsigned kSpoiledPercent = 4;

struct Range {
  uint32_t nsid;
  uint64_t lba;
  uint64_t count;
};

bool overlap(const Range& a, const Range& b) {
  return a.nsid == b.nsid && a.lba < b.lba + b.count && b.lba < a.lba + a.count;
}

// What `issued` reads and nobody may change: of a copy the source.
Range read_range(const Issued& issued, bool copies) {
  return {issued.nsid, copies ? issued.from_lba : issued.lba, issued.count};
}

bool touches(const std::vector<const Issued*>& commands, const Range& range, bool reads) {
  return std::any_of(commands.begin(), commands.end(), [&](const Issued* each) {
    const bool copies = reads && each->operation->opcode == spec::nvm_opcode::copy;
    return overlap(read_range(*each, copies), range);
  });
}

void put_range(spec::SubmissionQueueEntry& sqe, const Issued& issued) {
  sqe.cdw10 = static_cast<uint32_t>(issued.lba);
  sqe.cdw11 = static_cast<uint32_t>(issued.lba >> 32);
  sqe.cdw12 = static_cast<uint32_t>(issued.count - 1);
}

constexpr Operation kOperations[] = {
    {"read", spec::nvm_opcode::read, 0, 40, &Host::build_read, &Host::settle_read},
    {"write", spec::nvm_opcode::write, 0, 40, &Host::build_write, &Host::settle_change},
    {"flush", spec::nvm_opcode::flush, 0, 6, &Host::build_flush, &Host::settle_flush},
    {"write zeroes", spec::nvm_opcode::write_zeroes, spec::oncs::write_zeroes.mask, 8,
     &Host::build_fill, &Host::settle_change},
    {"write uncorrectable", spec::nvm_opcode::write_uncorrectable,
     spec::oncs::write_uncorrectable.mask, 1, &Host::build_fill, &Host::settle_change},
    {"deallocate", spec::nvm_opcode::dataset_management, spec::oncs::dataset_management.mask, 4,
     &Host::build_deallocate, &Host::settle_change},
    {"compare", spec::nvm_opcode::compare, spec::oncs::compare.mask, 6, &Host::build_compare,
     &Host::settle_compare},
    {"verify", spec::nvm_opcode::verify, spec::oncs::verify.mask, 3, &Host::build_verify,
     &Host::settle_read},
    {"copy", spec::nvm_opcode::copy, spec::oncs::copy.mask, 5, &Host::build_copy,
     &Host::settle_change},
    {"fused write", spec::nvm_opcode::write, spec::oncs::compare.mask, 0, &Host::build_write,
     &Host::settle_change},
    {"refused", 0, 0, 3, &Host::build_refused, &Host::settle_flush},
};

}  // namespace

const Operation& Host::read_operation() {
  return kOperations[0];
}

const Operation& Host::operation_named(const char* name) {
  return *std::find_if(std::begin(kOperations), std::end(kOperations),
                       [=](const Operation& each) { return strcmp(each.name, name) == 0; });
}

const Operation& Host::pick_operation() {
  const auto has = [this](const Operation& each) {
    return each.oncs == 0 || (identify_.oncs & each.oncs) != 0;
  };
  unsigned total = 0;
  for (const Operation& each : kOperations) total += has(each) ? each.weight : 0;
  uint64_t at = random_.below(total);
  for (const Operation& each : kOperations) {
    if (!has(each)) continue;
    if (at < each.weight) return each;
    at -= each.weight;
  }
  return kOperations[0];
}

// Chooses blocks; false where that would disturb a command that needs them as they are.
bool Host::place_range(Issued& issued, bool changes) {
  NamespaceState& ns = namespaces_[issued.nsid - 1];
  if (!issued.plain) {
    const uint64_t block_bytes = ns.oracle.block_byte_length();
    const uint64_t bytes_max = controller_->limits().transfer_bytes_max;
    issued.count = random_.skewed(1, std::min(ns.oracle.block_count(), bytes_max / block_bytes));
    issued.lba = random_.below(ns.oracle.block_count() - issued.count + 1);
  }
  const Range range{issued.nsid, issued.lba, issued.count};
  return !changes || !touches(ns.frozen, range, true);
}

// Pages for `byte_length` bytes, and the PRPs that name them.
bool Host::place_data(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe) {
  if (random_.chance(50)) issued.offset = random_.below(kPageBytes / 4) * 4;
  const uint64_t page_count = (issued.offset + issued.byte_length + kPageBytes - 1) / kPageBytes;
  issued.pages = arena_->take(page_count);
  if (issued.pages.empty()) return false;
  std::vector<uint64_t> addresses;
  for (const uint32_t page : issued.pages) addresses.push_back(arena_->io_address(page));
  if (random_.chance(30)) {
    place_sgl(issued, sq, sqe);
    if (!issued.plain && random_.chance(kSpoiledPercent)) spoil(issued, sqe);
    return true;
  }
  // Each command id has two pages of list: the list may begin anywhere in the first.
  constexpr size_t kEntries = kPageBytes / sizeof(uint64_t);
  const size_t first = random_.chance(50) ? 0 : random_.below(kEntries);
  const size_t list_offset = sqe.cid % kSlotsMax * 2 * kPageBytes;
  auto* list = reinterpret_cast<uint64_t*>(sq.lists->bytes() + list_offset) + first;
  const uint64_t list_address = sq.lists->io_address(list_offset) + first * sizeof(uint64_t);
  const DataPointer pointer =
      build_prps(addresses, issued.offset, kPageBytes, {list, 2 * kEntries - first}, list_address);
  sqe.prp1 = pointer.prp1;
  sqe.prp2 = pointer.prp2;
  if (!issued.plain && random_.chance(kSpoiledPercent)) spoil(issued, sqe);
  return true;
}

// The same by SGL: pieces of any length, in the command itself, in one segment or in two.
void Host::place_sgl(const Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe) {
  constexpr uint8_t kBlock = spec::sgl_descriptor_type::data_block;
  std::vector<spec::SglDescriptor> pieces;
  const auto describe = [](uint64_t address, uint64_t byte_length, uint8_t type) {
    spec::SglDescriptor descriptor{};
    descriptor.address = address;
    descriptor.length = static_cast<uint32_t>(byte_length);
    descriptor.identifier = spec::sgl_identifier::type.put(type);
    return descriptor;
  };
  uint64_t offset = issued.offset;
  uint64_t left = issued.byte_length;
  for (const uint32_t page : issued.pages) {
    const uint64_t length = std::min(left, kPageBytes - offset);
    const uint64_t address = arena_->io_address(page) + offset;
    const uint64_t first =
        length > 1 && random_.chance(20) ? random_.between(1, length - 1) : length;
    pieces.push_back(describe(address, first, kBlock));
    if (first != length) pieces.push_back(describe(address + first, length - first, kBlock));
    left -= length;
    offset = 0;
  }
  const size_t list_offset = sqe.cid % kSlotsMax * 2 * kPageBytes;
  const uint64_t list_address = sq.lists->io_address(list_offset);
  spec::SglDescriptor pointer = pieces[0];
  if (pieces.size() > 1 || random_.chance(50)) {
    constexpr uint64_t kBytes = sizeof(spec::SglDescriptor);
    uint8_t type = spec::sgl_descriptor_type::last_segment;
    size_t count = pieces.size();
    if (count > 1 && random_.chance(40)) {
      const size_t first = random_.between(1, count - 1);
      pieces.insert(pieces.begin() + static_cast<ptrdiff_t>(first),
                    describe(list_address + (first + 1) * kBytes, (count - first) * kBytes, type));
      type = spec::sgl_descriptor_type::segment;
      count = first + 1;
    }
    memcpy(sq.lists->bytes() + list_offset, pieces.data(), pieces.size() * kBytes);
    pointer = describe(list_address, count * kBytes, type);
  }
  memcpy(&sqe.prp1, &pointer, sizeof(sqe.prp1));
  memcpy(&sqe.prp2, reinterpret_cast<const std::byte*>(&pointer) + 8, sizeof(sqe.prp2));
  sqe.flags |= spec::sqe_flags::psdt.put(spec::data_pointer::sgl_metadata_buffer);
}

// Where blocks are protected the controller makes and checks the information: a read that gives
// data has found it right, at the right address.
void Host::protect(const Issued& issued, spec::SubmissionQueueEntry& sqe, bool acts) {
  constexpr uint16_t kApplicationTag = 0x5150;
  if (!geometry_.is_protected) return;
  const uint32_t checks = static_cast<uint32_t>(random_.below(8));
  sqe.cdw12 |= spec::write_cdw12::prinfo.put(spec::prinfo::pract.put(acts ? 1 : 0) | checks);
  sqe.cdw14 = static_cast<uint32_t>(issued.lba);
  sqe.cdw15 = spec::write_cdw15::lbat.put(kApplicationTag) | spec::write_cdw15::lbatm.put(0xffff);
}

// Makes the command one that must be refused; what it names stays as it was or is partly changed.
void Host::spoil(Issued& issued, spec::SubmissionQueueEntry& sqe) {
  const bool prps = spec::sqe_flags::psdt.get(sqe.flags) == spec::data_pointer::prp;
  switch (prps ? random_.below(5) : random_.between(3, 4)) {
    case 0:
      sqe.prp1 |= random_.between(1, 3);
      issued.expected = status::invalid_prp_offset;
      break;
    case 1:
      sqe.prp1 = kUnmapped + issued.offset;
      issued.expected = status::data_transfer_error;
      break;
    case 2:
      if (issued.pages.size() < 2) return;
      sqe.prp2 = kUnmapped;
      issued.expected = status::data_transfer_error;
      break;
    case 3:
      sqe.nsid = identify_.nn + 1;
      issued.expected = status::invalid_namespace_or_format;
      break;
    default:
      sqe.cdw10 = static_cast<uint32_t>(namespaces_[issued.nsid - 1].oracle.block_count() -
                                        random_.below(issued.count));
      issued.expected = status::lba_out_of_range;
      break;
  }
}

bool Host::build_read(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe) {
  if (!place_range(issued, false)) return false;
  put_range(sqe, issued);
  protect(issued, sqe, true);
  NamespaceState& ns = namespaces_[issued.nsid - 1];
  issued.byte_length = issued.count * ns.oracle.block_byte_length();
  if (!place_data(issued, sq, sqe)) return false;
  issued.began = ns.oracle.now();
  ns.oracle.begin_read(issued.began);
  issued.reads = true;
  return true;
}

bool Host::build_verify(Issued& issued, Sq&, spec::SubmissionQueueEntry& sqe) {
  if (!place_range(issued, false)) return false;
  put_range(sqe, issued);
  protect(issued, sqe, false);
  DataOracle& oracle = namespaces_[issued.nsid - 1].oracle;
  issued.began = oracle.now();
  oracle.begin_read(issued.began);
  issued.reads = true;
  return true;
}

bool Host::build_write(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe) {
  if (!place_range(issued, true)) return false;
  put_range(sqe, issued);
  protect(issued, sqe, true);
  NamespaceState& ns = namespaces_[issued.nsid - 1];
  const uint32_t block_bytes = ns.oracle.block_byte_length();
  issued.byte_length = issued.count * block_bytes;
  if (!place_data(issued, sq, sqe)) return false;
  issued.durable = random_.chance(10);
  if (issued.durable) sqe.cdw12 |= spec::write_cdw12::fua.put(1);
  issued.change = ns.oracle.begin_write(issued.lba, issued.count);
  fill_written(issued);
  arena_->write(issued.pages, issued.offset, flat_.data(), issued.byte_length);
  return true;
}

// The data of a write, into `flat_`.
void Host::fill_written(const Issued& issued) {
  const DataOracle& oracle = namespaces_[issued.nsid - 1].oracle;
  flat_.resize(issued.byte_length);
  for (uint64_t i = 0; i < issued.count; i++) {
    oracle.fill(flat_.data() + i * oracle.block_byte_length(), {issued.lba + i, issued.change});
  }
}

// Write Zeroes and Write Uncorrectable.
bool Host::build_fill(Issued& issued, Sq&, spec::SubmissionQueueEntry& sqe) {
  if (!place_range(issued, true)) return false;
  put_range(sqe, issued);
  const bool zeroes = sqe.opc == spec::nvm_opcode::write_zeroes;
  if (zeroes) protect(issued, sqe, true);
  if (zeroes) sqe.cdw12 &= ~spec::write_cdw12::prinfo.put(7);  // there is nothing to check
  issued.durable = zeroes && random_.chance(10);
  if (issued.durable) sqe.cdw12 |= spec::write_zeroes_cdw12::fua.put(1);
  issued.change = namespaces_[issued.nsid - 1].oracle.begin_fill(issued.lba, issued.count,
                                                                 zeroes ? kZeroes : kUnreadable);
  return true;
}

bool Host::build_flush(Issued& issued, Sq&, spec::SubmissionQueueEntry&) {
  issued.began = namespaces_[issued.nsid - 1].oracle.now();
  return true;
}

bool Host::build_refused(Issued& issued, Sq&, spec::SubmissionQueueEntry& sqe) {
  constexpr uint8_t kReserved = 0x77;  // of the NVM command set
  sqe.opc = kReserved;
  issued.expected = status::invalid_opcode;
  return true;
}

bool Host::build_deallocate(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe) {
  NamespaceState& ns = namespaces_[issued.nsid - 1];
  if (!ns.deallocated_reads_zero || !place_range(issued, true)) return false;
  const spec::DatasetManagementRange range{0, static_cast<uint32_t>(issued.count), issued.lba};
  issued.byte_length = sizeof(range);
  if (!place_data(issued, sq, sqe)) return false;
  if (issued.expected == status::lba_out_of_range) return false;
  arena_->write(issued.pages, issued.offset, reinterpret_cast<const std::byte*>(&range),
                sizeof(range));
  sqe.cdw10 = 0;
  sqe.cdw11 = spec::dataset_management_cdw11::ad.put(1);
  issued.change = ns.oracle.begin_fill(issued.lba, issued.count, kZeroes);
  return true;
}

bool Host::build_compare(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe) {
  if (geometry_.is_protected) return false;  // it would have to send the information
  if (!place_range(issued, false)) return false;
  NamespaceState& ns = namespaces_[issued.nsid - 1];
  if (touches(ns.changing, {issued.nsid, issued.lba, issued.count}, false)) return false;
  put_range(sqe, issued);
  const uint32_t block_bytes = ns.oracle.block_byte_length();
  issued.byte_length = issued.count * block_bytes;
  flat_.resize(issued.byte_length);
  for (uint64_t i = 0; i < issued.count; i++) {
    const Content content = ns.oracle.certain(issued.lba + i);
    if (content == kUnreadable) return false;
    ns.oracle.fill(flat_.data() + i * block_bytes, content);
  }
  if (!place_data(issued, sq, sqe)) return false;
  if (random_.chance(30)) {
    flat_[random_.below(issued.byte_length)] ^= std::byte{1};
    if (issued.expected == status::success) issued.expected = status::compare_failure;
  }
  arena_->write(issued.pages, issued.offset, flat_.data(), issued.byte_length);
  issued.freezes = true;
  issued.began = ns.oracle.now();
  return true;
}

bool Host::build_copy(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe) {
  NamespaceState& ns = namespaces_[issued.nsid - 1];
  issued.count = random_.skewed(1, std::min<uint64_t>(ns.oracle.block_count() / 2, ns.copy_max));
  issued.from_lba = random_.below(ns.oracle.block_count() - issued.count + 1);
  issued.lba = random_.below(ns.oracle.block_count() - issued.count + 1);
  const Range source{issued.nsid, issued.from_lba, issued.count};
  if (overlap(source, {issued.nsid, issued.lba, issued.count})) return false;
  issued.plain = true;
  if (touches(ns.changing, source, false) || !place_range(issued, true)) return false;
  if (ns.oracle.may_be_unreadable(issued.from_lba, issued.count, ns.oracle.now())) return false;
  spec::CopyDescriptor range{};
  range.slba = issued.from_lba;
  range.nlb = static_cast<uint16_t>(issued.count - 1);
  issued.byte_length = sizeof(range);
  if (!place_data(issued, sq, sqe)) return false;
  if (issued.expected == status::lba_out_of_range) return false;
  arena_->write(issued.pages, issued.offset, reinterpret_cast<const std::byte*>(&range),
                sizeof(range));
  put_range(sqe, issued);
  sqe.cdw12 = 0;  // one range, format 0
  protect(issued, sqe, true);
  sqe.cdw12 &= ~spec::write_cdw12::prinfo.put(7);
  if (geometry_.is_protected) sqe.cdw12 |= spec::copy_cdw12::prinfor.put(spec::prinfo::pract.mask);
  issued.freezes = true;
  issued.change = ns.oracle.begin_copy(issued.from_lba, issued.count, issued.lba);
  return true;
}

// Read and Verify.
void Host::settle_read(Issued& issued, uint16_t code) {
  DataOracle& oracle = namespaces_[issued.nsid - 1].oracle;
  if (code == status::unrecovered_read_error) {
    if (fails_ || oracle.may_be_unreadable(issued.lba, issued.count, issued.began)) return;
    return report_.fail("%s of lba %lu, %lu blocks: an unrecovered read error",
                        issued.operation->name, issued.lba, issued.count);
  }
  if (issued.aborted && code == status::command_aborted) return;
  expect(issued, code);
  if (code != status::success) return;
  if (oracle.must_be_unreadable(issued.lba, issued.count, issued.began)) {
    return report_.fail("%s of lba %lu: an uncorrectable block was read", issued.operation->name,
                        issued.lba);
  }
  if (issued.byte_length == 0) return;  // Verify
  flat_.resize(issued.byte_length);
  arena_->read(issued.pages, issued.offset, flat_.data(), issued.byte_length);
  const uint64_t flips_left = machine_.flips_left();
  uint64_t flips = std::min<uint64_t>(flips_left, 1);
  const std::string wrong =
      oracle.check(issued.lba, issued.count, flat_.data(), issued.began, flips);
  if (flips_left > 0 && flips == 0) machine_.see_flip();
  if (!wrong.empty()) report_.fail("namespace %u: %s", issued.nsid, wrong.c_str());
}

void Host::settle_change(Issued& issued, uint16_t code) {
  DataOracle& oracle = namespaces_[issued.nsid - 1].oracle;
  const bool medium = code == status::write_fault || code == status::unrecovered_read_error;
  const bool torn = geometry_.faults && code == kTornStatus;
  const bool aborted = issued.aborted && code == status::command_aborted;
  // Of a pair whose Compare was lost or refused.
  const bool unfused = issued.fused && (fails_ || geometry_.faults) &&
                       (code == status::aborted_failed_fused || code == status::success);
  if (!(fails_ && medium) && !torn && !aborted && !unfused) expect(issued, code);
  const bool refused = code == status::aborted_failed_fused || code == status::lba_out_of_range ||
                       code == status::invalid_namespace_or_format;
  // A deallocation is advice: success says neither that it happened nor that it did not.
  const bool sure = issued.operation->opcode != spec::nvm_opcode::dataset_management;
  const Outcome outcome = refused                           ? Outcome::Refused
                          : code == status::success && sure ? Outcome::Done
                                                            : Outcome::Unknown;
  oracle.end(issued.change, issued.lba, issued.count, outcome, issued.durable);
  if (issued.operation->opcode != spec::nvm_opcode::write) return;
  std::vector<std::byte> now(issued.byte_length);
  fill_written(issued);
  arena_->read(issued.pages, issued.offset, now.data(), issued.byte_length);
  if (now != flat_) report_.fail("the data of a write was changed in the host's memory");
}

void Host::settle_flush(Issued& issued, uint16_t code) {
  const bool aborted = issued.aborted && code == status::command_aborted;
  if (!(fails_ && code == status::write_fault) && !aborted) expect(issued, code);
  if (code != status::success) return;
  namespaces_[issued.nsid - 1].oracle.flushed(issued.began);
}

void Host::settle_compare(Issued& issued, uint16_t code) {
  const bool aborted = issued.aborted && code == status::command_aborted;
  if (!(fails_ && code == status::unrecovered_read_error) && !aborted) expect(issued, code);
}

void Host::expect(const Issued& issued, uint16_t code) {
  if (code == issued.expected) return;
  report_.fail("%s of lba %lu, %lu blocks: %s instead of %s", issued.operation->name, issued.lba,
               issued.count, spec::status_name(code), spec::status_name(issued.expected));
}

}  // namespace nvm::simulation
