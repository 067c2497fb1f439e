// SPDX-License-Identifier: MIT
// A client whose I/O goes on whatever becomes of others, and is verified.
#pragma once

#include <thread>

#include "rpc/sharing.h"

namespace nvm::test {

// Writes and reads blocks of its own, each with another content, until it is stopped.
class Worker {
 public:
  explicit Worker(std::shared_ptr<Controller> controller) : controller_(std::move(controller)) {
    pair_ = create_pair(*controller_, 4);
    page_ = controller_->allocate(4096).value();
    thread_ = std::thread([this] { run(); });
  }
  ~Worker() { stop(); }

  // How many blocks were verified; stops.
  uint64_t stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    CHECK(wrong_ == 0);
    return verified_;
  }

 private:
  void run() {
    while (!stopping_ || verified_ == 0) {
      const uint64_t lba = verified_ % 64;
      const auto content = static_cast<std::byte>(verified_ % 251);
      std::memset(page_->bytes(), static_cast<int>(content), 512);
      wrong_ += execute(*controller_, *pair_, spec::nvm_opcode::write, lba, page_->io_address(0));
      std::memset(page_->bytes(), 255, 512);
      wrong_ += execute(*controller_, *pair_, spec::nvm_opcode::read, lba, page_->io_address(0));
      wrong_ += page_->bytes()[511] != content;
      verified_++;
    }
  }

  std::shared_ptr<Controller> controller_;
  std::shared_ptr<QueuePair> pair_;
  std::shared_ptr<DmaDescriptor> page_;
  std::atomic<bool> stopping_{false};
  uint64_t verified_ = 0;
  uint64_t wrong_ = 0;
  std::thread thread_;
};

// Queue numbers that are free now, by taking them all.
inline size_t count_free_numbers(Controller& controller) {
  auto ownership = controller.ownership();
  REQUIRE(ownership.ok());
  OwnQueueNumbers& numbers = *ownership.value().queue_numbers;
  std::vector<QueueNumber> taken;
  for (;;) {
    auto number = numbers.take(false);
    if (!number.ok()) break;
    taken.push_back(number.value());
  }
  for (const QueueNumber& number : taken) numbers.give_back(number);
  return taken.size();
}

}  // namespace nvm::test
