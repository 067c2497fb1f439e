// SPDX-License-Identifier: MIT
// A host that sends admin commands, and whatever the subsystem does in the background goes on.
#pragma once

#include "emulator/test_host.h"

namespace nvm::emulator {

struct AdminHost : TestHost {
  explicit AdminHost(uint64_t byte_length = 1 << 20,
                     std::unique_ptr<StoreFamily> family = make_memory_family())
      : TestHost({}, {}, 24 << 20, std::move(family)) {
    if (byte_length != 0) add_namespace(byte_length);
    enable();
    page = allocate(4096);
  }

  // Steps everything, and lets a little time pass in each step.
  void step_everything(uint64_t nanoseconds_max = 0) {
    const uint64_t until = clock.now + nanoseconds_max;
    for (int round = 0; round < 200'000; round++) {
      const bool worked = subsystem.step(clock);
      if (worked) continue;
      const uint64_t next = subsystem.next_event_ns();
      if (next == UINT64_MAX || next > until) break;
      clock.now = std::max(clock.now + 1, next);
    }
    clock.now = std::max(clock.now, until);
  }
  // Until it completes; at most a second of the device's time.
  spec::CompletionQueueEntry execute_slowly(spec::SubmissionQueueEntry sqe) {
    submit(admin, sqe);
    for (int round = 0; round < 1000 && !has_completion(admin); round++) {
      step_everything(1'000'000);
    }
    return take_completion(admin);
  }
  uint16_t status_slowly(const spec::SubmissionQueueEntry& sqe) {
    return status_of(execute_slowly(sqe));
  }

  spec::SubmissionQueueEntry command(uint8_t opcode, uint32_t nsid = 0, uint32_t cdw10 = 0,
                                     uint32_t cdw11 = 0) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.nsid = nsid;
    sqe.prp1 = page;
    sqe.cdw10 = cdw10;
    sqe.cdw11 = cdw11;
    return sqe;
  }
  uint16_t run(uint8_t opcode, uint32_t nsid = 0, uint32_t cdw10 = 0, uint32_t cdw11 = 0) {
    return status_slowly(command(opcode, nsid, cdw10, cdw11));
  }
  template <class T>
  T& identify(uint8_t cns, uint32_t nsid = 0, uint32_t cntid = 0) {
    memset(at(page), 0xee, 4096);
    REQUIRE(run(spec::admin_opcode::identify, nsid, cns | cntid << 16) == 0);
    return as<T>(page);
  }
  uint16_t read_log(uint8_t id, uint32_t byte_length = 512, uint32_t lsp = 0, bool retain = true,
                    uint64_t offset = 0) {
    memset(at(page), 0xee, 4096);
    auto sqe = command(spec::admin_opcode::get_log_page, 0xffffffff,
                       id | lsp << 8 | (retain ? 1u << 15 : 0) | (byte_length / 4 - 1) << 16);
    sqe.cdw12 = static_cast<uint32_t>(offset);
    sqe.cdw13 = static_cast<uint32_t>(offset >> 32);
    return status_slowly(sqe);
  }
  template <class T>
  T& log(uint8_t id, bool retain = true) {
    REQUIRE(read_log(id, std::min<uint32_t>(4096, (sizeof(T) + 3) / 4 * 4), 0, retain) == 0);
    return as<T>(page);
  }
  uint16_t set_feature(uint32_t id, uint32_t value, bool save = false, uint32_t nsid = 0) {
    return run(spec::admin_opcode::set_features, nsid, id | (save ? 1u << 31 : 0), value);
  }
  spec::CompletionQueueEntry get_feature(uint32_t id, uint32_t select = 0, uint32_t cdw11 = 0,
                                         uint32_t nsid = 0) {
    return execute_slowly(command(spec::admin_opcode::get_features, nsid, id | select << 8, cdw11));
  }

  // An event request that waits.
  void request_event(uint16_t cid) {
    auto sqe = command(spec::admin_opcode::asynchronous_event_request);
    sqe.cid = cid;
    submit(admin, sqe);
    step_everything();
  }

  uint64_t page = 0;
};

}  // namespace nvm::emulator
