// SPDX-License-Identifier: MIT
#include "sharing/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace nvm::simulation {
namespace {

constexpr uint64_t kAdminTimeoutNs = 5'000 * kNanosecondsPerMillisecond;
constexpr size_t kExtraMax = 4;

}  // namespace

Client::Client(const Geometry& geometry, const SharingGeometry& sharing, uint32_t index,
               std::vector<NamespaceState>& namespaces, Machine& machine, Exchange& exchange,
               Random& random, Report& report)
    : Host(geometry, index, namespaces, machine, random, report),
      sharing_(sharing),
      exchange_(exchange),
      waiter_(machine, random) {}

void Client::live() {
  while (!exchange_.is_ending() && !report_.failed()) {
    if (transport_ == nullptr) {
      if (random_.chance(30)) connect();
    } else if (broken_ || is_dead()) {
      depart();
    } else {
      look_around();
      if (!broken_ && !is_dead()) work();
    }
    Fiber::yield();
  }
  if (!report_.failed()) end();
}

// More of what the manager is asked for than a host asks of a controller of its own.
void Client::work() {
  const uint64_t what = random_.below(100);
  if (what < 4) {
    disturb();
  } else if (what < 10) {
    ask_admin();
  } else {
    act();
  }
}

void Client::kill() {
  report_.trace("client %u is killed", index_);
  killed_ = true;
  if (transport_ != nullptr) return transport_->leave();
  if (wire_ != nullptr) wire_->cut(Wire::End::Client);
}

void Client::connect() {
  killed_ = broken_ = false;
  upheavals_ = exchange_.upheavals();
  wire_ = exchange_.connect();
  if (wire_ == nullptr) return;
  auto greeted = rpc::Client::greet(wire_->channel(Wire::End::Client), "simulation", waiter_);
  if (!greeted.ok()) {
    // Busy: more clients than there may be, or the manager ends.
    const ErrorCode code = greeted.status().failure().code;
    report_.trace("client %u is not greeted: %s", index_, error_name(code));
    if (code != ErrorCode::Busy && !may_fail(code)) report_.fail("greeting: %s", error_name(code));
    return wire_.reset();
  }
  auto made = ClientTransport::make(std::move(greeted.value()), wire_);
  if (!made.ok()) return report_.fail("no memory for a client");
  transport_ = std::move(made.value());
  report_.trace("client %u is connected as %u", index_, transport_->client().welcome().client_id);
  settle_down();
}

void Client::settle_down() {
  open_controller();
  for (uint64_t lanes = random_.below(3); !is_dead() && !broken_ && lanes > 0; lanes--) {
    create_lane();
  }
}

// What it had is the manager's to take back: until then commands may still be executed.
void Client::depart() {
  if (!killed_ && transport_->refusal() && !may_fail(transport_->refusal()->code)) {
    return report_.fail("unmap: %s", transport_->refusal()->detail.c_str());
  }
  if (is_dead() && !transport_->has_left() && !may_fail(ErrorCode::ManagerGone)) {
    return report_.fail("the manager has hung up on client %u", index_);
  }
  report_.trace("client %u %s", index_, killed_ ? "is dead" : "hangs up");
  transport_->leave();
  while (!exchange_.has_let_go(transport_->port_name()) && !report_.failed()) Fiber::yield();
  if (report_.failed()) return;
  if (controller_ != nullptr) (void)controller_->close();
  extra_.clear();
  numbers_.clear();
  let_go();
  sleepers_.clear();
  controller_.reset();
  transport_.reset();
  wire_.reset();
}

// As a program does that ends well.
void Client::end() {
  if (transport_ == nullptr) return;
  if (!broken_ && !is_dead()) drain();
  if (!broken_ && !is_dead() && random_.chance(20)) verify_all();
  if (!broken_ && !is_dead() && random_.chance(70)) {
    extra_.clear();
    const Status closed = controller_->close();
    if (!closed.ok()) fail("close", closed);
  }
  depart();
}

// What a manager that resets, or has gone, may do to its clients, and what faults may do.
bool Client::may_fail(ErrorCode code) const {
  if (killed_ || geometry_.faults || sharing_.is_lossy()) return true;
  if (exchange_.upheavals() != upheavals_) return true;
  return code == ErrorCode::NoQueues || code == ErrorCode::Range;
}

void Client::fail(const char* what, const Status& status) {
  const ErrorCode code = status.failure().code;
  report_.trace("client %u, %s: %s", index_, what, status.failure().detail.c_str());
  if (!may_fail(code)) {
    report_.fail("client %u, %s: %s: %s", index_, what, error_name(code),
                 status.failure().detail.c_str());
  }
  const bool is_quota = code == ErrorCode::NoQueues || code == ErrorCode::Range;
  if (!is_quota || arena_ == nullptr) broken_ = true;
}

