// SPDX-License-Identifier: MIT
// Copy, descriptor format 0 (NVM command set 1.0, 3.2.2). All sources are read before anything is
// written, so that they may overlap the destination, and a command that fails has copied nothing:
// dword 0 of its completion, the first source not copied, is 0.
#include <vector>

#include "emulator/nvm/blocks.h"
#include "emulator/nvm/commands.h"
#include "emulator/nvm/limits.h"
#include "emulator/nvm/protection.h"

namespace nvm::emulator::commands {
namespace {

using Sources = std::vector<spec::CopyDescriptor>;

uint64_t length_of(const spec::CopyDescriptor& source) {
  return uint64_t{source.nlb} + 1;
}

Protection reading_protection(const spec::SubmissionQueueEntry& sqe,
                              const spec::CopyDescriptor& source) {
  return {static_cast<uint8_t>(spec::copy_cdw12::prinfor.get(sqe.cdw12)), source.elbat,
          source.elbatm, source.eilbrt};
}

// What the submission queue entry says by itself.
uint16_t judge_entry(const Namespace& ns, const spec::SubmissionQueueEntry& sqe, uint64_t to) {
  const Protection writing = protection_of(sqe);
  const bool strips = reading_protection(sqe, {}).acts();
  if (spec::copy_cdw12::desfmt.get(sqe.cdw12) != 0 || spec::copy_cdw12::dtype.get(sqe.cdw12) != 0 ||
      (ns.format.protection_type != 0 && strips != writing.acts())) {
    return refuse(spec::status::invalid_field);
  }
  if (spec::copy_cdw12::nr.get(sqe.cdw12) > kCopySourcesMax) {
    return refuse(spec::status::command_size_limit_exceeded);
  }
  return judge_protection(ns.format, writing, to);
}

// Sets `block_count` to what is copied in all.
uint16_t judge_sources(const Namespace& ns, const spec::SubmissionQueueEntry& sqe,
                       const Sources& sources, uint64_t to, uint64_t& block_count) {
  block_count = 0;
  for (const spec::CopyDescriptor& source : sources) {
    const uint64_t length = length_of(source);
    block_count += length;
    if (length > mssrl(ns.format) || block_count > mcl(ns.format)) {
      return refuse(spec::status::command_size_limit_exceeded);
    }
    if (!ns.contains(source.slba, length)) return refuse(spec::status::lba_out_of_range);
    const uint16_t judged =
        judge_protection(ns.format, reading_protection(sqe, source), source.slba);
    if (judged != spec::status::success) return judged;
  }
  return ns.contains(to, block_count) ? spec::status::success
                                      : refuse(spec::status::lba_out_of_range);
}

Task load_sources(Namespace& ns, const spec::SubmissionQueueEntry& sqe, const Sources& sources,
                  Blocks& blocks) {
  uint64_t done = 0;
  for (const spec::CopyDescriptor& source : sources) {
    const BlockSpan part = blocks.part(done, length_of(source));
    uint16_t status = co_await load_blocks(ns, source.slba, part);
    if (status != spec::status::success) co_return status;
    status =
        check_protection(ns.format, reading_protection(sqe, source), 0, part.data, part.metadata);
    if (status != spec::status::success) co_return status;
    done += length_of(source);
  }
  co_return spec::status::success;
}

}  // namespace

Task copy(Namespace& ns, Command& command) {
  const spec::SubmissionQueueEntry& sqe = command.sqe;
  const uint64_t to = sqe.cdw10 | uint64_t{sqe.cdw11} << 32;
  uint16_t status = judge_entry(ns, sqe, to);
  if (status != spec::status::success) co_return status;
  Sources sources(spec::copy_cdw12::nr.get(sqe.cdw12) + 1);
  status = co_await receive_from_host(command.data, 0, reinterpret_cast<std::byte*>(sources.data()),
                                      sources.size() * sizeof(sources[0]));
  if (status != spec::status::success) co_return status;
  uint64_t block_count = 0;
  status = judge_sources(ns, sqe, sources, to, block_count);
  if (status != spec::status::success) co_return status;
  const uint64_t block_byte_length = ns.format.data_byte_length();
  const bool durable = ns.write_through || spec::copy_cdw12::fua.get(sqe.cdw12) != 0;
  co_await take_time(ns, command,
                     {sqe.opc, to * block_byte_length, block_count * block_byte_length, durable});

  Blocks blocks(ns.format);
  blocks.resize(block_count);
  status = co_await load_sources(ns, sqe, sources, blocks);
  if (status != spec::status::success) co_return status;
  const Protection writing = protection_of(sqe);
  const BlockSpan all = blocks.all();
  if (ns.format.protection_type != 0 && writing.acts()) {
    make_protection(ns.format, writing, 0, all.data, all.metadata);
  } else {
    status = check_protection(ns.format, writing, 0, all.data, all.metadata);
    if (status != spec::status::success) co_return status;
  }
  status = co_await save_blocks(ns, to, all);
  if (status != spec::status::success) co_return status;
  co_return co_await flush_if_due(ns, command);
}

}  // namespace nvm::emulator::commands
