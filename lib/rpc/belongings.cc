// SPDX-License-Identifier: MIT
#include "rpc/belongings.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "platform/os_failure.h"

namespace nvm::rpc {
namespace {

Message make_take(bool wakes, uint16_t queue_id, uint16_t vector) {
  return make_message(spec::rpc_code::take_queue, 0,
                      spec::RpcTakeQueue{wakes ? 1u : 0u, queue_id, vector});
}

Message make_give(uint16_t queue_id, int vector) {
  return make_message(spec::rpc_code::give_queue, 0, spec::RpcQueue{queue_id, vector});
}

Message make_unmap(uint64_t handle) {
  return make_message(spec::rpc_code::unmap, 0, spec::RpcUnmap{handle});
}

Status attach_fd(Message& message, int fd) {
  message.fds.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  return message.fds.back().valid() ? Status() : os_failure("fcntl(F_DUPFD)", errno);
}

Status malformed(const Client& client) {
  return Status(ErrorCode::Target, "a reply that cannot be read, from " + client.name());
}

bool are_same(const std::vector<IoRun>& one, const std::vector<IoRun>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const IoRun& a, const IoRun& b) {
                      return a.io_address == b.io_address && a.byte_length == b.byte_length;
                    });
}

}  // namespace

Result<Message> Belongings::make_map(const Mapped& mapped, uint64_t io_address) const {
  Message request = make_message(
      spec::rpc_code::map, 0,
      spec::RpcMap{.offset = 0, .byte_length = mapped.byte_length, .io_address = io_address});
  NVM_TRY(attach_fd(request, mapped.fd));
  return request;
}

Result<std::vector<IoRun>> Belongings::read_runs(const Message& reply, size_t byte_length) const {
  const auto body = parse_body<spec::RpcMapped>(reply);
  std::vector<IoRun> runs;
  uint64_t bytes = 0;
  for (uint32_t i = 0; body && i < body->run_count; i++) {
    const auto run =
        parse_body<spec::RpcRun>(reply, sizeof(spec::RpcMapped) + i * sizeof(spec::RpcRun));
    if (!run || run->byte_length == 0) break;
    runs.push_back({run->io_address, run->byte_length});
    bytes += run->byte_length;
  }
  if (!body || runs.size() != body->run_count) return malformed(*client_);
#if !NVM_CANARY_MAPPED_LENGTH_TRUSTED
  if (bytes < byte_length) return malformed(*client_);
#endif
  return runs;
}

Result<Mapping> Belongings::map(const Buffer& buffer) {
  if (buffer.fd() < 0) {
    return Status(ErrorCode::Unsupported,
                  "memory that is not peernvm's own cannot be given to the process that serves " +
                      client_->name());
  }
  // The manager of a drive looks where the pages are and locks them there; khugepaged moves them
  // all the same where anybody's mapping asks for huge pages.
  if (client_->welcome().uncached != 0) {
    madvise(buffer.bytes(), buffer.byte_length(), MADV_NOHUGEPAGE);
  }
  Mapped mapped{buffer.bytes(), buffer.byte_length(), buffer.fd(), {}};
  auto request = make_map(mapped, 0);
  if (!request.ok()) return std::move(request.status());
  uint32_t breaks = 0;
  auto reply = client_->call(std::move(request.value()), kCallTimeoutNs, &breaks);
  if (!reply.ok()) return std::move(reply.status());
  auto runs = read_runs(reply.value(), mapped.byte_length);
  if (!runs.ok()) return std::move(runs.status());
  mapped.runs = std::move(runs.value());
  Mapping mapping{mapped.runs, parse_body<spec::RpcMapped>(reply.value())->handle};
  std::lock_guard lock(mutex_);
  // Of a manager that has gone since.
  if (!client_->is_connected(breaks)) return client_->gone();
  mapped_[mapping.handle] = std::move(mapped);
  return mapping;
}

// Tells the manager, unless it has gone, and what it had with it: the next one is then not asked
// for what is forgotten now. What a device does that outlives its manager, nobody knows; where it
// maps files, it does that to files that are nobody else's.
template <class Forget>
Status Belongings::let_go(const Message& request, bool is_devices, Forget forget) {
  const spec::RpcWelcome& welcome = client_->welcome();
  const bool ends_with_manager =
      !is_devices || welcome.outlives_manager == 0 || welcome.maps_files != 0;
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (left_ || (!client_->is_connected() && ends_with_manager)) {
        forget();
        return {};
      }
    }
    Message copy;
    copy.bytes = request.bytes;
    uint32_t breaks = 0;
    auto reply = client_->call(std::move(copy), kCallTimeoutNs, &breaks);
    if (reply.ok()) break;
    if (client_->is_connected(breaks) || !ends_with_manager) return std::move(reply.status());
  }
  std::lock_guard lock(mutex_);
  forget();
  return {};
}

Status Belongings::unmap(const Mapping& mapping) {
  return let_go(make_unmap(mapping.handle), true, [&] { mapped_.erase(mapping.handle); });
}

// With `mutex_` held.
Result<uint64_t> Belongings::io_address_of(const void* address) const {
  for (const auto& [handle, mapped] : mapped_) {
    const auto* byte = static_cast<const std::byte*>(address);
    if (byte < mapped.bytes || byte >= mapped.bytes + mapped.byte_length) continue;
    auto offset = static_cast<uint64_t>(byte - mapped.bytes);
    for (const IoRun& run : mapped.runs) {
      if (offset < run.byte_length) return run.io_address + offset;
      offset -= run.byte_length;
    }
  }
  return Status(ErrorCode::Argument, "a word to arm that the manager cannot reach");
}

