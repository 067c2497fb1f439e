// SPDX-License-Identifier: MIT
#include "capi/queue_ledger.h"

namespace nvm::capi {
namespace {

bool is_number_of_queues(const spec::SubmissionQueueEntry& command) {
  return command.opc == spec::admin_opcode::set_features &&
         spec::set_features_cdw10::fid.get(command.cdw10) == spec::feature::number_of_queues;
}

}  // namespace

Status QueueLedger::take(uint16_t id, Queues& queues) {
  if (numbers_ == nullptr || queues.number || id > own_ids_max_) return {};
  auto taken = numbers_->take(false, id);
  if (!taken.ok()) return std::move(taken.status());
  queues.number = taken.value();
  return {};
}

Result<Completion> QueueLedger::send(const spec::SubmissionQueueEntry& command,
                                     const std::function<Result<Completion>()>& relay) {
  const bool creates_sq = command.opc == spec::admin_opcode::create_io_submission_queue;
  const bool creates = creates_sq || command.opc == spec::admin_opcode::create_io_completion_queue;
  const bool deletes_sq = command.opc == spec::admin_opcode::delete_io_submission_queue;
  const bool deletes = deletes_sq || command.opc == spec::admin_opcode::delete_io_completion_queue;
  const bool asks = is_number_of_queues(command);
  if (!creates && !deletes && !asks) return relay();

  const auto id = static_cast<uint16_t>(spec::delete_queue_cdw10::qid.get(command.cdw10));
  std::lock_guard lock(mutex_);
  if (asks) {
    auto result = relay();
    if (result.ok() && result.value().status_field == 0) has_asked_ = true;
    return result;
  }
  Queues& queues = queues_[id];
  bool& exists = creates_sq || deletes_sq ? queues.sq_exists : queues.cq_exists;
  if (creates && !exists) transport_->clear_doorbell(id, !creates_sq);
  Status taken = creates ? take(id, queues) : Status();
  Result<Completion> result = taken.ok() ? relay() : Result<Completion>(std::move(taken));
  if (result.ok()) {
    const uint16_t status = result.value().status_field & spec::status::code_mask;
    if (creates && status == 0) exists = true;
    if (deletes && (status == 0 || status == spec::status::invalid_queue_identifier)) {
      exists = false;
    }
  } else if (creates && result.status().failure().code == ErrorCode::Timeout) {
    exists = true;  // for all that one knows
  }
  if (!queues.sq_exists && !queues.cq_exists) {
    if (queues.number) numbers_->give_back(*queues.number);
    queues_.erase(id);
  }
  return result;
}

std::vector<uint16_t> QueueLedger::ids_of(bool completion) {
  std::lock_guard lock(mutex_);
  std::vector<uint16_t> ids;
  for (const auto& [id, queues] : queues_) {
    if (completion ? queues.cq_exists : queues.sq_exists) ids.push_back(id);
  }
  return ids;
}

void QueueLedger::delete_queues(
    const std::function<Result<Completion>(spec::SubmissionQueueEntry&)>& relay) {
  for (const bool completion : {false, true}) {
    for (const uint16_t id : ids_of(completion)) {
      spec::SubmissionQueueEntry command{};
      command.opc = completion ? spec::admin_opcode::delete_io_completion_queue
                               : spec::admin_opcode::delete_io_submission_queue;
      command.cdw10 = spec::delete_queue_cdw10::qid.put(id);
      if (!send(command, [&] { return relay(command); }).ok()) return;
    }
  }
}

std::shared_ptr<OwnQueueNumbers> QueueLedger::share(uint16_t queue_pairs, uint16_t vectors) {
  std::lock_guard lock(mutex_);
  if (own_numbers_ != nullptr) return own_numbers_;
  numbers_ = own_numbers_ = std::make_shared<OwnQueueNumbers>(queue_pairs, vectors);
  own_ids_max_ = queue_pairs;
  for (auto& [id, queues] : queues_) (void)take(id, queues);  // all are free
  return own_numbers_;
}

bool QueueLedger::is_shared() {
  std::lock_guard lock(mutex_);
  return numbers_ != nullptr;
}

bool QueueLedger::has_asked() {
  std::lock_guard lock(mutex_);
  return has_asked_;
}

}  // namespace nvm::capi
