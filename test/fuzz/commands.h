// SPDX-License-Identifier: MIT
// Commands made of a fuzzer's input: one row and one builder for each, so that a mutation changes a
// field and not the opcode that gives the field its meaning.
#pragma once

#include "host.h"

namespace nvm::fuzz {

// Fills PRP1 and PRP2, or an SGL, for data of some length, and what they point to.
inline void put_data_pointer(Host& host, spec::SubmissionQueueEntry& sqe) {
  Input& input = host.input();
  const uint8_t form = static_cast<uint8_t>(input.below(8));
  sqe.prp1 = HostMemory::address(input);
  sqe.prp2 = HostMemory::address(input);
  if (form < 3) return;
  if (form == 7) sqe.flags |= static_cast<uint8_t>(input.u8() & 0xc0);  // PSDT
  // A list: of PRPs, or of SGL descriptors, at PRP2 or at what the first descriptor names.
  const uint64_t list = form == 7 ? sqe.prp1 : sqe.prp2;
  const size_t words = 2 + input.below(64);
  std::byte* to = host.memory().at(list, words * sizeof(uint64_t));
  if (to == nullptr) return;
  for (size_t i = 0; i < words; i++) {
    uint64_t word = HostMemory::address(input);
    // Second half of an SGL descriptor: a length and its type.
    if (form == 7 && i % 2 == 1) word = input.u16() | uint64_t{input.u8()} << 56;
    memcpy(to + i * sizeof(word), &word, sizeof(word));
  }
}

inline void put_blocks(Host& host, spec::SubmissionQueueEntry& sqe) {
  Input& input = host.input();
  sqe.cdw10 = input.below(4) == 0 ? input.u32() : input.u8() % 72;
  sqe.cdw11 = input.below(16) == 0 ? input.u32() : 0;
  sqe.cdw12 = input.below(8) == 0 ? input.u32() : input.u8() % 64;
}

inline void build_blocks(Host& host, spec::SubmissionQueueEntry& sqe) {
  put_blocks(host, sqe);
  put_data_pointer(host, sqe);
  if (host.input().below(8) != 0) return;
  sqe.mptr = HostMemory::address(host.input());
  sqe.cdw14 = host.input().u32();
  sqe.cdw15 = host.input().u32();
}

// Ranges in host memory: Dataset Management and Copy.
inline void build_ranges(Host& host, spec::SubmissionQueueEntry& sqe) {
  Input& input = host.input();
  put_data_pointer(host, sqe);
  sqe.cdw10 = input.u8();
  sqe.cdw11 = input.u8() & 7;
  sqe.cdw12 = input.u16();
  const size_t byte_length = 16 * (1 + input.below(16));
  std::byte* to = host.memory().at(sqe.prp1, byte_length);
  if (to == nullptr) return;
  const auto bytes = input.bytes(byte_length);
  if (!bytes.empty()) memcpy(to, bytes.data(), bytes.size());
}

// Dwords 10 to 15 from the input, small numbers more often.
inline void build_dwords(Host& host, spec::SubmissionQueueEntry& sqe) {
  Input& input = host.input();
  put_data_pointer(host, sqe);
  const uint8_t wide = input.u8();
  uint32_t* const dwords[] = {&sqe.cdw10, &sqe.cdw11, &sqe.cdw12,
                              &sqe.cdw13, &sqe.cdw14, &sqe.cdw15};
  for (size_t i = 0; i < std::size(dwords); i++) {
    *dwords[i] = (wide >> i & 1) != 0 ? input.u32() : input.u8();
  }
}

inline void build_log_page(Host& host, spec::SubmissionQueueEntry& sqe) {
  Input& input = host.input();
  put_data_pointer(host, sqe);
  sqe.cdw10 = input.below(16) | static_cast<uint32_t>(input.u16()) << 16 | (input.u8() & 0x80) << 8;
  sqe.cdw11 = input.below(16) == 0 ? input.u32() : 0;
  sqe.cdw12 = input.below(2) == 0 ? input.u32() : input.u8() * 4u;
  sqe.cdw13 = input.below(16) == 0 ? input.u32() : 0;
  sqe.cdw14 = input.below(8) == 0 ? input.u32() : 0;
}

inline void build_create_queue(Host& host, spec::SubmissionQueueEntry& sqe) {
  Input& input = host.input();
  sqe.prp1 = HostMemory::address(input);
  sqe.cdw10 = static_cast<uint32_t>(input.below(10)) |
              (input.below(4) == 0 ? input.u16() : static_cast<uint32_t>(input.u8())) << 16;
  sqe.cdw11 = (input.u8() & 7) | static_cast<uint32_t>(input.below(10)) << 16;
}

inline void build_delete_queue(Host& host, spec::SubmissionQueueEntry& sqe) {
  sqe.cdw10 = static_cast<uint32_t>(host.input().below(10));
}

inline void build_abort(Host& host, spec::SubmissionQueueEntry& sqe) {
  sqe.cdw10 =
      static_cast<uint32_t>(host.input().below(4)) | static_cast<uint32_t>(host.input().u8()) << 16;
}

// Every byte from the input.
inline void build_raw(Host& host, spec::SubmissionQueueEntry& sqe) {
  const auto bytes = host.input().bytes(sizeof(sqe));
  if (!bytes.empty()) memcpy(&sqe, bytes.data(), bytes.size());
}

struct CommandRow {
  bool admin;
  uint8_t opcode;
  void (*build)(Host& host, spec::SubmissionQueueEntry& sqe);
};

constexpr CommandRow kCommands[] = {
    {false, spec::nvm_opcode::flush, build_blocks},
    {false, spec::nvm_opcode::write, build_blocks},
    {false, spec::nvm_opcode::read, build_blocks},
    {false, spec::nvm_opcode::write_uncorrectable, build_blocks},
    {false, spec::nvm_opcode::compare, build_blocks},
    {false, spec::nvm_opcode::write_zeroes, build_blocks},
    {false, spec::nvm_opcode::dataset_management, build_ranges},
    {false, spec::nvm_opcode::verify, build_blocks},
    {false, spec::nvm_opcode::copy, build_ranges},
    {false, 0, build_raw},
    {true, spec::admin_opcode::delete_io_submission_queue, build_delete_queue},
    {true, spec::admin_opcode::create_io_submission_queue, build_create_queue},
    {true, spec::admin_opcode::get_log_page, build_log_page},
    {true, spec::admin_opcode::delete_io_completion_queue, build_delete_queue},
    {true, spec::admin_opcode::create_io_completion_queue, build_create_queue},
    {true, spec::admin_opcode::identify, build_dwords},
    {true, spec::admin_opcode::abort, build_abort},
    {true, spec::admin_opcode::set_features, build_dwords},
    {true, spec::admin_opcode::get_features, build_dwords},
    {true, spec::admin_opcode::asynchronous_event_request, build_delete_queue},
    {true, spec::admin_opcode::namespace_management, build_dwords},
    {true, spec::admin_opcode::firmware_commit, build_dwords},
    {true, spec::admin_opcode::firmware_image_download, build_dwords},
    {true, spec::admin_opcode::device_self_test, build_dwords},
    {true, spec::admin_opcode::namespace_attachment, build_dwords},
    {true, spec::admin_opcode::keep_alive, build_dwords},
    {true, spec::admin_opcode::doorbell_buffer_config, build_dwords},
    {true, spec::admin_opcode::format_nvm, build_dwords},
    {true, spec::admin_opcode::sanitize, build_dwords},
    {true, 0, build_raw},
};

// Makes one command and puts it into a queue of its kind.
inline void submit_any(Host& host) {
  Input& input = host.input();
  const CommandRow& row = input.pick(kCommands);
  spec::SubmissionQueueEntry sqe{};
  sqe.opc = row.opcode;
  sqe.cid = input.u8();
  const uint64_t nsid = input.below(8);
  sqe.nsid = nsid < 4 ? static_cast<uint32_t>(nsid) : nsid == 7 ? 0xffffffff : 1;
  row.build(host, sqe);
  host.submit(host.queues()[row.admin ? 0 : 1 + input.below(2)], sqe);
}

}  // namespace nvm::fuzz
