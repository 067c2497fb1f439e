// SPDX-License-Identifier: MIT
// Admin commands and queue numbers by asking the manager in another process.
#pragma once

#include "driver/admin.h"
#include "driver/queue_numbers.h"
#include "rpc/belongings.h"

namespace nvm::rpc {

class RemoteAdmin final : public Admin {
 public:
  // `address`: what was opened.
  RemoteAdmin(std::shared_ptr<Client> client, std::string address)
      : client_(std::move(client)), address_(std::move(address)) {}

  // A command that is overdue is given up by the manager, which aborts nothing. ERR_REFUSED for one
  // that its policy does not allow.
  Result<Completion> submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                            std::shared_ptr<const void> data, uint64_t abort_timeout_ns) override;
  std::unique_ptr<SentCommand> send(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                    std::shared_ptr<const void> data,
                                    uint64_t abort_timeout_ns) override;
  Result<Completion> relay(spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                           std::shared_ptr<const void> data) override;
  Result<bool> abort(uint16_t queue_id, uint16_t command_id, uint64_t timeout_ns) override;
  uint32_t keep_event_requests(uint32_t) override { return 0; }
  Result<std::vector<uint32_t>> take_events() override { return std::vector<uint32_t>(); }
  bool look_for_events(const WakeTarget&) override { return false; }
  // ERR_REFUSED: the controller is not this process's to reset.
  Status stop() override;
  Status start() override { return stop(); }
  // The manager takes back what is left when the connection ends.
  Status close() override { return {}; }

 private:
  const std::shared_ptr<Client> client_;
  const std::string address_;
};

class RemoteQueueNumbers final : public QueueNumbers {
 public:
  explicit RemoteQueueNumbers(std::shared_ptr<Belongings> belongings)
      : belongings_(std::move(belongings)) {}

  Result<QueueNumber> take(bool wakes, uint16_t queue_id = 0, uint16_t vector = 0) override {
    return belongings_->take_number(wakes, queue_id, vector);
  }
  void give_back(QueueNumber number) override { belongings_->give_back(number); }

 private:
  const std::shared_ptr<Belongings> belongings_;
};

}  // namespace nvm::rpc
