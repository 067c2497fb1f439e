// SPDX-License-Identifier: MIT
// A host of one seed: queues of both kinds, random commands on them, and what must be true of every
// completion.
#pragma once

#include <memory>
#include <vector>

#include "data_oracle.h"
#include "lane.h"
#include "machine.h"
#include "page_arena.h"
#include "report.h"

namespace nvm::simulation {

struct Operation;
struct Issued;

// A namespace as all its hosts know it.
struct NamespaceState {
  explicit NamespaceState(DataOracle shadow) : oracle(std::move(shadow)) {}

  DataOracle oracle;
  std::vector<const Issued*> changing;  // commands under way that change blocks
  std::vector<const Issued*> frozen;    // … that read blocks that nobody may change
  bool deallocated_reads_zero = false;
  uint64_t copy_max = 1;  // blocks of one Copy
};

// What only all hosts together can do.
enum class Wish { Nothing, PowerLoss, SubsystemReset };

constexpr uint32_t kSlotsMax = 1024;  // commands of one queue

// A command between its submission and its completion.
struct Issued {
  const Operation* operation = nullptr;  // null: the command id is free
  uint16_t cid = 0;                      // as the device knows it
  uint32_t nsid = 1;
  uint64_t lba = 0;
  uint64_t count = 0;
  uint64_t from_lba = 0;  // of a copy
  uint64_t change = 0;    // 0: it changes nothing
  uint64_t began = 0;     // moment of the oracle
  uint64_t position = 0;  // how many commands were put into its queue before it
  bool reads = false;     // the oracle knows of it
  bool plain = false;     // its blocks are given, and it is not spoiled
  bool durable = false;   // forced unit access
  bool freezes = false;   // nobody may change what it reads
  bool fused = false;     // the second of a pair
  bool aborted = false;   // an Abort was sent for it
  uint16_t expected = 0;  // status code
  std::vector<uint32_t> pages;
  uint64_t offset = 0;  // in the first page
  uint64_t byte_length = 0;
};

// A submission queue as its host sees it.
struct HostSq {
  std::vector<Issued> commands;  // by command id
  std::shared_ptr<DmaDescriptor> lists;
  uint64_t enqueued = 0;  // commands put into it, ever
  uint64_t rung = 0;      // as many the device knows of
  uint64_t fetched = 0;   // as many it has fetched, it says
  uint32_t head = 0;      // SQHD as last seen
  uint32_t outstanding = 0;
  // Of each slot: the upper bits of command ids, so that a stray names no later command.
  std::vector<uint16_t> uses;
};

class Host {
 public:
  // `index` of them; all share `namespaces`.
  Host(const Geometry& geometry, uint32_t index, std::vector<NamespaceState>& namespaces,
       Machine& machine, Random& random, Report& report);
  virtual ~Host() = default;

  // Opens the controller and creates queues.
  void start();
  // One random action; what it leaves to the caller.
  Wish act();
  // Consumes until nothing is outstanding, and rescues what does not complete.
  void drain();
  // Closes what it can, after the device was reset by somebody else; start() begins anew.
  void forsake();
  // Reads back every block and checks it.
  void verify_all();
  // Closes everything; then nothing may be mapped any more.
  void stop();

  using Sq = HostSq;

