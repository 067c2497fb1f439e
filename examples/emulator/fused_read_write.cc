// SPDX-License-Identifier: MIT
// A command of one's own for the emulated controller, in three steps: what memory it uses, how long
// it takes, what it does. Opcode 66h writes a buffer to some blocks, then reads other blocks into
// the same buffer.
//
//   cdw10  first LBA to write    cdw12  blocks to write, zero-based
//   cdw14  first LBA to read     cdw13  blocks to read, zero-based
//
// To have it in a device:
//
//   auto made = nvm::emulator::make_emulated_device(options);  // emulator/emulated_device.h
//   made.value().subsystem->add_io_command(fused_read_write());
//
// Compile with `-std=c++20 -I<prefix>/include/peernvm`, link with libnvm.
#include <algorithm>

#include "emulator/io_command.h"

namespace emulator = nvm::emulator;
namespace spec = nvm::spec;
namespace status = nvm::spec::status;

namespace {

constexpr uint64_t kBlocksMax = 256;

struct Fields {
  explicit Fields(const spec::SubmissionQueueEntry& sqe)
      : write_lba(sqe.cdw10),
        write_count(uint64_t{sqe.cdw12} + 1),
        read_lba(sqe.cdw14),
        read_count(uint64_t{sqe.cdw13} + 1) {}
  bool valid() const { return write_count <= kBlocksMax && read_count <= kBlocksMax; }

  uint64_t write_lba, write_count, read_lba, read_count;
};

// Step 1: one buffer, for what is longer.
emulator::HostLengths host_lengths(const emulator::Namespace& ns,
                                   const spec::SubmissionQueueEntry& sqe) {
  const Fields fields(sqe);
  if (!fields.valid()) return {};
  return {std::max(fields.write_count, fields.read_count) * ns.format.data_byte_length(), 0};
}

// Step 2: the read begins when the write has ended.
emulator::Schedule schedule(emulator::TimingModel& model, const emulator::Namespace& ns,
                            const spec::SubmissionQueueEntry& sqe, uint64_t now_ns) {
  const Fields fields(sqe);
  const uint64_t block_byte_length = ns.format.data_byte_length();
  const emulator::Schedule written =
      model.schedule({spec::nvm_opcode::write, fields.write_lba * block_byte_length,
                      fields.write_count * block_byte_length},
                     now_ns);
  if (written.retry) return written;
  return model.schedule({spec::nvm_opcode::read, fields.read_lba * block_byte_length,
                         fields.read_count * block_byte_length},
                        written.at_ns);
}

// Step 3: the command.
emulator::Task run(emulator::Namespace& ns, emulator::Command& command) {
  const Fields fields(command.sqe);
  if (!fields.valid() || ns.format.metadata_byte_length() != 0) {
    co_return status::invalid_field | status::dnr;
  }
  if (!ns.contains(fields.write_lba, fields.write_count) ||
      !ns.contains(fields.read_lba, fields.read_count)) {
    co_return status::lba_out_of_range | status::dnr;
  }
  emulator::Blocks blocks(ns.format);

  blocks.resize(fields.write_count);
  const emulator::BlockSpan written = blocks.all();
  uint16_t outcome = co_await emulator::receive_from_host(command.data, 0, written.data.data(),
                                                          written.data.size());
  if (outcome == status::success) {
    outcome = co_await emulator::save_blocks(ns, fields.write_lba, written);
  }
  if (outcome != status::success) co_return outcome;

  blocks.resize(fields.read_count);
  const emulator::BlockSpan read = blocks.all();
  outcome = co_await emulator::load_blocks(ns, fields.read_lba, read);
  if (outcome != status::success) co_return outcome;
  co_return co_await emulator::send_to_host(command.data, 0, read.data.data(), read.data.size());
}

}  // namespace

emulator::IoCommand fused_read_write() {
  emulator::IoCommand command;
  command.opcode = 0x66;
  command.name = "Fused Read and Write";
  command.effects = spec::command_effects::lbcc.put(1);
  command.host_lengths = host_lengths;
  command.schedule = schedule;
  command.run = run;
  return command;
}
