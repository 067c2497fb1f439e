// SPDX-License-Identifier: MIT
#include "vfio_user/remote_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "platform/sigbus_guard.h"

namespace nvm::vfio_user {

using emulator::Progress;

Progress RemoteMemory::begin_read(emulator::Operation& operation, uint64_t address, std::byte* to,
                                  size_t byte_length) {
  return begin({&operation, address, byte_length, to, nullptr});
}

Progress RemoteMemory::begin_write(emulator::Operation& operation, uint64_t address,
                                   const std::byte* from, size_t byte_length) {
  return begin({&operation, address, byte_length, nullptr, from});
}

Progress RemoteMemory::begin(const Operation& operation) {
  emulator::Operation& result = *operation.result;
  result.os_error = 0;
  if (operation.byte_length == 0) {
    result.progress.store(Progress::Done, std::memory_order_release);
    return Progress::Done;
  }
  if (data_byte_length_max_ == 0 || operations_.size() >= kOperationsMax) {
    result.os_error = data_byte_length_max_ == 0 ? ENOTCONN : ENOBUFS;
    result.progress.store(Progress::Failed, std::memory_order_release);
    return Progress::Failed;
  }
  result.progress.store(Progress::Pending, std::memory_order_relaxed);
  const bool first = waiting_.empty();
  operations_.emplace(next_operation_, operation);
  waiting_.insert(next_operation_++);
  if (first) notify_();
  return Progress::Pending;
}

void RemoteMemory::end(Operations::iterator operation, Progress progress, int os_error) {
  emulator::Operation& result = *operation->second.result;
  waiting_.erase(operation->first);
  operations_.erase(operation);
  result.os_error = os_error;
  result.progress.store(progress, std::memory_order_release);
}

void RemoteMemory::connect(uint64_t data_byte_length_max) {
  data_byte_length_max_ = std::min<uint64_t>(data_byte_length_max, kDataByteLengthMax);
}

void RemoteMemory::disconnect() {
  data_byte_length_max_ = 0;
  unmap_all();
  asked_.clear();
}

void RemoteMemory::unmap(uint64_t address, uint64_t byte_length) {
  const uint64_t last = address + (byte_length - 1);
  for (auto at = operations_.begin(); at != operations_.end();) {
    auto operation = at++;
    const uint64_t first = operation->second.address;
    if (first <= last && first + (operation->second.byte_length - 1) >= address) {
      end(operation, Progress::Failed, EFAULT);
    }
  }
}

void RemoteMemory::unmap_all() {
  while (!operations_.empty()) end(operations_.begin(), Progress::Failed, EFAULT);
}

uint16_t RemoteMemory::free_message_id() {
  while (asked_.contains(next_message_id_)) next_message_id_++;
  return next_message_id_++;
}

std::optional<Message> RemoteMemory::next_request() {
  while (has_request()) {
    auto found = operations_.find(*waiting_.begin());
    Operation& operation = found->second;
    const size_t offset = operation.asked;
    const size_t byte_length = std::min(operation.byte_length - offset, data_byte_length_max_);
    const bool writes = operation.from != nullptr;
    const CommandCode command = writes ? CommandCode::DmaWrite : CommandCode::DmaRead;
    const DmaAccessBody body{operation.address + offset, byte_length};
    const size_t head_byte_length = sizeof(Header) + sizeof body;

    Message message;
    message.bytes.resize(head_byte_length + (writes ? byte_length : 0));
    if (writes && !guarded_copy(message.bytes.data() + head_byte_length, operation.from + offset,
                                byte_length)) {
      end(found, Progress::Failed, EFAULT);
      continue;
    }
    const uint16_t message_id = free_message_id();
    const Header header{message_id, static_cast<uint16_t>(command),
                        static_cast<uint32_t>(message.bytes.size()), header_flag::type_command, 0};
    std::memcpy(message.bytes.data(), &header, sizeof header);
    std::memcpy(message.bytes.data() + sizeof header, &body, sizeof body);
    asked_[message_id] = {found->first, offset, byte_length, command};
    operation.asked += byte_length;
    if (operation.asked == operation.byte_length) waiting_.erase(found->first);
    return message;
  }
  return {};
}

// A reply without an error: the address and the count that were asked for, and the data of a read.
// A write may be acknowledged by the header alone, as QEMU does, or with a count of 4 bytes.
bool RemoteMemory::is_answer_to(const Request& request, uint64_t address, const Header& header,
                                std::span<const std::byte> payload) {
  DmaAccessBody body{};
  if (request.command == CommandCode::DmaRead) {
    if (payload.size() != sizeof body + request.byte_length) return false;
    std::memcpy(&body, payload.data(), sizeof body);
  } else {
    if (payload.empty()) return true;
    constexpr size_t short_byte_length = sizeof body.address + sizeof(uint32_t);
    if (payload.size() != sizeof body && payload.size() != short_byte_length) return false;
    std::memcpy(&body, payload.data(), payload.size());
  }
  return body.address == address && body.count == request.byte_length;
}

bool RemoteMemory::accept_reply(const Header& header, std::span<const std::byte> payload) {
  auto asked = asked_.find(header.message_id);
  if (asked == asked_.end()) return false;
  const Request request = asked->second;
  if (header.command != static_cast<uint16_t>(request.command)) return false;
  asked_.erase(asked);
  auto found = operations_.find(request.operation);
  if (found == operations_.end()) return true;  // it has ended without this
  Operation& operation = found->second;
  if ((header.flags & header_flag::error) != 0) {
    end(found, Progress::Failed, static_cast<int>(header.error));
    return true;
  }
  if (!is_answer_to(request, operation.address + request.offset, header, payload)) return false;
  if (operation.to != nullptr &&
      !guarded_copy(operation.to + request.offset, payload.data() + sizeof(DmaAccessBody),
                    request.byte_length)) {
    end(found, Progress::Failed, EFAULT);
    return true;
  }
  operation.answered += request.byte_length;
  if (operation.answered == operation.byte_length) end(found, Progress::Done, 0);
  return true;
}

}  // namespace nvm::vfio_user
