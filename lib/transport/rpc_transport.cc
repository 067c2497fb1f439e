// SPDX-License-Identifier: MIT
#include "transport/rpc_transport.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "memory/buffer.h"
#include "platform/os_failure.h"
#include "rpc/remote_admin.h"

namespace nvm {
namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kDoorbellOffset = 0x1000;  // NVMe base 2.0, 3.1.2.1
constexpr size_t kBarByteLengthMax = 64 << 20;

}  // namespace

Result<std::shared_ptr<Transport>> RpcTransport::open(const std::string& path) {
  auto client = rpc::Client::connect(path);
  if (!client.ok()) return std::move(client.status());
  std::shared_ptr<RpcTransport> transport(new RpcTransport(std::move(client.value())));
  NVM_TRY(transport->map_bar());
  RpcTransport& self = *transport;
  auto notices = rpc::Notices::watch(
      self.client_->take_notices(),
      [&self](const rpc::Message& message) {
        const uint16_t code = message.header().code;
        if (code == spec::rpc_code::queues_lost) self.lose_queues();
        if (code == spec::rpc_code::event) self.events_->receive(message);
      },
      [&self] {
        self.client_->note_broken();
        self.leave_doorbells();
        self.lose_queues();
        self.events_->end();
      });
  if (!notices.ok()) return std::move(notices.status());
  transport->notices_ = std::move(notices.value());
  return std::shared_ptr<Transport>(std::move(transport));
}

RpcTransport::RpcTransport(std::shared_ptr<rpc::Client> client)
    : client_(std::move(client)), events_(std::make_shared<rpc::ReceivedEvents>(client_)) {
  const spec::RpcWelcome& welcome = client_->welcome();
  capabilities_.emulated = welcome.emulated != 0;
  capabilities_.foreign_memory = false;
  capabilities_.wakes = welcome.wakes != 0;
  capabilities_.write_protected = welcome.write_protected != 0;
  capabilities_.vectors = static_cast<uint16_t>(std::min<uint32_t>(welcome.vectors, 2048));
  capabilities_.name = "rpc";
  capabilities_.address = client_->name() + " (" + welcome.address + ")";
  manager_.path = client_->name();
  manager_.admin = std::make_shared<rpc::RemoteAdmin>(client_);
  manager_.queue_numbers = std::make_shared<rpc::RemoteQueueNumbers>(client_);
  manager_.events = events_;
  manager_.limits.transfer_bytes_max = welcome.transfer_bytes_max;
  manager_.limits.io_queue_pairs_max =
      static_cast<uint16_t>(std::min<uint32_t>(welcome.io_queue_pairs_max, UINT16_MAX));
  manager_.limits.takes_sgls = welcome.takes_sgls != 0;
  manager_.limits.optional_events = welcome.optional_events;
}

RpcTransport::~RpcTransport() {
  notices_.reset();
  if (bar_ != nullptr) munmap(bar_, bar_byte_length_);
}

