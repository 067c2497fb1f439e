// SPDX-License-Identifier: MIT
#include "sharing/stranger.h"

#include <sys/stat.h>

#include "platform/sealed_memory.h"

namespace nvm::simulation {

namespace {

constexpr uint64_t kPageBytes = 4096;

}  // namespace

void Stranger::live() {
  while (!exchange_.is_ending() && !report_.failed()) {
    if (channel_ == nullptr) {
      if (random_.chance(5)) connect();
    } else {
      if (!is_silent_) speak();
      if (!is_deaf_) listen();
      if (random_.one_in(is_silent_ ? 2000 : 200)) hang_up();
    }
    Fiber::yield();
  }
  // The silent are the manager's to drop.
  const auto is_dropped = [this] { return wire_ == nullptr || wire_->is_cut(Wire::End::Manager); };
  while (is_silent_ && !is_dropped() && !report_.failed()) Fiber::yield();
  hang_up();
}

void Stranger::connect() {
  wire_ = exchange_.connect();
  if (wire_ == nullptr) return;
  channel_ = wire_->channel(Wire::End::Client);
  is_silent_ = random_.chance(20);
  is_deaf_ = random_.chance(30);
  report_.trace("stranger %u connects%s%s", index_, is_silent_ ? ", silent" : "",
                is_deaf_ ? ", deaf" : "");
}

void Stranger::hang_up() {
  channel_.reset();
  wire_.reset();
  kept_.clear();
  addresses_.clear();
  queues_.clear();
  is_silent_ = false;
}

void Stranger::speak() {
  if (random_.chance(70)) return;
  const rpc::Message message = make_request();
  if (channel_->send(message) == rpc::Channel::State::Broken) hang_up();
}

uint64_t Stranger::any_address() {
  if (!addresses_.empty() && random_.chance(80)) {
    return random_.pick(addresses_) + random_.below(2) * kPageBytes;
  }
  return random_.chance(50) ? random_.next() : random_.below(1ull << 46) & ~(kPageBytes - 1);
}

void Stranger::put_admin(rpc::Message& message) {
  namespace opcode = spec::admin_opcode;
  constexpr uint8_t kOpcodes[] = {opcode::delete_io_submission_queue,
                                  opcode::create_io_submission_queue,
                                  opcode::get_log_page,
                                  opcode::delete_io_completion_queue,
                                  opcode::create_io_completion_queue,
                                  opcode::identify,
                                  opcode::abort,
                                  opcode::set_features,
                                  opcode::get_features};
  spec::SubmissionQueueEntry command{};
  command.opc = random_.chance(90) ? random_.pick(kOpcodes) : static_cast<uint8_t>(random_.next());
  command.nsid = static_cast<uint32_t>(random_.below(3));
  command.prp1 = any_address();
  command.prp2 = random_.chance(30) ? any_address() : 0;
  const uint32_t queue = !queues_.empty() && random_.chance(80)
                             ? random_.pick(queues_)
                             : static_cast<uint32_t>(random_.below(20));
  command.cdw10 = random_.chance(80) ? queue | 7u << 16 : static_cast<uint32_t>(random_.next());
  command.cdw11 = random_.chance(80) ? 1 | queue << 16 : static_cast<uint32_t>(random_.next());
  spec::RpcAdmin body{};
  std::memcpy(body.command, &command, sizeof body.command);
  body.timeout_ns = random_.chance(80) ? random_.below(5'000'000'000) : random_.next();
  rpc::append(message, body);
}

rpc::Message Stranger::make_request() {
  namespace code = spec::rpc_code;
  constexpr uint16_t kCodes[] = {
      code::hello,     code::map,   code::map,        code::unmap,       code::admin,
      code::admin,     code::admin, code::take_queue, code::take_queue,  code::give_queue,
      code::bind_wake, code::wake,  code::status,     code::watch_events};
  const bool greets = addresses_.empty() && kept_.empty() && random_.chance(50);
  const uint16_t what = greets                ? code::hello
                        : random_.one_in(100) ? static_cast<uint16_t>(random_.next())
                                              : random_.pick(kCodes);
  rpc::Message message = rpc::make_message(what, static_cast<uint32_t>(random_.below(1000)));
  const auto word = [&](uint64_t usual) {
    rpc::append(message, random_.chance(90) ? usual : random_.next());
  };
  if (what == code::hello) rpc::append(message, spec::RpcHello{spec::rpc_version, 0});
  if (what == code::map) {
    word(0);
    word(random_.between(1, 8) * kPageBytes);
    word(random_.chance(80) ? 0 : any_address());
    if (random_.chance(90)) {
      message.fds.push_back(make_sealed_memory("stranger", 8 * kPageBytes));
    }
  }
  if (what == code::unmap) word(any_address());
  if (what == code::admin) put_admin(message);
  if (what == code::take_queue || what == code::give_queue) {
    rpc::append(message, random_.chance(50) || queues_.empty() ? 0u : random_.pick(queues_));
    rpc::append(message, static_cast<uint32_t>(random_.chance(90) ? 0 : random_.below(20)));
  }
  if (what == code::bind_wake) {
    word(random_.below(8));
    word(any_address());
    if (random_.chance(50)) message.fds.push_back(make_sealed_memory("no socket", kPageBytes));
  }
  if (random_.one_in(20)) message.bytes.resize(16 + random_.below(message.bytes.size() - 15));
  return message;
}

void Stranger::listen() {
  rpc::Message message;
  const auto state =
      channel_ == nullptr ? rpc::Channel::State::Blocked : channel_->receive(message);
  if (state == rpc::Channel::State::Broken) return hang_up();
  if (state == rpc::Channel::State::Blocked || message.header().error != 0) return;
  const uint16_t code = message.header().code;
  if (const auto mapped = rpc::parse_body<spec::RpcMapped>(message);
      mapped && code == spec::rpc_code::map) {
    addresses_.push_back(mapped->handle);
  }
  if (const auto queue = rpc::parse_body<spec::RpcQueue>(message);
      queue && code == spec::rpc_code::take_queue) {
    queues_.push_back(queue->queue_id);
  }
  if (code == spec::rpc_code::hello && message.fds.size() == 3) {
    struct stat file{};
    if (fstat(message.fds[1].get(), &file) == 0) exchange_.distrust(file.st_ino);
    for (UniqueFd& fd : message.fds) kept_.push_back(std::move(fd));
  }
}

}  // namespace nvm::simulation