// With `mutex_` held.
Result<Message> Belongings::make_bind(uint16_t vector, const WakeTarget& target) const {
  auto address = io_address_of(target.armed);
  if (!address.ok()) return std::move(address.status());
  spec::RpcBindWake body{};
  body.vector = vector;
  body.armed_address = address.value();
  Message request = make_message(spec::rpc_code::bind_wake, 0, body);
  NVM_TRY(attach_fd(request, target.fd));
  return request;
}

Status Belongings::bind_wake(uint16_t vector, const WakeTarget& target) {
  if (target.armed == nullptr) {
    spec::RpcBindWake body{};
    body.vector = vector;
    return let_go(make_message(spec::rpc_code::bind_wake, 0, body), false,
                  [&] { wakes_.erase(vector); });
  }
  std::unique_lock lock(mutex_);
  auto request = make_bind(vector, target);
  lock.unlock();
  if (!request.ok()) return std::move(request.status());
  uint32_t breaks = 0;
  auto reply = client_->call(std::move(request.value()), kCallTimeoutNs, &breaks);
  if (!reply.ok()) return std::move(reply.status());
  lock.lock();
  if (!client_->is_connected(breaks)) return client_->gone();
  wakes_[vector] = target;
  return {};
}

void Belongings::leave() {
  std::lock_guard lock(mutex_);
  left_ = true;
  wakes_.clear();
}

void Belongings::wake_all() {
  std::lock_guard lock(mutex_);
  for (const auto& [vector, target] : wakes_) wake(target);
}

Result<QueueNumber> Belongings::take_number(bool wakes, uint16_t queue_id, uint16_t vector) {
  uint32_t breaks = 0;
  auto reply = client_->call(make_take(wakes, queue_id, vector), kCallTimeoutNs, &breaks);
  if (!reply.ok()) return std::move(reply.status());
  const auto body = parse_body<spec::RpcQueue>(reply.value());
  if (!body || body->queue_id == 0 || body->queue_id > UINT16_MAX || body->vector > UINT16_MAX) {
    return malformed(*client_);
  }
  const QueueNumber number{static_cast<uint16_t>(body->queue_id), body->vector};
  std::lock_guard lock(mutex_);
  if (!client_->is_connected(breaks)) return client_->gone();
  numbers_[number.queue_id] = number.vector;
  return number;
}

// One that the manager does not take back stays this client's until the connection ends.
void Belongings::give_back(QueueNumber number) {
  (void)let_go(make_give(number.queue_id, number.vector), true,
               [&] { numbers_.erase(number.queue_id); });
}

// With `mutex_` held.
Status Belongings::list(Asked& asked) const {
  for (const auto& [handle, mapped] : mapped_) {
    auto request = make_map(mapped, mapped.runs.front().io_address);
    if (!request.ok()) return std::move(request.status());
    asked.maps.emplace_back(handle, std::move(request.value()));
    asked.runs.push_back(mapped.runs);
  }
  for (const auto& [id, vector] : numbers_) {
    asked.queues.emplace_back(
        id, make_take(vector >= 0, id, static_cast<uint16_t>(std::max(vector, 0))));
  }
  for (const auto& [vector, target] : wakes_) {
    auto request = make_bind(vector, target);
    if (!request.ok()) return std::move(request.status());
    asked.wakes.emplace_back(vector, std::move(request.value()));
  }
  return {};
}

Status Belongings::ask_again(Client& next) {
  asked_ = {};
  {
    std::lock_guard lock(mutex_);
    NVM_TRY(list(asked_));
  }
  for (size_t i = 0; i < asked_.maps.size(); i++) {
    auto& [handle, request] = asked_.maps[i];
    auto reply = next.call(std::move(request));
    if (!reply.ok()) return std::move(reply.status());
    auto runs = read_runs(reply.value(), 0);
    if (!runs.ok()) return std::move(runs.status());
    if (parse_body<spec::RpcMapped>(reply.value())->handle == handle &&
        are_same(runs.value(), asked_.runs[i])) {
      continue;
    }
    return Status(ErrorCode::Busy, "I/O addresses that memory of this client had");
  }
  for (auto* requests : {&asked_.queues, &asked_.wakes}) {
    for (auto& [number, request] : *requests) {
      auto reply = next.call(std::move(request));
      if (!reply.ok()) return std::move(reply.status());
    }
  }
  return {};
}

void Belongings::move_to(Client& next) {
  std::vector<Message> forgotten;
  {
    std::lock_guard lock(mutex_);
    client_->adopt(next);
    for (const auto& [id, request] : asked_.queues) {
      if (!numbers_.contains(id)) forgotten.push_back(make_give(id, 0));
    }
    for (const auto& [vector, request] : asked_.wakes) {
      if (wakes_.contains(vector)) continue;
      spec::RpcBindWake body{};
      body.vector = vector;
      forgotten.push_back(make_message(spec::rpc_code::bind_wake, 0, body));
    }
    for (const auto& [handle, request] : asked_.maps) {
      if (!mapped_.contains(handle)) forgotten.push_back(make_unmap(handle));
    }
    asked_ = {};
  }
  // One that is refused is nobody's any more.
  for (Message& request : forgotten) (void)client_->call(std::move(request));
}

}  // namespace nvm::rpc