// The BAR, with this client's doorbells in the place of the manager's.
Status RpcTransport::map_bar() {
  const spec::RpcWelcome& welcome = client_->welcome();
  const UniqueFd bar = client_->take_bar();
  const UniqueFd doorbells = client_->take_doorbells();
  const auto fits = [](const UniqueFd& fd, uint64_t offset, uint64_t byte_length) {
    struct stat file;
    return offset % kPageSize == 0 && byte_length % kPageSize == 0 && byte_length != 0 &&
           byte_length <= kBarByteLengthMax && fstat(fd.get(), &file) == 0 &&
           (!S_ISREG(file.st_mode) ||
            (offset <= static_cast<uint64_t>(file.st_size) &&
             byte_length <= static_cast<uint64_t>(file.st_size) - offset));
  };
  if (!fits(bar, welcome.bar_offset, welcome.bar_byte_length) ||
      !fits(doorbells, welcome.doorbell_offset, welcome.doorbell_byte_length) ||
      welcome.bar_byte_length < kDoorbellOffset + welcome.doorbell_byte_length ||
      welcome.sleeping_offset > welcome.bar_byte_length - sizeof(uint32_t) ||
      welcome.sleeping_offset % sizeof(uint32_t) != 0 || welcome.doorbell_stride < 4 ||
      welcome.doorbell_stride % 4 != 0) {
    return Status(ErrorCode::Target, "what serves at " + client_->name() + " has no usable BAR");
  }
  void* bytes = mmap(nullptr, welcome.bar_byte_length, PROT_READ, MAP_SHARED, bar.get(),
                     static_cast<off_t>(welcome.bar_offset));
  if (bytes == MAP_FAILED) return os_failure("mmap of the BAR", errno);
  bar_ = static_cast<std::byte*>(bytes);
  bar_byte_length_ = welcome.bar_byte_length;
  if (mmap(bar_ + kDoorbellOffset, welcome.doorbell_byte_length, PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_FIXED, doorbells.get(),
           static_cast<off_t>(welcome.doorbell_offset)) == MAP_FAILED) {
    return os_failure("mmap of the doorbells", errno);
  }
  return {};
}

uint32_t RpcTransport::read_register32(uint32_t offset) {
  if (client_->is_broken()) return UINT32_MAX;
  return __atomic_load_n(reinterpret_cast<uint32_t*>(bar_ + offset), __ATOMIC_ACQUIRE);
}

uint64_t RpcTransport::read_register64(uint32_t offset) {
  if (client_->is_broken()) return UINT64_MAX;
  // Of a device in two accesses, low half first: not every root port passes wider ones on whole.
  if (client_->welcome().uncached != 0) {
    const uint64_t low = read_register32(offset);
    return uint64_t{read_register32(offset + sizeof(uint32_t))} << 32 | low;
  }
  return __atomic_load_n(reinterpret_cast<uint64_t*>(bar_ + offset), __ATOMIC_ACQUIRE);
}

Doorbells RpcTransport::doorbells() {
  const spec::RpcWelcome& welcome = client_->welcome();
  Doorbells doorbells;
  doorbells.base = reinterpret_cast<volatile uint32_t*>(bar_ + kDoorbellOffset);
  doorbells.byte_length = welcome.doorbell_byte_length;
  doorbells.stride_bytes = welcome.doorbell_stride;
  doorbells.uncached = welcome.uncached != 0;
  if (welcome.sleeping_offset != 0) {
    doorbells.sleeping = reinterpret_cast<std::atomic<uint32_t>*>(bar_ + welcome.sleeping_offset);
  }
  return doorbells;
}

Result<Mapping> RpcTransport::map(const Buffer& buffer) {
  if (buffer.fd() < 0) {
    return Status(ErrorCode::Unsupported,
                  "memory that is not peernvm's own cannot be given to the process that serves " +
                      capabilities_.address);
  }
  // The manager of a drive looks where the pages are and locks them there; khugepaged moves them
  // all the same where anybody's mapping asks for huge pages.
  if (client_->welcome().uncached != 0) {
    madvise(buffer.bytes(), buffer.byte_length(), MADV_NOHUGEPAGE);
  }
  rpc::Message request = rpc::make_message(
      spec::rpc_code::map, 0,
      spec::RpcMap{.offset = 0, .byte_length = buffer.byte_length(), .io_address = 0});
  request.fds.emplace_back(fcntl(buffer.fd(), F_DUPFD_CLOEXEC, 0));
  if (!request.fds[0].valid()) return os_failure("fcntl(F_DUPFD)", errno);
  auto reply = client_->call(std::move(request));
  if (!reply.ok()) return std::move(reply.status());
  const auto body = rpc::parse_body<spec::RpcMapped>(reply.value());
  Mapping mapping;
  uint64_t byte_length = 0;
  for (uint32_t i = 0; body && i < body->run_count; i++) {
    const auto run = rpc::parse_body<spec::RpcRun>(
        reply.value(), sizeof(spec::RpcMapped) + i * sizeof(spec::RpcRun));
    if (!run || run->byte_length == 0) break;
    mapping.runs.push_back({run->io_address, run->byte_length});
    byte_length += run->byte_length;
  }
  if (!body || mapping.runs.size() != body->run_count || byte_length < buffer.byte_length()) {
    return Status(ErrorCode::Target, "a reply that cannot be read, from " + client_->name());
  }
  mapping.handle = body->handle;
  std::lock_guard lock(mutex_);
  mapped_[mapping.handle] = {buffer.bytes(), buffer.byte_length(), mapping.runs};
  return mapping;
}

