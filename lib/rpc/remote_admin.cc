// SPDX-License-Identifier: MIT
#include "rpc/remote_admin.h"

#include "driver/admin_observer.h"

namespace nvm::rpc {
namespace {

// Of the manager, beyond what the device may take.
constexpr uint64_t kGraceNs = 2'000 * kNanosecondsPerMillisecond;

Status malformed(const Client& client) {
  return Status(ErrorCode::Target, "a reply that cannot be read, from " + client.name());
}

Message make_request(const spec::SubmissionQueueEntry& command, uint64_t timeout_ns) {
  spec::RpcAdmin request{};
  std::memcpy(request.command, &command, sizeof request.command);
  request.timeout_ns = timeout_ns;
  return make_message(spec::rpc_code::admin, 0, request);
}

uint64_t patience_ns(uint64_t timeout_ns) {
  return timeout_ns + std::min(kGraceNs, UINT64_MAX - timeout_ns);
}

// `command`: becomes what was sent.
Result<Completion> read_reply(Result<Message> reply, const Client& client,
                              spec::SubmissionQueueEntry& command) {
  if (!reply.ok()) return std::move(reply.status());
  const auto body = parse_body<spec::RpcCompletion>(reply.value());
  if (!body) return malformed(client);
  std::memcpy(&command, body->command, sizeof command);
  return Completion{body->dw0, body->dw1, body->status_field, body->sq_head, 0, body->command_id};
}

// A command that goes to the manager, as an observer sees it: only that one knows its identifier,
// so it has a number of its own.
class Seen {
 public:
  Seen(const std::string& address, spec::SubmissionQueueEntry command) : address_(address) {
    static std::atomic<uint16_t> next = 0;
    command.cid = next.fetch_add(1, std::memory_order_relaxed);
    observed_ = ObservedCommand(address, command);
  }
  ~Seen() { observed_.lose(address_, ErrorCode::Aborted); }  // nobody waited for it

  Result<Completion> end(Result<Completion> outcome) {
    if (outcome.ok()) {
      observed_.complete(address_, outcome.value().status_field);
    } else {
      observed_.lose(address_, outcome.status().failure().code);
    }
    return outcome;
  }

 private:
  const std::string& address_;
  ObservedCommand observed_;
};

class SentToManager final : public SentCommand {
 public:
  SentToManager(std::shared_ptr<Client> client, const std::string& address,
                const spec::SubmissionQueueEntry& command, uint64_t timeout_ns)
      : client_(std::move(client)),
        command_(command),
        timeout_ns_(timeout_ns),
        seen_(address, command),
        call_(*client_, make_request(command, timeout_ns)) {}

  bool has_ended() override { return call_.has_ended(); }
  Result<Completion> wait() override {
    return seen_.end(read_reply(call_.wait(patience_ns(timeout_ns_)), *client_, command_));
  }

 private:
  const std::shared_ptr<Client> client_;
  spec::SubmissionQueueEntry command_;
  const uint64_t timeout_ns_;
  Seen seen_;
  Client::Call call_;
};

}  // namespace

Result<Completion> RemoteAdmin::submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                       std::shared_ptr<const void> data, uint64_t) {
  return relay(command, timeout_ns, std::move(data));
}

Result<Completion> RemoteAdmin::relay(spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                                      std::shared_ptr<const void>) {
  Seen seen(address_, command);
  auto reply = client_->call(make_request(command, timeout_ns), patience_ns(timeout_ns));
  return seen.end(read_reply(std::move(reply), *client_, command));
}

std::unique_ptr<SentCommand> RemoteAdmin::send(spec::SubmissionQueueEntry command,
                                               uint64_t timeout_ns, std::shared_ptr<const void>,
                                               uint64_t) {
  if (!client_->is_connected()) return nullptr;
  return std::make_unique<SentToManager>(client_, address_, command, timeout_ns);
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

}  // namespace nvm::rpc
