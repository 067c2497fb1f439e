// SPDX-License-Identifier: MIT
// A store for tests with a volatile write cache: what was not flushed may be lost, whole or in
// part, when the power fails. crash() says what such a failure could leave behind.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "emulator/store.h"

namespace nvm::emulator {

struct CrashStoreOptions {
  // Writes tear at multiples of this; the block size, where blocks are written whole.
  size_t tear_byte_length = 512;
  bool hold_writes = false;  // reads, writes and deallocations stay Pending until end_oldest()
  bool hold_flushes = false;
};

class CrashStore final : public Store {
 public:
  // `image`: what is durable at first. Its length, and `tear_byte_length`, are a multiple of 512.
  explicit CrashStore(std::vector<std::byte> image, CrashStoreOptions initial_options = {})
      : options(initial_options), durable_(std::move(image)), visible_(durable_) {}
  CrashStore(const CrashStore&) = delete;  // what is held knows where it is

  uint64_t byte_length() const override { return visible_.size(); }
  bool read_only() const override { return false; }
  std::byte* bytes() override { return nullptr; }  // every write has to be seen
  bool may_fault() const override { return false; }
  void set_completion_hook(std::function<void()> hook) override { hook_ = std::move(hook); }

  Progress begin_read(Operation& operation, uint64_t offset, void* to, size_t byte_length) override;
  Progress begin_write(Operation& operation, uint64_t offset, const void* from,
                       size_t byte_length) override;
  Progress begin_flush(Operation& operation) override;
  Progress begin_deallocate(Operation& operation, uint64_t offset, uint64_t byte_length) override;

  // Ends the held operation that was begun first; false when there is none. With an `os_error` it
  // fails: of a failed write the first half has happened, of a failed flush nothing.
  bool end_oldest(int os_error = 0);
  size_t held_count() const { return held_.size(); }
  // Writes that a crash could lose now.
  size_t unflushed_count() const { return log_.size(); }

  // The image after a power failure at this moment: all that was flushed, and of each write since,
  // also of those still held, nothing, all or some of its pieces, in any order. The same seed gives
  // the same image; the store goes on unchanged.
  std::vector<std::byte> crash(uint64_t seed) const;

  CrashStoreOptions options;  // may be changed between operations

 private:
  struct Write {
    uint64_t id;
    uint64_t offset;
    std::vector<std::byte> data;
    uint64_t ended_at = UINT64_MAX;  // position among all events; UINT64_MAX: not yet
  };
  struct Held {
    Operation* operation;
    std::function<void(bool succeeded)> end;
  };

  Progress begin(Operation& operation, bool hold, std::function<void(bool)> end);
  Progress log_write(Operation& operation, uint64_t offset, std::vector<std::byte> data);
  void end_write(uint64_t id, bool succeeded);
  void end_flush(uint64_t begun_at);
  bool in_range(Operation& operation, uint64_t offset, uint64_t byte_length) const;

  std::vector<std::byte> durable_;
  std::vector<std::byte> visible_;
  std::vector<Write> log_;  // ended writes in the order of their ends, then those under way
  std::deque<Held> held_;
  std::function<void()> hook_;
  uint64_t event_count_ = 0;
};

}  // namespace nvm::emulator