Status RpcTransport::unmap(const Mapping& mapping) {
  if (!is_gone()) {
    auto reply =
        client_->call(rpc::make_message(spec::rpc_code::unmap, 0, spec::RpcUnmap{mapping.handle}));
    if (!reply.ok() && !is_gone()) return std::move(reply.status());
  }
  std::lock_guard lock(mutex_);
  mapped_.erase(mapping.handle);
  return {};
}

Result<uint64_t> RpcTransport::io_address_of(const void* address) {
  std::lock_guard lock(mutex_);
  for (const auto& [handle, mapped] : mapped_) {
    const auto* byte = static_cast<const std::byte*>(address);
    if (byte < mapped.bytes || byte >= mapped.bytes + mapped.byte_length) continue;
    auto offset = static_cast<uint64_t>(byte - mapped.bytes);
    for (const IoRun& run : mapped.runs) {
      if (offset < run.byte_length) return run.io_address + offset;
      offset -= run.byte_length;
    }
  }
  return Status(ErrorCode::Argument, "a word to arm that the manager cannot reach");
}

Status RpcTransport::bind_wake(uint16_t vector, const WakeTarget& target) {
  spec::RpcBindWake body{};
  body.vector = vector;
  rpc::Message request;
  if (target.armed != nullptr) {
    auto address = io_address_of(target.armed);
    if (!address.ok()) return std::move(address.status());
    body.armed_address = address.value();
    request = rpc::make_message(spec::rpc_code::bind_wake, 0, body);
    request.fds.emplace_back(fcntl(target.fd, F_DUPFD_CLOEXEC, 0));
    if (!request.fds[0].valid()) return os_failure("fcntl(F_DUPFD)", errno);
  } else {
    request = rpc::make_message(spec::rpc_code::bind_wake, 0, body);
  }
  auto reply = client_->call(std::move(request));
  // One that has gone wakes nobody.
  if (!reply.ok() && !(client_->is_broken() && target.armed == nullptr)) {
    return std::move(reply.status());
  }
  std::lock_guard lock(mutex_);
  if (target.armed == nullptr) {
    wakes_.erase(vector);
  } else {
    wakes_[vector] = target;
  }
  return {};
}

void RpcTransport::on_queues_lost(std::function<void()> lost) {
  std::lock_guard lock(lost_mutex_);
  lost_ = std::move(lost);
}

// The doorbells of a drive belong to the next manager's clients: what is still rung here goes to
// memory. A file of the device that nobody maps also lets go of it.
void RpcTransport::leave_doorbells() {
  if (client_->welcome().uncached == 0) return;
  (void)mmap(bar_, bar_byte_length_, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

// Then whoever sleeps looks, and sees that its queue is lost.
void RpcTransport::lose_queues() {
  {
    std::lock_guard lock(lost_mutex_);
    if (lost_) lost_();
  }
  std::lock_guard lock(mutex_);
  for (const auto& [vector, target] : wakes_) wake(target);
}

Status RpcTransport::reset() {
  return Status(ErrorCode::Refused,
                "resetting a controller that others use, " + capabilities_.address);
}

}  // namespace nvm
