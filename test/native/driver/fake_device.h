// SPDX-License-Identifier: MIT
// A scripted controller behind a Transport, stepped by a scripted Waiter: no thread, no clock. It
// does with each admin command what the test says, and what a drive never should.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "memory/buffer.h"
#include "platform/clock.h"
#include "spec/nvme.h"
#include "transport/transport.h"

namespace nvm::test {

constexpr uint32_t kPage = 4096;

class FakeDevice : public Transport {
 public:
  enum class Answer { Complete, Hold };

  FakeDevice() {
    capabilities_.name = "fake";
    capabilities_.address = "fake device";
    set_queue_entries_max(1024);
  }

  // The script.
  bool becomes_ready = true;
  bool becomes_disabled = true;
  bool fails_when_enabled = false;      // CSTS.CFS
  bool recovers_when_disabled = false;  // CSTS.CFS goes with CC.EN
  bool gone = false;                    // registers read as all ones
  bool uses_nothing = false;            // as is_gone() says
  bool reset_works = true;
  std::function<void()> on_subsystem_reset;  // null: not supported (CAP.NSSRS)
  uint16_t queues_granted_field = 0;         // from 0
  uint8_t mdts = 0;
  uint8_t command_sets = spec::cap_css::nvm.put(1);  // CAP.CSS
  std::function<Answer(const spec::SubmissionQueueEntry&)> on_admin =
      [](const spec::SubmissionQueueEntry&) { return Answer::Complete; };
  std::function<void()> on_step = [] {};

  void set_queue_entries_max(uint32_t entries) {
    cap_ = spec::cap::mqes.put(entries - 1) | spec::cap::cqr.put(1) | spec::cap::to.put(2);
  }

  // What became of it.
  std::deque<spec::SubmissionQueueEntry> held;
  std::map<uint64_t, uint64_t> mapped;  // I/O address → byte length
  unsigned unmapped_while_enabled = 0;
  uint32_t aqa() const { return aqa_; }
  bool enabled() const { return spec::cc::en.get(cc_) != 0; }
  uint32_t doorbell(unsigned index) const { return doorbells_[index]; }

  // Fetches what the admin doorbell announces, and answers.
  void step() {
    on_step();
    if (!enabled() || !ready_) return;
    const uint32_t entries = spec::aqa::asqs.get(aqa_) + 1;
    const auto* sq = reinterpret_cast<const spec::SubmissionQueueEntry*>(asq_);
    while (sq_head_ != doorbells_[0]) {
      const spec::SubmissionQueueEntry command = sq[sq_head_];
      sq_head_ = (sq_head_ + 1) % entries;
      if (on_admin(command) == Answer::Hold) {
        held.push_back(command);
      } else {
        complete(command);
      }
    }
  }

  void complete_held() {
    for (; !held.empty(); held.pop_front()) complete(held.front());
  }

  // dword 0 repeats dword 10 of the command, so that a test sees whose completion it got.
  void complete(const spec::SubmissionQueueEntry& command) {
    uint32_t dword0 = command.cdw10;
    if (command.opc == spec::admin_opcode::set_features) {
      dword0 = static_cast<uint32_t>(queues_granted_field) << 16 | queues_granted_field;
    }
    if (command.opc == spec::admin_opcode::identify) {
      reinterpret_cast<spec::IdentifyController*>(command.prp1)->mdts = mdts;
    }
    post(command.cid, dword0);
  }

  void post(uint16_t command_id, uint32_t dword0, uint16_t status = 0) {
    const uint32_t entries = spec::aqa::acqs.get(aqa_) + 1;
    // A real controller stops here until the host has consumed.
    REQUIRE_MESSAGE((cq_tail_ + 1) % entries != doorbells_[1], "the admin CQ is full");
    auto& entry = reinterpret_cast<spec::CompletionQueueEntry*>(acq_)[cq_tail_];
    entry.dw0 = dword0;
    entry.sqhd = static_cast<uint16_t>(sq_head_);
    entry.sqid = 0;
    entry.cid = command_id;
    entry.status = static_cast<uint16_t>(status << 1 | phase_);
    cq_tail_ = (cq_tail_ + 1) % entries;
    if (cq_tail_ == 0) phase_ ^= 1;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override {
    return static_cast<uint32_t>(read_register64(offset));
  }
  uint64_t read_register64(uint32_t offset) override {
    if (gone) return UINT64_MAX;
    if (offset == spec::registers::cap) {
      return cap_ | spec::cap::css.put(command_sets) |
             spec::cap::nssrs.put(on_subsystem_reset != nullptr);
    }
    if (offset == spec::registers::vs) return 0x00010400;
    if (offset == spec::registers::cc) return cc_;
    if (offset != spec::registers::csts) return 0;
    return spec::csts::rdy.put(ready_) | spec::csts::cfs.put(fails_when_enabled && enabled());
  }
  void write_register32(uint32_t offset, uint32_t value) override {
    if (offset == spec::registers::aqa) aqa_ = value;
    if (offset == spec::registers::nssr && value == 0x4e564d65) on_subsystem_reset();
    if (offset != spec::registers::cc) return;
    cc_ = value;
    if (enabled()) {
      ready_ = becomes_ready;
      sq_head_ = cq_tail_ = 0;
      phase_ = 1;
      doorbells_ = {};
    } else if (becomes_disabled) {
      ready_ = false;
      if (recovers_when_disabled) fails_when_enabled = false;
    }
  }
  void write_register64(uint32_t offset, uint64_t value) override {
    if (offset == spec::registers::asq) asq_ = value;
    if (offset == spec::registers::acq) acq_ = value;
  }
  Doorbells doorbells() override {
    Doorbells doorbells;
    doorbells.base = doorbells_.data();
    doorbells.byte_length = sizeof(doorbells_);
    return doorbells;
  }
  volatile void* bar() override { return nullptr; }
  size_t bar_byte_length() override { return 0; }
  Result<Mapping> map(const Buffer& buffer) override {
    const auto address = reinterpret_cast<uint64_t>(buffer.bytes());
    mapped[address] = buffer.byte_length();
    return Mapping{{{address, buffer.byte_length()}}, address};
  }
  Status unmap(const Mapping& mapping) override {
    if (enabled()) unmapped_while_enabled++;
    mapped.erase(mapping.handle);
    return {};
  }
  bool is_gone() override { return uses_nothing; }
  Status reset() override {
    if (!reset_works) return Status(ErrorCode::Timeout, "reset");
    cc_ = 0;
    ready_ = false;
    return {};
  }

 private:
  Capabilities capabilities_;
  uint64_t cap_ = 0;
  uint32_t cc_ = 0;
  uint32_t aqa_ = 0;
  uint64_t asq_ = 0;
  uint64_t acq_ = 0;
  bool ready_ = false;
  uint32_t sq_head_ = 0;
  uint32_t cq_tail_ = 0;
  uint16_t phase_ = 1;
  std::array<uint32_t, 64> doorbells_{};
};

// Time passes by a millisecond with each pause, and the device does what it does.
class FakeWaiter final : public Waiter {
 public:
  explicit FakeWaiter(FakeDevice& device) : device_(device) {}
  uint64_t now_ns() override { return now_ns_; }
  void pause(unsigned) override {
    now_ns_ += kNanosecondsPerMillisecond;
    device_.step();
  }

 private:
  FakeDevice& device_;
  uint64_t now_ns_ = 0;
};

}  // namespace nvm::test
