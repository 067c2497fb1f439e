// SPDX-License-Identifier: MIT
// A connection between a client and a manager that behaves as a UNIX socket of type SOCK_SEQPACKET:
// whole messages in order, with descriptors; room for so many; what was sent before an end arrives,
// unless that end had something unread, when it is lost. Beyond that it is slow, as the seed wants.
// It also checks what the manager says: one reply to each request, and to nothing else.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "random.h"
#include "report.h"
#include "rpc/channel.h"

namespace nvm::simulation {

struct WireOptions {
  size_t room_bytes = 4096;      // in each direction; a message more is taken when it is empty
  unsigned blocked_percent = 0;  // of calls that have to be made again
  unsigned requests_lost_per_mille = 0;
  unsigned replies_lost_per_mille = 0;
};

class Wire : public std::enable_shared_from_this<Wire> {
 public:
  enum class End { Client, Manager };

  Wire(const WireOptions& options, Random& random, Report& report)
      : options_(options), random_(random), report_(report) {}

  // The channel of one end, once each; when it goes, the end is cut.
  std::unique_ptr<rpc::Channel> channel(End end);
  // This end's process is gone.
  void cut(End end);
  bool is_cut(End end) const { return side(end).ended; }

 private:
  class Ended;
  struct Side {
    std::deque<rpc::Message> received;  // and not taken yet
    size_t received_bytes = 0;
    bool ended = false;
    bool broken = false;  // the other end went and left something unread
  };
  Side& side(End end) { return sides_[end == End::Client ? 0 : 1]; }
  const Side& side(End end) const { return sides_[end == End::Client ? 0 : 1]; }
  static End other(End end) { return end == End::Client ? End::Manager : End::Client; }
  rpc::Channel::State send(End end, const rpc::Message& message);
  rpc::Channel::State receive(End end, rpc::Message& message);
  bool is_lost(End end, const spec::RpcHeader& header);
  void note_request(const spec::RpcHeader& header);
  void note_reply(const spec::RpcHeader& header);

  const WireOptions options_;
  Random& random_;
  Report& report_;
  Side sides_[2];
  std::multimap<uint32_t, uint16_t> asked_;  // codes of requests without a reply yet, by id
};

}  // namespace nvm::simulation