void Client::look_around() {
  if (!transport_->look_for_notices()) return;
  report_.trace("client %u hears that queues are lost", index_);
  transport_->lose_queues();
  for (size_t i = lanes_.size(); i > 0 && !is_dead() && !broken_; i--) {
    if (lanes_[i - 1].lane->restart() && !is_dead()) {
      lose_outstanding(lanes_[i - 1]);
    } else {
      close_lane(i - 1);
    }
  }
}

int Client::make_sleeper() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return -1;
  sleepers_[ends[0]] = {UniqueFd(ends[0]), UniqueFd(ends[1])};
  return ends[0];
}

bool Client::take_wake(int sleeper) {
  char bytes[16];
  return recv(sleepers_.at(sleeper).second.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0;
}

void Client::ask_admin() {
  auto page = controller_->allocate(kPageBytes);
  if (!page.ok()) return fail("memory", page.status());
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::identify;
  command.cdw10 = spec::cns::identify_controller;
  command.prp1 = page.value()->io_address(0);
  // Too short a time, and another's queue, now and then.
  const bool hurries = geometry_.faults && random_.chance(30);
  const bool trespasses = random_.chance(20);
  if (trespasses) {
    command.opc = spec::admin_opcode::delete_io_submission_queue;
    command.cdw10 = 0;
  }
  auto completion =
      controller_->admin(command, hurries ? random_.below(2'000'000) : kAdminTimeoutNs);
  if (!completion.ok()) {
    const ErrorCode code = completion.status().failure().code;
    if (trespasses && code == ErrorCode::Refused) return;
    if (hurries && code == ErrorCode::Timeout) return;
    return fail("an admin command", completion.status());
  }
  if (trespasses) return report_.fail("the queue of others was deleted");
  spec::IdentifyController data;
  std::memcpy(&data, page.value()->bytes(), sizeof data);
  if (completion.value().status_field != 0 || data.cntlid != identify_.cntlid) {
    report_.fail("Identify of client %u: status %#x", index_, completion.value().status_field);
  }
}

void Client::map_more() {
  if (extra_.size() == kExtraMax) {
    std::swap(random_.pick(extra_), extra_.back());
    return extra_.pop_back();
  }
  auto memory = controller_->allocate(random_.skewed(1, 64) * kPageBytes);
  if (!memory.ok()) return fail("memory", memory.status());
  extra_.push_back(std::move(memory.value()));
}

// Up to what it may have; some are given back.
void Client::take_numbers() {
  QueueNumbers& numbers = *transport_->manager()->queue_numbers;
  for (uint64_t i = random_.below(sharing_.queue_pairs_max + 2); i > 0 && !is_dead(); i--) {
    auto number = numbers.take(random_.chance(20));
    if (!number.ok()) {
      fail("a queue number", number.status());
      break;
    }
    numbers_.push_back(number.value());
  }
  while (!numbers_.empty() && random_.chance(90)) {
    numbers.give_back(numbers_.back());
    numbers_.pop_back();
  }
}

void Client::ask_status() {
  if (random_.chance(30)) {
    auto watching = transport_->client().call(rpc::make_message(spec::rpc_code::watch_events, 0));
    if (!watching.ok()) return fail("watching for events", watching.status());
  }
  auto reply = transport_->client().call(rpc::make_message(spec::rpc_code::status, 0));
  if (!reply.ok()) return fail("status", reply.status());
  const auto status = rpc::parse_body<spec::RpcStatus>(reply.value());
  const uint32_t own_id = transport_->client().welcome().client_id;
  bool found = false;
  for (uint32_t i = 0; status && i < status->client_count; i++) {
    const auto each = rpc::parse_body<spec::RpcStatusClient>(
        reply.value(), sizeof(spec::RpcStatus) + i * sizeof(spec::RpcStatusClient));
    found |= each && each->client_id == own_id && each->leaving == 0 &&
             each->mappings >= transport_->mapping_count();
  }
  if (!found) report_.fail("the status that client %u reads has not itself in it", index_);
}

Wish Client::disturb() {
  switch (random_.below(10)) {
    case 0:
    case 1:
    case 2:
      if (lanes_.size() < 3) create_lane();
      break;
    case 3:
      if (!lanes_.empty()) close_lane(random_.below(lanes_.size()));
      break;
    case 4:
      if (!lanes_.empty()) rescue(random_.below(lanes_.size()));
      break;
    case 5:
    case 6:
      map_more();
      break;
    case 7:
      take_numbers();
      break;
    case 8:
      ask_status();
      break;
    default:
      if (random_.chance(20)) broken_ = true;  // it ends without a word
      break;
  }
  return Wish::Nothing;
}

}  // namespace nvm::simulation
