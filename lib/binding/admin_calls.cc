// SPDX-License-Identifier: MIT
// Admin commands. One that ends in a short time is answered by the thread that called: to hand it
// to another thread and back takes longer than an emulator, or a manager, does for it.
#include <algorithm>
#include <cstring>
#include <vector>

#include "binding/calls.h"
#include "binding/environment.h"
#include "binding/task.h"
#include "memory/prp.h"

namespace nvm::binding {
namespace {

// As long as a callback may well take.
constexpr uint64_t kLookNs = 100'000;

struct AdminAnswer {
  Completion completion;
  std::vector<std::byte> data;
};

// A command with `data` copied to and from memory that the device reaches.
class AdminCall {
 public:
  AdminCall(std::shared_ptr<SharedController> shared, const spec::SubmissionQueueEntry& command,
            std::vector<std::byte> data, uint64_t timeout_ns)
      : shared_(std::move(shared)),
        command_(command),
        timeout_ns_(timeout_ns),
        data_(std::move(data)) {}

  // Sends it, where that takes no time, and looks for its end; false when it goes on.
  bool ends_soon(bool looks);
  // As soon as it has ended. Blocks until then.
  Result<AdminAnswer> run();

 private:
  size_t memory_bytes() const;
  void point_to(std::shared_ptr<DmaDescriptor> memory);
  Result<Completion> complete();

  const std::shared_ptr<SharedController> shared_;
  spec::SubmissionQueueEntry command_;
  const uint64_t timeout_ns_;
  std::vector<std::byte> data_;
  std::shared_ptr<DmaDescriptor> memory_;
  std::unique_ptr<SentCommand> sent_;
};

// For the data in whole pages, and the list, which may be chained.
size_t AdminCall::memory_bytes() const {
  const size_t page = shared_->controller->properties().page_size;
  const size_t pages = (data_.size() + page - 1) / page;
  const size_t list_entries = pages + pages / (page / sizeof(uint64_t)) + 1;
  return std::max(pages * page + list_entries * sizeof(uint64_t), AdminMemory::kPieceBytes);
}

void AdminCall::point_to(std::shared_ptr<DmaDescriptor> memory) {
  memory_ = std::move(memory);
  std::memcpy(memory_->bytes(), data_.data(), data_.size());
  const size_t page = shared_->controller->properties().page_size;
  std::vector<uint64_t> addresses((data_.size() + page - 1) / page);
  const size_t list_offset = addresses.size() * page;
  for (size_t i = 0; i < addresses.size(); i++) addresses[i] = memory_->io_address(i * page);
  auto* list = reinterpret_cast<uint64_t*>(memory_->bytes() + list_offset);
  const size_t list_entries = (memory_->byte_length() - list_offset) / sizeof(uint64_t);
  const DataPointer pointer =
      build_prps(addresses, 0, page, {list, list_entries}, memory_->io_address(list_offset));
  command_.prp1 = pointer.prp1;
  command_.prp2 = pointer.prp2;
}

bool AdminCall::ends_soon(bool looks) {
  if (!data_.empty()) {
    auto memory =
        memory_bytes() == AdminMemory::kPieceBytes ? shared_->admin_memory.take() : nullptr;
    if (memory == nullptr) return false;
    point_to(std::move(memory));
  }
  sent_ = shared_->controller->send_admin(command_, timeout_ns_, memory_);
  return sent_ != nullptr && looks &&
         wait_until(reply_waiter(), kLookNs, [&] { return sent_->has_ended(); });
}

Result<Completion> AdminCall::complete() {
  if (sent_ != nullptr) return sent_->wait();
  if (!data_.empty() && memory_ == nullptr) {
    auto allocated = shared_->controller->allocate(memory_bytes());
    if (!allocated.ok()) return std::move(allocated.status());
    point_to(std::move(allocated.value()));
  }
  return shared_->controller->admin_or_abort(command_, timeout_ns_, memory_);
}

Result<AdminAnswer> AdminCall::run() {
  auto completion = complete();
  // What the device may still use is nobody else's.
  if (!completion.ok()) return std::move(completion.status());
  AdminAnswer answer{completion.value(), std::move(data_)};
  if (memory_ == nullptr) return answer;
  std::memcpy(answer.data.data(), memory_->bytes(), answer.data.size());
  if (memory_->byte_length() == AdminMemory::kPieceBytes) {
    shared_->admin_memory.give_back(std::move(memory_));
  }
  return answer;
}

napi_value make_admin_answer(napi_env env, AdminAnswer& answer) {
  void* bytes = nullptr;
  napi_value data = nullptr;
  if (napi_create_arraybuffer(env, answer.data.size(), &bytes, &data) == napi_ok &&
      !answer.data.empty()) {
    std::memcpy(bytes, answer.data.data(), answer.data.size());
  }
  return ObjectBuilder(env)
      .number("dword0", answer.completion.dword0)
      .number("dword1", answer.completion.dword1)
      .number("status", answer.completion.status_field)
      .set("data", data)
      .object();
}

}  // namespace

// (controller, 16 dwords, data, milliseconds)
napi_value submit_admin(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr) {
    return make_failure(env, Failure{ErrorCode::Closed, 0, 0, "the controller reference"});
  }
  spec::SubmissionQueueEntry command{};
  const Arguments::Bytes dwords = arguments.typed_array(1);
  if (dwords.byte_length == sizeof(command)) std::memcpy(&command, dwords.data, sizeof(command));
  const Arguments::Bytes given = arguments.typed_array(2);
  const uint64_t timeout_ns = arguments.milliseconds(3);
  // It takes the controller with it: the handle lets go of that when it is closed.
  auto call = std::make_shared<AdminCall>(
      handle->shared, command, std::vector(given.data, given.data + given.byte_length), timeout_ns);
  if (call->ends_soon(Environment::of(env)->may_resolve_at_once())) {
    return Task<AdminAnswer>::resolved(env, call->run(), make_admin_answer);
  }
  return Task<AdminAnswer>::run(env, [call] { return call->run(); }, make_admin_answer);
}

}  // namespace nvm::binding
