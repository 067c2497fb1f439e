// SPDX-License-Identifier: MIT
// What a controller has done since it was made: plain counters, which the hot path increments.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <numeric>

#include "spec/nvme.h"

namespace nvm::emulator {

struct CommandCounter {
  uint64_t commands = 0;  // completed with success
  uint64_t bytes = 0;     // of the host's memory that they moved
};

struct Statistics {
  std::array<CommandCounter, 256> io;   // by opcode
  std::array<uint64_t, 4> io_errors{};  // by direction: bits 1:0 of the opcode
  uint64_t admin_commands = 0;
  uint64_t admin_errors = 0;
  uint64_t media_errors = 0;       // unrecovered data, and data that did not pass its check
  uint64_t doorbells = 0;          // new tails found, and trapped writes
  uint64_t invalid_doorbells = 0;  // ignored: a value out of range, or no such queue
  uint64_t interrupts = 0;
  // How long commands were outstanding that waited for a time; nothing else is timed.
  uint64_t busy_ns = 0;

  // Of all opcodes.
  uint64_t io_commands() const {
    return std::transform_reduce(io.begin(), io.end(), uint64_t{0}, std::plus(),
                                 [](const CommandCounter& each) { return each.commands; });
  }
  uint64_t io_command_errors() const { return std::reduce(io_errors.begin(), io_errors.end()); }

  // As the SMART log counts them.
  uint64_t read_commands() const {
    return io[spec::nvm_opcode::read].commands + io[spec::nvm_opcode::compare].commands +
           io[spec::nvm_opcode::verify].commands;
  }
  uint64_t write_commands() const { return io[spec::nvm_opcode::write].commands; }
  uint64_t bytes_read() const {
    return io[spec::nvm_opcode::read].bytes + io[spec::nvm_opcode::compare].bytes;
  }
  uint64_t bytes_written() const { return io[spec::nvm_opcode::write].bytes; }
};

}  // namespace nvm::emulator