  // The rows of operations.cc: what a command is made of, and what its completion must say.
  bool build_read(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  bool build_write(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  bool build_fill(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  bool build_flush(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  bool build_compare(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  bool build_verify(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  bool build_deallocate(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  bool build_copy(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  bool build_refused(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  void settle_read(Issued& issued, uint16_t code);
  void settle_change(Issued& issued, uint16_t code);
  void settle_flush(Issued& issued, uint16_t code);
  void settle_compare(Issued& issued, uint16_t code);

 protected:
  struct OpenLane {
    std::unique_ptr<Lane> lane;
    std::vector<Sq> sqs;
    int sleeper = -1;
    bool asleep = false;
    bool cq_doorbell_due = false;
    uint32_t outstanding() const;
  };
  // host.cc
  void open_controller();
  void learn();
  void create_lane();
  virtual bool ensure_lane();
  void close_lane(size_t index);
  void submit_some();
  bool submit(OpenLane& lane, size_t sq, const Operation& operation, Issued issued);
  void submit_pair(OpenLane& lane, size_t sq);
  void take_id(Sq& sq, const Operation& operation, Issued& issued, spec::SubmissionQueueEntry& sqe);
  bool put(OpenLane& lane, size_t sq, Issued issued, const spec::SubmissionQueueEntry& sqe);
  void ring(OpenLane& lane, size_t sq);
  void poll(OpenLane& lane);
  bool take(OpenLane& lane, const spec::CompletionQueueEntry& entry);
  void check_head(OpenLane& lane, size_t sq, uint64_t position,
                  const spec::CompletionQueueEntry& entry);
  void settle(Issued& issued, const spec::CompletionQueueEntry& entry);
  void forget(Issued& issued);
  void lose_outstanding(OpenLane& lane);
  void let_go();
  bool gone() { return transport()->read_register32(spec::registers::csts) == UINT32_MAX; }

  // How it reaches the controller, and waits: a simulation of sharing has other ways.
  virtual std::shared_ptr<Transport> transport() { return machine_.transport(index_); }
  virtual Waiter& waiter() { return machine_; }
  virtual size_t mapping_count() { return machine_.transport(index_)->mapping_count(); }
  virtual void scatter_next() { machine_.transport(index_)->scatter_next(); }
  virtual int make_sleeper() { return next_sleeper_++; }
  virtual bool take_wake(int sleeper) { return machine_.transport(index_)->take_wake(sleeper); }
  // Whether queues may have ids that nobody gave out.
  virtual bool chooses_ids() { return true; }
  virtual uint32_t entries_max() { return kSlotsMax; }
  virtual size_t arena_pages() { return 512; }
  // Nobody waits any more for what it does.
  virtual bool is_dead() { return false; }
  // Whether somebody else may have deleted a queue, or a deletion that has failed may have
  // happened.
  virtual bool may_be_deleted() { return geometry_.shared && geometry_.faults; }
  // What a process does now and then while it waits for completions.
  virtual void look_around() {}

  // rescue.cc
  void complain(const OpenLane& lane);
  virtual void fail(const char* what, const Status& status);
  void abort_some(OpenLane& lane);
  void rescue(size_t index);
  virtual void reset_controller();
  void start_over();

  // disturbances.cc
  enum class Restart { Close, Reset, Disable, Shutdown };
  Wish restart(Restart how);
  void shut_down();
  virtual void ask_admin();
  virtual Wish disturb();

  // operations.cc
  static const Operation& read_operation();
  static const Operation& operation_named(const char* name);
  const Operation& pick_operation();
  bool place_range(Issued& issued, bool changes);
  bool place_data(Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  void place_sgl(const Issued& issued, Sq& sq, spec::SubmissionQueueEntry& sqe);
  void protect(const Issued& issued, spec::SubmissionQueueEntry& sqe, bool acts);
  void spoil(Issued& issued, spec::SubmissionQueueEntry& sqe);
  void fill_written(const Issued& issued);
  void expect(const Issued& issued, uint16_t code);

  const Geometry& geometry_;
  const uint32_t index_;
  Machine& machine_;
  Random& random_;
  Report& report_;
  std::vector<NamespaceState>& namespaces_;
  std::shared_ptr<Controller> controller_;
  spec::IdentifyController identify_{};
  std::unique_ptr<PageArena> arena_;
  std::vector<OpenLane> lanes_;
  uint16_t shared_ids_end_ = 0;  // shared lanes take ids downwards from here
  int next_sleeper_ = kFirstSleeper;
  const bool fails_;             // the medium may
  bool broken_ = false;          // the controller does not work any more
  std::vector<std::byte> flat_;  // data of one command, in one piece
};

// One kind of command: how it is made, and what its completion must say.
struct Operation {
  const char* name;
  uint8_t opcode;
  uint16_t oncs;  // the bit that says that the controller has it; 0: always
  unsigned weight;
  // False: not now, and nothing was begun.
  bool (Host::*build)(Issued& issued, HostSq& sq, spec::SubmissionQueueEntry& sqe);
  void (Host::*settle)(Issued& issued, uint16_t code);
};

}  // namespace nvm::simulation
