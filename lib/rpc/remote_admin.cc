// SPDX-License-Identifier: MIT
#include "rpc/remote_admin.h"

namespace nvm::rpc {
namespace {

// Of the manager, beyond what the device may take.
constexpr uint64_t kGraceNs = 2'000 * kNanosecondsPerMillisecond;

Status malformed(const Client& client) {
  return Status(ErrorCode::Target, "a reply that cannot be read, from " + client.name());
}

}  // namespace

Result<Completion> RemoteAdmin::submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                       std::shared_ptr<DmaDescriptor> data, uint64_t) {
  return relay(command, timeout_ns, std::move(data));
}

Result<Completion> RemoteAdmin::relay(spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                                      std::shared_ptr<DmaDescriptor>) {
  spec::RpcAdmin request{};
  std::memcpy(request.command, &command, sizeof request.command);
  request.timeout_ns = timeout_ns;
  const uint64_t patience_ns = timeout_ns + std::min(kGraceNs, UINT64_MAX - timeout_ns);
  auto reply = client_->call(make_message(spec::rpc_code::admin, 0, request), patience_ns);
  if (!reply.ok()) return std::move(reply.status());
  const auto body = parse_body<spec::RpcCompletion>(reply.value());
  if (!body) return malformed(*client_);
  std::memcpy(&command, body->command, sizeof command);
  return Completion{body->dw0, body->dw1, body->status_field, body->sq_head, 0, body->command_id};
}

Result<bool> RemoteAdmin::abort(uint16_t queue_id, uint16_t command_id, uint64_t timeout_ns) {
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::abort;
  command.cdw10 = spec::abort_cdw10::sqid.put(queue_id) | spec::abort_cdw10::cid.put(command_id);
  auto completion = submit(command, timeout_ns, nullptr, 0);
  if (!completion.ok()) return std::move(completion.status());
  NVM_TRY(Status::from_nvme(completion.value().status_field));
  return spec::abort_dw0::not_aborted.get(completion.value().dword0) == 0;
}

Status RemoteAdmin::stop() {
  return Status(ErrorCode::Refused,
                "resetting a controller that others use, at " + client_->name());
}

Result<QueueNumber> RemoteQueueNumbers::take(bool wakes, uint16_t queue_id) {
  auto reply = client_->call(
      make_message(spec::rpc_code::take_queue, 0, spec::RpcTakeQueue{wakes ? 1u : 0u, queue_id}));
  if (!reply.ok()) return std::move(reply.status());
  const auto body = parse_body<spec::RpcQueue>(reply.value());
  if (!body || body->queue_id == 0 || body->queue_id > UINT16_MAX) return malformed(*client_);
  return QueueNumber{static_cast<uint16_t>(body->queue_id), body->vector};
}

void RemoteQueueNumbers::give_back(QueueNumber number) {
  (void)client_->call(
      make_message(spec::rpc_code::give_queue, 0, spec::RpcQueue{number.queue_id, number.vector}));
}

}  // namespace nvm::rpc
