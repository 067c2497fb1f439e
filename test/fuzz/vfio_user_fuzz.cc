// SPDX-License-Identifier: MIT
// A device behind a hostile vfio-user client. Nothing may crash, and no descriptor may stay open.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "emulator/stores/memory_store.h"
#include "emulator/subsystem.h"
#include "spec/nvme.h"
#include "vfio_user/connection.h"
#include "vfio_user/device.h"
#include "vfio_user_messages.h"

namespace {

using namespace nvm;
using namespace nvm::fuzz;
using namespace nvm::vfio_user;
using Sqe = spec::SubmissionQueueEntry;

struct FuzzClock final : Clock {
  uint64_t now_ns() override { return now += 1000; }
  uint64_t now = 0;
};

// Pages of the client's memory, each of which it can name by two addresses.
constexpr uint64_t kAdminSq = 0x0000, kAdminCq = 0x1000, kIoSq = 0x2000, kIoCq = 0x3000;
constexpr uint32_t kEntries = 16;

struct HostQueue {
  uint64_t sq;
  uint64_t cq;
  uint32_t tail = 0;
  uint32_t head = 0;
  uint16_t phase = 1;
};

class Session {
 public:
  Session(Belongings& belongings, Doorbells doorbells)
      : subsystem_(emulator::Identity{}), client_(belongings, [this] { serve(); }) {
    auto store = emulator::make_memory_store(kClientMemoryBytes);
    if (!store.ok()) abort();
    subsystem_.add_namespace(emulator::make_nvm_namespace(std::move(store.value()), 512, nullptr));
    device_.emplace(subsystem_.add_controller({}), doorbells, [] {});
    connection_.emplace(client_.connect());
  }

  void run(Input& input) {
    if (input.below(4) != 0) begin_session(input);
    constexpr unsigned kActionsMax = 100;
    for (unsigned i = 0; i < kActionsMax && !input.empty(); i++) act(input);
  }

 private:
  void act(Input& input) {
    switch (input.below(16)) {
      case 0: {  // anything
        const auto bytes = std::as_bytes(input.bytes(input.u8()));
        client_.send(bytes, {static_cast<Descriptor>(input.below(4)), input.below(4)});
        return serve();
      }
      case 1:
      case 2:
        return work(1 + static_cast<unsigned>(input.below(16)), input.u8());
      case 3:
        (void)client_.answer(input.u8());
        return;
      case 4:
        return begin_session(input);
      case 5: {
        const size_t at = input.u16();
        const auto bytes = std::as_bytes(input.bytes(std::min<size_t>(input.u8(), 0x10000 - at)));
        std::copy(bytes.begin(), bytes.end(), client_.memory() + at);
        return;
      }
      case 6:
      case 7:
      case 8:
        return submit(input);
      default:
        return input.pick(kMessages)(input, client_);
    }
  }

  // What an honest client begins with: the fuzzer need not find it out. Queues and data are in
  // memory that it maps, or are reached by messages.
  void begin_session(Input& input) {
    const uint64_t base = input.below(2) == 0 ? kMappedAddress : kRemoteAddress;
    queues_[0] = {kAdminSq, kAdminCq};
    queues_[1] = {kIoSq, kIoCq};
    memset(client_.memory(), 0, kIoCq + kPageByteLength);
    client_.call(CommandCode::Version, payload_of(VersionBody{0, 1}));
    for (const uint64_t address : {kMappedAddress, kRemoteAddress}) {
      const size_t fds = address == kMappedAddress ? 1 : 0;
      client_.call(CommandCode::DmaMap,
                   payload_of(DmaMapBody{32, 3, 0, address, kClientMemoryBytes}),
                   {Descriptor::Memory, fds});
    }
    constexpr uint16_t kMemoryAndBusMaster = 0x406;
    client_.call(CommandCode::RegionWrite,
                 payload_of(RegionAccessBody{4, 7, 2}, kMemoryAndBusMaster));
    write_register(spec::registers::cc, 0);
    write_register(spec::registers::aqa, (kEntries - 1) | (kEntries - 1) << 16);
    write_register(spec::registers::asq, static_cast<uint32_t>(base + kAdminSq));
    write_register(spec::registers::acq, static_cast<uint32_t>(base + kAdminCq));
    write_register(spec::registers::cc, 0x00460001);
    connect_interrupts(input.below(4));
    if (input.below(4) == 0) return;
    Sqe sqe{};
    sqe.opc = spec::admin_opcode::create_io_completion_queue;
    sqe.cdw10 = 1 | (kEntries - 1) << 16;
    sqe.cdw11 = 3;
    sqe.prp1 = base + kIoCq;
    submit_to(0, sqe);
    sqe.opc = spec::admin_opcode::create_io_submission_queue;
    sqe.cdw11 = 1 | 1 << 16;
    sqe.prp1 = base + kIoSq;
    submit_to(0, sqe);
    work(16, 0);
  }

  // By the pin, by two vectors, or not at all.
  void connect_interrupts(uint64_t how) {
    namespace flag = irq_set_flag;
    if (how > 1) return;
    const uint32_t index = how == 0 ? irq_index::pin : irq_index::msix;
    const uint32_t count = how == 0 ? 1 : 2;
    client_.call(CommandCode::DeviceSetIrqs,
                 payload_of(IrqSetBody{sizeof(IrqSetBody),
                                       flag::data_eventfd | flag::action_trigger, index, 0, count}),
                 {Descriptor::Event, count});
  }

