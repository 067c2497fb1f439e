// SPDX-License-Identifier: MIT
// Clients with which the owner shares a controller.
#include <algorithm>
#include <utility>

#include "emulator/controller_state.h"

namespace nvm::emulator {

ClientHost* ControllerState::add_client(std::optional<CommandPolicy> policy) {
  auto client = ClientHost::make(std::move(policy));
  if (client == nullptr) return nullptr;
  return clients_.emplace_back(std::move(client)).get();
}

// What drains has lost its queue, and still uses the client's memory.
bool ControllerState::remove_client(ClientHost& client) {
  const auto is_its = [&](const QueueMemory& queue) {
    return queue.exists() && queue.host == &client;
  };
  const auto works_for_it = [&](const Slot* slot) { return slot->host == &client; };
  if (std::any_of(submission_queues.begin(), submission_queues.end(), is_its) ||
      std::any_of(completion_queues.begin(), completion_queues.end(), is_its) ||
      std::any_of(pending_.begin(), pending_.end(), works_for_it) ||
      std::any_of(draining_.begin(), draining_.end(), works_for_it) ||
      std::any_of(draining_pairs_.begin(), draining_pairs_.end(),
                  [&](const FusedPair& pair) { return works_for_it(pair.first); })) {
    return false;
  }
  std::replace(queue_hosts_.begin(), queue_hosts_.end(), static_cast<Host*>(&client), &owner);
  std::erase_if(admin_hosts_, [&](const auto& named) { return named.second == &client; });
  std::erase_if(clients_, [&](const auto& each) { return each.get() == &client; });
  return true;
}

void ControllerState::forget_clients() {
  queue_hosts_.assign(queue_hosts_.size(), &owner);
  std::vector<ClientHost*> all;
  for (const auto& client : clients_) all.push_back(client.get());
  for (ClientHost* client : all) remove_client(*client);
}

uint32_t ControllerState::count_busy_hosts() {
  uint32_t busy = owner.was_busy();
  for (const auto& client : clients_) busy += client->was_busy();
  return busy;
}

// The owner, when it was assigned to nobody.
Host& ControllerState::take_host_of_admin_command(uint16_t cid) {
  const auto named = std::find_if(admin_hosts_.begin(), admin_hosts_.end(),
                                  [=](const auto& each) { return each.first == cid; });
  if (named == admin_hosts_.end()) return owner;
  Host& host = *named->second;
  admin_hosts_.erase(named);
  return host;
}

}  // namespace nvm::emulator
