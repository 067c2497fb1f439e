// SPDX-License-Identifier: MIT
// What a client has from the manager: memory that the device reaches, wake-ups, queue numbers. When
// a manager has gone, the next one is asked for the same once more: memory at the I/O addresses
// that it had, queues under their numbers.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "driver/queue_numbers.h"
#include "memory/buffer.h"
#include "rpc/client.h"
#include "transport/transport.h"

namespace nvm::rpc {

class Belongings {
 public:
  explicit Belongings(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  // As Transport::map. ERR_UNSUPPORTED for memory without a descriptor: it cannot be given to the
  // manager.
  Result<Mapping> map(const Buffer& buffer);
  Status unmap(const Mapping& mapping);
  // As Transport::bind_wake; `target.armed` lies in memory that is mapped.
  Status bind_wake(uint16_t vector, const WakeTarget& target);
  // As QueueNumbers.
  Result<QueueNumber> take_number(bool wakes, uint16_t queue_id, uint16_t vector);
  void give_back(QueueNumber number);

  // Asks for nothing and wakes nobody any more: the connection is about to end.
  void leave();

  // Wakes everybody whom completions would.
  void wake_all();

  // Asks `next` for all of it; ERR_BUSY where something is another client's there.
  Status ask_again(Client& next);
  // The client goes on with `next`, which ask_again() was called with; what was let go of meanwhile
  // is let go of there, too.
  void move_to(Client& next);

 private:
  struct Mapped {
    std::byte* bytes;
    size_t byte_length;
    int fd;  // the buffer's, which outlives this
    std::vector<IoRun> runs;
  };
  // Of the next manager, before it is ours.
  struct Asked {
    std::vector<std::pair<uint64_t, Message>> maps;    // by handle
    std::vector<std::pair<uint16_t, Message>> wakes;   // by vector
    std::vector<std::pair<uint16_t, Message>> queues;  // by id
    std::vector<std::vector<IoRun>> runs;              // of maps
  };

  template <class Forget>
  Status let_go(const Message& request, bool is_devices, Forget forget);
  Result<uint64_t> io_address_of(const void* address) const;
  Result<Message> make_map(const Mapped& mapped, uint64_t io_address) const;
  Result<Message> make_bind(uint16_t vector, const WakeTarget& target) const;
  Result<std::vector<IoRun>> read_runs(const Message& reply, size_t byte_length) const;
  Status list(Asked& asked) const;

  const std::shared_ptr<Client> client_;
  std::mutex mutex_;                      // guards everything below
  std::map<uint64_t, Mapped> mapped_;     // by handle
  std::map<uint16_t, WakeTarget> wakes_;  // by vector
  std::map<uint16_t, int> numbers_;       // vectors, by queue id
  bool left_ = false;
  Asked asked_;
};

}  // namespace nvm::rpc
