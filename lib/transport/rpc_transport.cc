// SPDX-License-Identifier: MIT
#include "transport/rpc_transport.h"

#include <algorithm>
#include <cstring>

#include "rpc/remote_admin.h"

namespace nvm {
namespace {

// What the controller behind `after` lacks of what the client of `before` relies on.
const char* find_difference(const spec::RpcWelcome& before, const spec::RpcWelcome& after) {
  if (after.emulated != before.emulated || after.write_protected != before.write_protected ||
      after.outlives_manager != before.outlives_manager || after.maps_files != before.maps_files ||
      (before.outlives_manager != 0 && before.data_identity == 0 &&
       std::strcmp(after.address, before.address) != 0)) {
    return "what is behind it";
  }
  if (after.doorbell_stride != before.doorbell_stride ||
      after.doorbell_byte_length != before.doorbell_byte_length ||
      after.sleeping_offset != before.sleeping_offset || after.uncached != before.uncached ||
      after.namespace_changes_offset != before.namespace_changes_offset) {
    return "its doorbells";
  }
  if (after.transfer_bytes_max < before.transfer_bytes_max ||
      after.takes_sgls < before.takes_sgls) {
    return "what one command transfers";
  }
  if (after.wakes != before.wakes || after.vectors < before.vectors) return "its interrupts";
  return nullptr;
}

}  // namespace

Result<std::shared_ptr<Transport>> RpcTransport::open(const std::string& path,
                                                      uint64_t reconnect_ns) {
  auto client = rpc::Client::connect(path);
  if (!client.ok()) return std::move(client.status());
  std::shared_ptr<RpcTransport> transport(
      new RpcTransport(std::move(client.value()), reconnect_ns));
  RpcTransport& self = *transport;
  NVM_TRY(self.bar_.map(*self.client_));
  auto notices = rpc::Notices::watch(
      self.client_->take_notices(), [&self](const rpc::Message& notice) { self.receive(notice); },
      [&self](const rpc::Notices::Pause& pause) { return self.lose_manager(pause); });
  if (!notices.ok()) return std::move(notices.status());
  transport->notices_ = std::move(notices.value());
  return std::shared_ptr<Transport>(std::move(transport));
}

RpcTransport::RpcTransport(std::shared_ptr<rpc::Client> client, uint64_t reconnect_ns)
    : client_(std::move(client)),
      belongings_(std::make_shared<rpc::Belongings>(client_)),
      events_(std::make_shared<rpc::ReceivedEvents>(client_)),
      reconnection_(client_->name(), reconnect_ns,
                    {[this](const rpc::Client& next) { return accept(next); },
                     [this](rpc::Client& next) { return attach(next); }}) {
  const spec::RpcWelcome& welcome = client_->welcome();
  capabilities_.emulated = welcome.emulated != 0;
  capabilities_.maps_files = welcome.maps_files != 0;
  capabilities_.foreign_memory = false;
  capabilities_.wakes = welcome.wakes != 0;
  capabilities_.write_protected = welcome.write_protected != 0;
  capabilities_.vectors = static_cast<uint16_t>(std::min<uint32_t>(welcome.vectors, 2048));
  capabilities_.name = "rpc";
  capabilities_.address = client_->name() + " (" + welcome.address + ")";
  if (capabilities_.maps_files) {
    pool_.emplace([this](const Buffer& region) { return map_region(region); });
  }
  manager_.path = client_->name();
  manager_.admin = std::make_shared<rpc::RemoteAdmin>(client_, capabilities_.address);
  manager_.queue_numbers = std::make_shared<rpc::RemoteQueueNumbers>(belongings_);
  manager_.events = events_;
  manager_.limits.transfer_bytes_max = welcome.transfer_bytes_max;
  manager_.limits.io_queue_pairs_max =
      static_cast<uint16_t>(std::min<uint32_t>(welcome.io_queue_pairs_max, UINT16_MAX));
  manager_.limits.takes_sgls = welcome.takes_sgls != 0;
  manager_.limits.optional_events = welcome.optional_events;
}

RpcTransport::~RpcTransport() {
  stop_waiting();
  notices_.reset();
}

void RpcTransport::stop_waiting() {
  reconnection_.stop();
  if (client_->is_away()) client_->give_up(client_->gone().failure());
}

void RpcTransport::leave() {
  belongings_->leave();
  client_->hang_up();
}

void RpcTransport::receive(const rpc::Message& notice) {
  const uint16_t code = notice.header().code;
  if (code == spec::rpc_code::queues_lost) lose_queues(ErrorCode::QueueLost);
  if (code == spec::rpc_code::event) events_->receive(notice);
  if (code == spec::rpc_code::closing) client_->note_closing(rpc::parse_failure(notice));
  const auto changed = code == spec::rpc_code::namespaces_changed
                           ? rpc::parse_body<spec::RpcNamespacesChanged>(notice)
                           : std::nullopt;
  if (changed) count_namespace_change(changed->namespace_id);
}

// A device that counts shows it where all can read it, which no notice is as early as.
const NamespaceChanges& RpcTransport::namespace_changes() {
  const uint32_t offset = client_->welcome().namespace_changes_offset;
  if (offset == 0) return Transport::namespace_changes();
  return *reinterpret_cast<const NamespaceChanges*>(bar_.bytes() + offset);
}

// What was asked ends first, so that nobody who holds queues waits for what is done here.
UniqueFd RpcTransport::lose_manager(const rpc::Notices::Pause& pause) {
  if (pool_) {
    pool_->hold();
    pool_held_.store(true);
  }
  client_->note_broken();
  if (client_->welcome().outlives_manager != 0) bar_.leave();
  lose_queues(ErrorCode::ManagerGone);
  if (!reconnection_.is_wanted()) {
    client_->give_up(client_->gone().failure());
    events_->notify();
    return {};
  }
  client_->await_next();
  auto notices = reconnection_.run(pause);
  if (notices.ok()) return std::move(notices.value());
  client_->give_up(notices.status().failure());
  events_->notify();
  return {};
}

bool RpcTransport::has_next() {
  return reconnection_.is_wanted() && !client_->has_given_up();
}

Status RpcTransport::accept(const rpc::Client& next) const {
  const spec::RpcWelcome& before = client_->welcome();
  const spec::RpcWelcome& after = next.welcome();
  const char* difference = find_difference(before, after);
  if (difference == nullptr && !bar_.is_same(next)) difference = "its registers";
  if (difference != nullptr) {
    return Status(ErrorCode::ManagerGone, "another controller is served at " + client_->name() +
                                              " since: " + difference + " changed");
  }
  if (after.data_identity == before.data_identity) return {};
  return Status(ErrorCode::DataLost, "those of " + std::string(before.address) +
                                         ", which was served at " + client_->name());
}

Status RpcTransport::attach(rpc::Client& next) {
  NVM_TRY(belongings_->ask_again(next));
  // First: who sees other counts of namespace changes has to see that they are another manager's.
  later_managers_++;
  NVM_TRY(bar_.map(next));
  NVM_TRY(events_->ask_again(next));
  // First: who has waited for this may use again what came back meanwhile.
  if (pool_) {
    pool_held_.store(false);
    pool_->resume();
  }
  belongings_->move_to(next);
  events_->notify();
  return {};
}

uint32_t RpcTransport::read_register32(uint32_t offset) {
  return client_->is_connected() ? bar_.read32(offset) : UINT32_MAX;
}

uint64_t RpcTransport::read_register64(uint32_t offset) {
  if (!client_->is_connected()) return UINT64_MAX;
  // Of a device in two accesses, low half first: not every root port passes wider ones on whole.
  if (client_->welcome().uncached == 0) return bar_.read64(offset);
  const uint64_t low = bar_.read32(offset);
  return uint64_t{bar_.read32(offset + sizeof(uint32_t))} << 32 | low;
}

Doorbells RpcTransport::doorbells() {
  const spec::RpcWelcome& welcome = client_->welcome();
  Doorbells doorbells;
  doorbells.base = bar_.doorbells();
  doorbells.byte_length = welcome.doorbell_byte_length;
  doorbells.stride_bytes = welcome.doorbell_stride;
  doorbells.uncached = welcome.uncached != 0;
  if (welcome.sleeping_offset != 0) {
    doorbells.sleeping =
        reinterpret_cast<std::atomic<uint32_t>*>(bar_.bytes() + welcome.sleeping_offset);
  }
  return doorbells;
}

Result<std::shared_ptr<Buffer>> RpcTransport::allocate(size_t byte_length) {
  return pool_ ? pool_->allocate(byte_length) : Buffer::allocate(byte_length);
}

// A device that maps files has each of them in one piece.
Result<uint64_t> RpcTransport::map_region(const Buffer& region) {
  auto mapping = belongings_->map(region);
  if (!mapping.ok()) return std::move(mapping.status());
  const std::vector<IoRun>& runs = mapping.value().runs;
  if (runs.size() == 1) return runs.front().io_address;
  (void)belongings_->unmap(mapping.value());
  return Status(ErrorCode::Target,
                client_->name() + " maps a file in " + std::to_string(runs.size()) + " pieces");
}

Result<Mapping> RpcTransport::map(const Buffer& buffer) {
  const auto address = pool_ ? pool_->find(buffer) : std::nullopt;
  if (!address) return belongings_->map(buffer);
  if (client_->has_given_up()) return gone();
  return Mapping{{{*address, buffer.byte_length()}}, kOfPool};
}

Status RpcTransport::unmap(const Mapping& mapping) {
  return mapping.handle == kOfPool ? Status() : belongings_->unmap(mapping);
}

// An emulator ends with its manager. What a drive does then, nobody knows; nor of one that maps
// files, but those are nobody else's, and `pool_` uses nothing again that it may still write to.
bool RpcTransport::is_gone() {
  const bool ends = client_->welcome().outlives_manager == 0 || pool_held_.load();
  return ends && !client_->is_connected();
}

void RpcTransport::on_queues_lost(std::function<void(ErrorCode why)> lost) {
  std::lock_guard lock(lost_mutex_);
  lost_ = std::move(lost);
}

// Then whoever sleeps looks, and sees that its queue is lost.
void RpcTransport::lose_queues(ErrorCode why) {
  {
    std::lock_guard lock(lost_mutex_);
    if (lost_) lost_(why);
  }
  belongings_->wake_all();
}

Status RpcTransport::reset() {
  return Status(ErrorCode::Refused,
                "resetting a controller that others use, " + capabilities_.address);
}

}  // namespace nvm
