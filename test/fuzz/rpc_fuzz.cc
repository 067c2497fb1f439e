// SPDX-License-Identifier: MIT
// A manager behind hostile clients. Nothing may crash, no descriptor may stay open, and when the
// clients have gone every queue number is back.
#include <fcntl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <optional>

#include "driver/wait.h"
#include "emulator/running_device.h"
#include "input.h"
#include "platform/sealed_memory.h"
#include "rpc/service.h"
#include "rpc_messages.h"
#include "transport/emulator_registry.h"

namespace {

using namespace nvm;
using namespace nvm::fuzz;

// Made once: a controller, whom nobody else uses.
struct Served {
  Served() {
    EmulatorOptions options;
    options.namespaces[0].byte_length = 1 << 20;
    auto transport = open_emulator(options);
    if (!transport.ok()) abort();
    auto opened = Controller::open(transport.value(), thread_waiter());
    if (!opened.ok() || !opened.value()->claim_admin().ok()) abort();
    controller = opened.value();
    auto shared = rpc::share(*controller);
    if (!shared.ok()) abort();
    served = std::move(shared.value());
    limits.clients_max = 2;
    limits.observers_max = 1;
    limits.arrivals_max = 2;
    limits.queue_pairs_max = 4;
    limits.mapped_bytes_max = 1 << 20;
    limits.mappings_max = 8;
  }
  std::shared_ptr<Controller> controller;
  std::optional<rpc::ServedController> served;
  rpc::ServiceLimits limits;
};

class Fuzzed {
 public:
  Fuzzed(Served& served, Belongings& belongings, rpc::ServicePolicy policy)
      : served_(served), service_(*served.served, served.limits, std::move(policy)) {
    for (RpcClient& client : clients_) client.belongings = &belongings;
  }

  void run(Input& input) {
    constexpr unsigned kActionsMax = 100;
    for (unsigned i = 0; i < kActionsMax && !input.empty(); i++) act(input);
  }

  // All hang up.
  void end() {
    for (RpcClient& client : clients_) client.hang_up();
    now_ns_ += 10'000'000'000;
    if (!wait_until(thread_waiter(), 5'000'000'000, [&] {
          step();
          return service_.is_empty();
        })) {
      abort();
    }
  }

 private:
  void act(Input& input) {
    RpcClient& client = input.pick(clients_);
    switch (input.below(16)) {
      case 0:
        client.hang_up();
        return step();
      case 1:
        now_ns_ += input.u32();
        return step();
      case 2:
        for (uint64_t i = input.below(8); i > 0; i--) step();
        return;
      case 3:
        client.ring(input);
        return step();
      case 4:
        client.send_anything(input);
        return step();
      default:
        break;
    }
    if (!client.is_connected()) {
      service_.connect(std::make_unique<rpc::SocketChannel>(client.connect()), {1, 1, 1}, now_ns_);
      if (input.below(8) != 0) client.send(spec::rpc_code::hello, spec::RpcHello{1, 0});
      return step();
    }
    input.pick(kRpcMessages)(input, client);
    if (input.below(4) != 0) step();
  }

  // Until what was asked is answered, as a device does at once.
  void step() {
    for (int i = 0; i < 4; i++) {
      service_.step(now_ns_ += 1000);
      service_.answer_watchers({});
      served_.controller->transport().pump();
    }
    for (RpcClient& client : clients_) client.take_replies();
  }

  Served& served_;
  rpc::Service service_;
  RpcClient clients_[3];
  uint64_t now_ns_ = 1;
};

// The lowest descriptor that is free: grows when one is left open.
int free_descriptor() {
  return UniqueFd(fcntl(0, F_DUPFD_CLOEXEC, 0)).get();
}

size_t free_numbers(OwnQueueNumbers& numbers) {
  std::vector<QueueNumber> taken;
  for (;;) {
    auto number = numbers.take(true);
    if (!number.ok()) break;
    taken.push_back(number.value());
  }
  for (const QueueNumber& number : taken) numbers.give_back(number);
  return taken.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t byte_length) {
  static Served served;
  static Belongings belongings;
  const int descriptor = free_descriptor();
  const size_t numbers = free_numbers(*served.served->queue_numbers);
  {
    Input input({data, byte_length});
    rpc::ServicePolicy policy;
    const uint8_t how = input.u8();
    if ((how & 1) != 0) policy.sharing.opcodes = reading_opcodes();
    if ((how & 2) != 0) policy.sharing.namespaces = {2};
    policy.administers = (how & 4) != 0;
    Fuzzed fuzzed(served, belongings, std::move(policy));
    fuzzed.run(input);
    fuzzed.end();
  }
  if (free_descriptor() != descriptor) abort();
  if (free_numbers(*served.served->queue_numbers) != numbers) abort();
  return 0;
}
