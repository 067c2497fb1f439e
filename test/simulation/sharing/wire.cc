// SPDX-License-Identifier: MIT
#include "sharing/wire.h"

#include <fcntl.h>

#include <algorithm>

namespace nvm::simulation {

using rpc::Channel;
using rpc::Message;

class Wire::Ended final : public Channel {
 public:
  Ended(std::shared_ptr<Wire> wire, End end) : wire_(std::move(wire)), end_(end) {}
  ~Ended() override { wire_->cut(end_); }

  State send(const Message& message) override { return wire_->send(end_, message); }
  State receive(Message& message) override { return wire_->receive(end_, message); }
  bool has_ended() override { return wire_->is_cut(other(end_)) || wire_->is_cut(end_); }

 private:
  const std::shared_ptr<Wire> wire_;
  const End end_;
};

std::unique_ptr<Channel> Wire::channel(End end) {
  return std::make_unique<Ended>(shared_from_this(), end);
}

void Wire::cut(End end) {
  Side& mine = side(end);
  if (mine.ended) return;
  mine.ended = true;
  if (!mine.received.empty()) side(other(end)).broken = true;
  mine.received.clear();
}

// Of what waits for nothing nobody would notice the loss; a greeting is the connection itself.
bool Wire::is_lost(End end, const spec::RpcHeader& header) {
  if (header.code == spec::rpc_code::hello) return false;
  return random_.below(1000) <
         (end == End::Client ? options_.requests_lost_per_mille : options_.replies_lost_per_mille);
}

Channel::State Wire::send(End end, const Message& message) {
  Side& its = side(other(end));
  if (side(end).ended || its.ended) return Channel::State::Broken;
  const bool is_full =
      its.received_bytes != 0 && its.received_bytes + message.bytes.size() > options_.room_bytes;
  if (is_full || random_.chance(options_.blocked_percent)) return Channel::State::Blocked;
  const spec::RpcHeader header = message.header();
  if (end == End::Manager) note_reply(header);
  if (is_lost(end, header)) {
    report_.trace("lost: message %u, id %u", header.code, header.id);
    return Channel::State::Ready;
  }
  Message sent;
  sent.bytes = message.bytes;
  for (const UniqueFd& fd : message.fds) sent.fds.emplace_back(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  its.received_bytes += sent.bytes.size();
  its.received.push_back(std::move(sent));
  return Channel::State::Ready;
}

Channel::State Wire::receive(End end, Message& message) {
  Side& mine = side(end);
  if (mine.ended || mine.broken) return Channel::State::Broken;
  if (mine.received.empty()) {
    return side(other(end)).ended ? Channel::State::Broken : Channel::State::Blocked;
  }
  if (random_.chance(options_.blocked_percent)) return Channel::State::Blocked;
  message = std::move(mine.received.front());
  mine.received.pop_front();
  mine.received_bytes -= message.bytes.size();
  if (message.fds.size() > rpc::kFdsPerMessageMax || message.bytes.size() < sizeof(spec::RpcHeader))
    return Channel::State::Broken;
  if (end == End::Manager) note_request(message.header());
  return Channel::State::Ready;
}

void Wire::note_request(const spec::RpcHeader& header) {
  if (header.code != spec::rpc_code::wake) asked_.emplace(header.id, header.code);
}

void Wire::note_reply(const spec::RpcHeader& header) {
  const auto [first, last] = asked_.equal_range(header.id);
  const auto found =
      std::find_if(first, last, [&](const auto& request) { return request.second == header.code; });
  if (found == last) {
    return report_.fail("a reply to request %u, code %u, which nobody has sent, or has had one",
                        header.id, header.code);
  }
  asked_.erase(found);
}

}  // namespace nvm::simulation
