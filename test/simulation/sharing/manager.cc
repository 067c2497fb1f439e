// SPDX-License-Identifier: MIT
#include "sharing/manager.h"

#include <algorithm>

namespace nvm::simulation {
namespace {

// What Server allows.
constexpr uint64_t kStopNs = 10'000 * kNanosecondsPerMillisecond;
constexpr uint64_t kGoneNs = 20'000 * kNanosecondsPerMillisecond;
constexpr unsigned kBurialStepsMax = 10'000;

rpc::ServiceLimits limits_of(const SharingGeometry& sharing) {
  rpc::ServiceLimits limits;
  limits.clients_max = sharing.clients_max;
  limits.queue_pairs_max = sharing.queue_pairs_max;
  limits.mappings_max = sharing.mappings_max;
  limits.mapped_bytes_max = sharing.mapped_bytes_max;
  return limits;
}

}  // namespace

Manager::Manager(const Geometry& geometry, const SharingGeometry& sharing,
                 std::vector<NamespaceState>& namespaces, Machine& machine, Random& random,
                 Report& report)
    : Host(geometry, 0, namespaces, machine, random, report),
      sharing_(sharing),
      waiter_(machine, random),
      limits_(limits_of(sharing)) {}

void Manager::live() {
  begin();
  if (!service_ && !killed_ && !report_.failed()) give_up();
  while (service_ && !is_asked_to_end_ && !killed_ && !report_.failed()) {
    act();
    Fiber::yield();
  }
  if (service_ && !killed_ && !report_.failed()) end();
  if (killed_ && !report_.failed()) be_buried();
}

void Manager::begin() {
  closed_ = killed_ = is_asked_to_end_ = false;
  wires_.clear();
  if (gone()) machine_.replug(0);
  transport_ = machine_.transport(0);
  start();
  if (killed_ || broken_ || report_.failed()) return;
  auto served = rpc::share(*controller_);
  if (!served.ok()) return fail("sharing", served.status());
  service_.emplace(std::move(served.value()), limits_, rpc::ServicePolicy{});
  generation_++;
  report_.trace("manager %lu serves", generation_);
}

std::shared_ptr<Wire> Manager::connect() {
  if (!serves()) return nullptr;
  auto wire = std::make_shared<Wire>(sharing_.wire, random_, report_);
  service_->connect(wire->channel(Wire::End::Manager), {}, machine_.now_ns());
  wires_.push_back(wire);
  return wire;
}

bool Manager::step() {
  if (!service_ || killed_) return false;
  const bool worked = service_->step(machine_.now_ns());
  service_->answer_watchers({});
  if (random_.one_in(64)) service_->tell(AsyncEvent{});
  check_quotas();
  return worked;
}

void Manager::check_quotas() {
  for (const SimulatedPort* port : transport_->ports()) {
    if (port->queue_count() > limits_.queue_pairs_max) report_.fail("too many queues");
    if (port->mapping_count() > limits_.mappings_max) report_.fail("too many mappings");
    if (port->mapped_bytes() > limits_.mapped_bytes_max) report_.fail("too much memory");
  }
  if (transport_->ports().size() > limits_.clients_max + 1) report_.fail("too many clients");
  if (transport_->trap_hits() != 0) {
    report_.fail("the device went to memory of a client that was unmapped");
  }
}

bool Manager::has_let_go(ino_t port_name) {
  if (transport_ == nullptr) return true;
  return std::none_of(transport_->ports().begin(), transport_->ports().end(),
                      [=](const SimulatedPort* port) { return port->name() == port_name; });
}

void Manager::distrust(ino_t port_name) {
  for (SimulatedPort* port : transport_->ports()) {
    if (port->name() == port_name) port->expect_traps();
  }
}

size_t Manager::client_count() const {
  return transport_ == nullptr ? 0 : transport_->ports().size();
}

// Clients may have taken all there is.
void Manager::fail(const char* what, const Status& status) {
  if (status.failure().code != ErrorCode::NoQueues && !killed_) return Host::fail(what, status);
  report_.trace("manager, %s: %s", what, status.failure().detail.c_str());
  broken_ |= killed_;
}

void Manager::reset_controller() {
  upheavals_++;
  const Status reset = controller_->reset(controller_->epoch());
  report_.trace("reset by manager %lu: %s", generation_, reset.ok() ? "works" : "fails");
  if (!reset.ok()) {
    is_asked_to_end_ = true;
    return fail("a reset", reset);
  }
  broken_ = false;
  std::erase_if(lanes_, [this](OpenLane& open) {
    lose_outstanding(open);
    return !open.lane->restart();
  });
}

Wish Manager::disturb() {
  switch (random_.below(10)) {
    case 0:
    case 1:
    case 2:
      if (lanes_.size() < 3) create_lane();
      break;
    case 3:
    case 4:
      if (!lanes_.empty()) close_lane(random_.below(lanes_.size()));
      break;
    case 5:
      if (!lanes_.empty()) rescue(random_.below(lanes_.size()));
      break;
    case 6:
    case 7:
      reset_controller();
      break;
    default:
      break;
  }
  return Wish::Nothing;
}

// Ends well: the service first, or the controller, of which the service learns.
void Manager::end() {
  report_.trace("manager %lu ends", generation_);
  if (is_asked_to_finish_) {
    finish();
  } else {
    drain();
  }
  upheavals_++;
  if (!killed_ && !report_.failed() && random_.chance(50)) end_service();
  if (killed_ || report_.failed()) return;
  closed_ = true;
  const Status closed = controller_->close();
  if (killed_) return;
  if (!closed.ok()) fail("close", closed);
  if (!wait_until(waiter_, kStopNs, [this] { return service_->is_empty() || killed_; })) {
    return report_.fail("%lu clients are left after the end of the controller", client_count());
  }
  if (killed_) return;
  service_.reset();
  let_go();
}

void Manager::end_service() {
  closed_ = true;
  service_->close(machine_.now_ns());
  wait_until(waiter_, kStopNs, [this] { return service_->is_settled() || killed_; });
}

// Every client has gone, or goes: then nothing of them is left, but what only a reset takes back.
void Manager::finish() {
  drain();
  const auto all_gone = [this] { return service_->is_empty() || killed_; };
  const bool is_strict = !geometry_.faults && !sharing_.is_lossy();
  if (!wait_until(waiter_, kGoneNs, all_gone) && is_strict) {
    return report_.fail("%lu clients are not taken back", client_count());
  }
  if (killed_ || report_.failed()) return;
  if (!is_strict) reset_controller();
  if (!wait_until(waiter_, kGoneNs, all_gone)) {
    return report_.fail("%lu clients are not taken back after a reset", client_count());
  }
  if (killed_ || report_.failed()) return;
  check_nothing_is_left();
  if (!killed_ && !report_.failed()) verify_all();
}

void Manager::check_nothing_is_left() {
  if (client_count() != 0) report_.fail("%lu ports are left", client_count());
  if (const size_t left = transport_->client_wake_count(); left != 0) {
    report_.fail("%lu vectors still wake clients", left);
  }
  auto ownership = controller_->ownership();
  if (!ownership.ok()) return report_.fail("the controller is nobody's");
  OwnQueueNumbers& numbers = *ownership.value().queue_numbers;
  std::vector<QueueNumber> taken;
  for (auto number = numbers.take(false); number.ok(); number = numbers.take(false)) {
    taken.push_back(number.value());
  }
  if (taken.size() + lanes_.size() != controller_->limits().io_queue_pairs_max) {
    report_.fail("%lu queue numbers are free, %lu in use, of %u", taken.size(), lanes_.size(),
                 controller_->limits().io_queue_pairs_max);
  }
  for (const QueueNumber& number : taken) numbers.give_back(number);
  check_admin_ids(*ownership.value().admin);
}

void Manager::check_admin_ids(AdminQueue& admin) {
  constexpr uint32_t kEntriesMax = 64;  // in a page
  const uint32_t ids = std::min(controller_->properties().queue_entries_max, kEntriesMax) - 1;
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::get_features;
  command.cdw10 = spec::feature::number_of_queues;
  std::vector<AdminTicket> tickets;
  while (const auto ticket = admin.begin(command, nullptr, nullptr)) tickets.push_back(*ticket);
  if (tickets.size() != ids) report_.fail("%lu ids of %u are free", tickets.size(), ids);
  const bool ended = wait_until(waiter_, kGoneNs, [&] {
    std::erase_if(tickets,
                  [&](const AdminTicket& ticket) { return admin.end(ticket).has_value(); });
    return tickets.empty() || killed_;
  });
  if (!ended) report_.fail("%lu admin commands do not end", tickets.size());
}

// The rest of its process: the system's work, of which nobody sees an order.
void Manager::kill() {
  report_.trace("manager %lu is killed", generation_);
  upheavals_++;
  killed_ = true;
  for (const auto& each : wires_) {
    if (const auto wire = each.lock()) wire->cut(Wire::End::Manager);
  }
  if (transport_ != nullptr) transport_->die();
  // Before the service can say that it ends.
  if (service_) service_->step(machine_.now_ns());
}

// It could not become the manager.
void Manager::give_up() {
  if (controller_ != nullptr) (void)controller_->close();
  if (killed_) return;
  let_go();
  controller_.reset();
}

void Manager::be_buried() {
  machine_.settle();
  if (controller_ != nullptr) (void)controller_->close();
  for (unsigned steps = 0; service_ && !service_->is_empty(); steps++) {
    if (steps == kBurialStepsMax) return report_.fail("a dead manager keeps its clients");
    service_->step(machine_.now_ns());
    machine_.pass(kNanosecondsPerMillisecond);
    machine_.settle();
  }
  service_.reset();
  let_go();
  controller_.reset();
}

}  // namespace nvm::simulation
