// SPDX-License-Identifier: MIT
#include "sharing/sharing_world.h"

#include <algorithm>

namespace nvm::simulation {
namespace {

constexpr uint32_t kManagersKilledMax = 16;  // each takes another controller of the subsystem
constexpr uint64_t kEndingTurnsMax = 2'000'000;

std::vector<NamespaceState> make_namespaces(const Geometry& geometry) {
  std::vector<NamespaceState> namespaces;
  for (uint32_t i = 0; i < geometry.namespace_count; i++) {
    namespaces.emplace_back(
        DataOracle(geometry.block_byte_length, geometry.block_count, geometry.loses));
  }
  return namespaces;
}

}  // namespace

SharingGeometry::SharingGeometry(Random& random, bool faults) {
  client_count = static_cast<uint32_t>(random.between(1, 5));
  stranger_count = random.chance(40) ? static_cast<uint32_t>(random.between(1, 3)) : 0;
  clients_max = random.chance(20) ? static_cast<uint32_t>(random.between(1, 4)) : 64;
  queue_pairs_max = static_cast<uint32_t>(random.skewed(1, 16));
  mappings_max = static_cast<uint32_t>(random.between(12, 64));
  mapped_bytes_max = random.between(4, 16) << 20;
  wire.room_bytes = random.skewed(64, 16384);
  wire.blocked_percent = random.chance(50) ? static_cast<unsigned>(random.below(40)) : 0;
  if (faults && random.chance(50)) {
    wire.requests_lost_per_mille = static_cast<unsigned>(random.below(100));
    wire.replies_lost_per_mille = static_cast<unsigned>(random.below(100));
  }
  leap_ns_max = faults ? random.skewed(1'000'000, 6'000'000'000) : 1'000'000;
}

SharingWorld::SharingWorld(uint64_t seed, Report& report)
    : random_(seed),
      report_(report),
      geometry_(random_, true),
      sharing_(random_, geometry_.faults),
      machine_(geometry_, random_, report),
      namespaces_(make_namespaces(geometry_)),
      manager_(geometry_, sharing_, namespaces_, machine_, random_, report) {
  report_.trace("%u clients, %u strangers, %u queue pairs for each%s%s", sharing_.client_count,
                sharing_.stranger_count, sharing_.queue_pairs_max,
                geometry_.faults ? ", faults" : "", sharing_.is_lossy() ? ", messages lost" : "");
  for (uint32_t i = 0; i < sharing_.client_count; i++) {
    clients_.push_back(std::make_unique<Client>(geometry_, sharing_, i + 1, namespaces_, machine_,
                                                *this, random_, report));
    fibers_.push_back(
        std::make_unique<Fiber>([client = clients_.back().get()] { client->live(); }));
  }
  for (uint32_t i = 0; i < sharing_.stranger_count; i++) {
    strangers_.push_back(std::make_unique<Stranger>(i + 1, machine_, *this, random_, report));
    fibers_.push_back(
        std::make_unique<Fiber>([stranger = strangers_.back().get()] { stranger->live(); }));
  }
}

std::shared_ptr<Wire> SharingWorld::connect() {
  return manager_.connect();
}

void SharingWorld::run() {
  for (uint64_t turns = random_.skewed(2'000, 16'000); turns > 0 && !report_.failed(); turns--) {
    keep_a_manager();
    disturb();
    take_turn();
  }
  if (!report_.failed()) end();
}

// One that has ended is followed by the next, in its time.
void SharingWorld::keep_a_manager() {
  if (manager_fiber_ != nullptr && !manager_fiber_->has_ended()) return;
  if (manager_fiber_ != nullptr && !is_ending_ && !random_.one_in(50)) return;
  manager_fiber_ = std::make_unique<Fiber>([this] { manager_.live(); });
}

bool SharingWorld::resume(Fiber& fiber) {
  if (fiber.has_ended()) return false;
  fiber.resume();
  return true;
}

// Whoever it is goes on until it waits. When nobody has anything to do, time passes.
void SharingWorld::take_turn() {
  const uint64_t what = random_.below(100);
  bool worked = false;
  if (what < 45) {
    resume(*random_.pick(fibers_));
  } else if (what < 55) {
    if (manager_fiber_ != nullptr) resume(*manager_fiber_);
  } else if (what < 75) {
    worked = manager_.step();
  } else if (what < 92) {
    worked = machine_.step();
  } else {
    worked = machine_.end_store_operation();
  }
  if (what < 55) return;
  idle_turns_ = worked ? 0 : idle_turns_ + 1;
  // Not faster than whoever waits comes to look: 4 ms a turn at most.
  constexpr unsigned kPatience = 8;
  constexpr unsigned kFastest = 12;
  if (idle_turns_ > kPatience) machine_.advance(std::min(idle_turns_ - kPatience, kFastest));
}

// What befalls them; rarely enough that work gets done in between.
void SharingWorld::disturb() {
  const uint64_t what = random_.below(20'000);
  if (what < 60) {
    Client& client = *random_.pick(clients_);
    if (!client.has_hung_up()) client.kill();
  } else if (what < 62) {
    if (manager_.serves() && managers_killed_ < kManagersKilledMax) {
      managers_killed_++;
      manager_.kill();
    }
  } else if (what < 64) {
    manager_.ask_to_end();
  } else if (what < 80) {
    machine_.pass(random_.skewed(1, sharing_.leap_ns_max));
  }
}

bool SharingWorld::have_ended() const {
  return std::all_of(fibers_.begin(), fibers_.end(),
                     [](const auto& fiber) { return fiber->has_ended(); });
}

bool SharingWorld::have_hung_up() const {
  const auto has = [](const auto& process) { return process->has_hung_up(); };
  return std::all_of(clients_.begin(), clients_.end(), has) &&
         std::all_of(strangers_.begin(), strangers_.end(), has);
}

// Everybody ends; what is left is what it must be, and nobody holds anything any more.
void SharingWorld::end() {
  machine_.end_faults();
  is_ending_ = true;
  bool finishes = false;
  for (uint64_t turns = 0; !report_.failed(); turns++) {
    if (turns == kEndingTurnsMax) return report_.fail("it does not come to an end");
    const bool has_manager = manager_fiber_ != nullptr && !manager_fiber_->has_ended();
    if (!has_manager && finishes && have_ended()) break;
    if (!finishes) keep_a_manager();
    if (!finishes && have_hung_up() && manager_.serves() && !manager_.is_asked_to_end()) {
      report_.trace("everybody has hung up");
      finishes = true;
      manager_.ask_to_finish();
    }
    take_turn();
  }
  if (report_.failed()) return;
  machine_.settle();
  if (!machine_.idle()) report_.fail("a namespace still counts commands");
}

}  // namespace nvm::simulation