  void submit(Input& input) {
    constexpr uint8_t kAdmin[] = {spec::admin_opcode::identify,
                                  spec::admin_opcode::get_log_page,
                                  spec::admin_opcode::asynchronous_event_request,
                                  spec::admin_opcode::abort,
                                  spec::admin_opcode::delete_io_submission_queue,
                                  spec::admin_opcode::set_features,
                                  spec::admin_opcode::doorbell_buffer_config};
    constexpr uint8_t kIo[] = {spec::nvm_opcode::read, spec::nvm_opcode::write,
                               spec::nvm_opcode::compare, spec::nvm_opcode::copy,
                               spec::nvm_opcode::dataset_management};
    const size_t queue = input.below(2);
    Sqe sqe{};
    sqe.opc = queue == 0 ? input.pick(kAdmin) : input.pick(kIo);
    sqe.cid = input.u8();
    sqe.nsid = 1;
    if (input.below(4) == 0) sqe.flags = 0x40;  // an SGL
    sqe.prp1 = data_address(input);
    sqe.prp2 = sqe.flags != 0 ? input.u16() | uint64_t{input.u8()} << 56 : data_address(input);
    sqe.cdw10 = queue == 0 ? input.u8() | static_cast<uint32_t>(input.u8()) << 16 : input.u8() % 64;
    sqe.cdw11 = queue == 0 ? input.u8() : 0;
    sqe.cdw12 = queue == 0 ? 0 : input.u8() % 64;
    submit_to(queue, sqe);
  }

  uint64_t data_address(Input& input) {
    const uint64_t base = input.below(2) == 0 ? kMappedAddress : kRemoteAddress;
    const uint64_t page = base + (4 + input.below(14)) * kPageByteLength;
    return input.below(4) == 0 ? page + (input.u16() & 0xffc) : page;
  }

  void submit_to(size_t id, const Sqe& sqe) {
    HostQueue& queue = queues_[id];
    memcpy(client_.memory() + queue.sq + queue.tail * sizeof(sqe), &sqe, sizeof(sqe));
    queue.tail = (queue.tail + 1) % kEntries;
    ring(2 * id, queue.tail);
  }

  void consume(size_t id) {
    HostQueue& queue = queues_[id];
    const uint32_t before = queue.head;
    for (;;) {
      spec::CompletionQueueEntry entry;
      memcpy(&entry, client_.memory() + queue.cq + queue.head * sizeof(entry), sizeof(entry));
      if ((entry.status & 1) != queue.phase) break;
      queue.head = (queue.head + 1) % kEntries;
      if (queue.head == 0) queue.phase ^= 1;
    }
    if (queue.head != before) ring(2 * id + 1, queue.head);
  }

  void ring(size_t index, uint32_t value) {
    write_register(static_cast<uint32_t>(emulator::kDoorbellOffset + index * sizeof(value)), value);
  }

  void write_register(uint32_t offset, uint32_t value) {
    client_.call(CommandCode::RegionWrite, payload_of(RegionAccessBody{offset, 0, 4}, value));
  }

  // The device works, and the client answers what it asks meanwhile, the last time spoilt.
  void work(unsigned rounds, uint8_t spoilt) {
    for (unsigned round = 0; round < rounds; round++) {
      subsystem_.step(clock_);
      serve();
      const uint8_t last = round + 1 == rounds ? spoilt : 0;
      while (client_.answer(last)) {
      }
      consume(round % 2);
    }
  }

  // As Server does it.
  void serve() {
    Connection::State state;
    while ((state = connection_->receive()) == Connection::State::Ready) {
      auto outcome =
          device_->handle(connection_->header(), connection_->payload(), connection_->take_fds());
      connection_->finish();
      if (outcome.broken) return drop();
      if (outcome.reply &&
          connection_->send(std::move(*outcome.reply)) == Connection::State::Broken)
        return drop();
    }
    if (state == Connection::State::Broken) return drop();
    while (!connection_->sending()) {
      auto request = device_->next_request();
      if (!request) return;
      if (connection_->send(std::move(*request)) == Connection::State::Broken) return drop();
    }
  }

  void drop() {
    connection_.reset();
    device_->disconnect();
    connection_.emplace(client_.connect());
  }

  FuzzClock clock_;
  emulator::Subsystem subsystem_;
  Client client_;
  std::optional<Device> device_;
  std::optional<Connection> connection_;
  HostQueue queues_[2]{};  // admin, I/O
};

// The lowest descriptor that is free: grows when one is left open.
int free_descriptor() {
  return UniqueFd(fcntl(0, F_DUPFD_CLOEXEC, 0)).get();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t byte_length) {
  static Belongings belongings;
  memset(belongings.bytes, 0, kClientMemoryBytes);
  const int before = free_descriptor();
  {
    Input input({data, byte_length});
    Session session(belongings, input.below(2) == 0 ? Doorbells::Trap : Doorbells::Poll);
    session.run(input);
  }
  if (free_descriptor() != before) abort();
  return 0;
}
