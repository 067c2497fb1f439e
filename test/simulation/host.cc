// SPDX-License-Identifier: MIT
#include "host.h"

#include <algorithm>
#include <cstring>

namespace nvm::simulation {
namespace {

constexpr uint64_t kAdminTimeoutNs = 5'000 * kNanosecondsPerMillisecond;
constexpr size_t kLanesMax = 4;
constexpr unsigned kQuietRoundsMax = 2'000;

}  // namespace

Host::Host(const Geometry& geometry, uint32_t index, std::vector<NamespaceState>& namespaces,
           Machine& machine, Random& random, Report& report)
    : geometry_(geometry),
      index_(index),
      machine_(machine),
      random_(random),
      report_(report),
      namespaces_(namespaces),
      fails_(geometry.store_fail_percent != 0) {}

uint32_t Host::OpenLane::outstanding() const {
  uint32_t sum = 0;
  for (const Sq& sq : sqs) sum += sq.outstanding;
  return sum;
}

void Host::start() {
  if (gone()) machine_.replug(index_);
  broken_ = false;
  open_controller();
  while (!report_.failed() && !broken_ && lanes_.size() < random_.between(1, 3)) create_lane();
}

void Host::open_controller() {
  auto opened = Controller::open(transport(), waiter());
  if (!opened.ok()) return fail("opening the controller", opened.status());
  controller_ = std::move(opened.value());
  const Status claimed = controller_->claim_admin();
  if (!claimed.ok()) return fail("claim_admin", claimed);
  shared_ids_end_ = static_cast<uint16_t>(controller_->limits().io_queue_pairs_max + 1);
  scatter_next();
  auto memory = controller_->allocate(arena_pages() * kPageBytes);
  if (!memory.ok()) return fail("memory", memory.status());
  arena_ = std::make_unique<PageArena>(std::move(memory.value()), random_);
  learn();
}

// Identify, for what the controller can do.
void Host::learn() {
  auto page = controller_->allocate(kPageBytes);
  if (!page.ok()) return fail("memory", page.status());
  const auto identify = [&](uint32_t cns, uint32_t nsid, void* to, size_t byte_length) {
    spec::SubmissionQueueEntry command{};
    command.opc = spec::admin_opcode::identify;
    command.nsid = nsid;
    command.cdw10 = cns;
    command.prp1 = page.value()->io_address(0);
    auto completion = controller_->admin(command, kAdminTimeoutNs, page.value());
    if (!completion.ok()) {
      fail("identify", completion.status());
    } else if (completion.value().status_field != 0) {
      report_.fail("identify, CNS %u, has failed", cns);
    } else {
      memcpy(to, page.value()->bytes(), byte_length);
    }
    return !broken_ && !report_.failed();
  };
  if (!identify(spec::cns::identify_controller, 0, &identify_, sizeof(identify_))) return;
  for (uint32_t nsid = 1; nsid <= namespaces_.size(); nsid++) {
    spec::IdentifyNamespace data{};
    if (!identify(spec::cns::identify_namespace, nsid, &data, sizeof(data))) return;
    NamespaceState& ns = namespaces_[nsid - 1];
    if (data.nsze != ns.oracle.block_count()) report_.fail("NSZE is %lu", data.nsze);
    ns.deallocated_reads_zero = (data.dlfeat & 7) == 1;
    ns.copy_max = std::clamp<uint64_t>(data.mssrl, 1, 64);
  }
}

void Host::create_lane() {
  OpenLane open;
  const uint32_t entries_max =
      std::min(controller_->properties().queue_entries_max, this->entries_max());
  const auto random_entries = [&] { return static_cast<uint32_t>(random_.skewed(2, entries_max)); };
  SharedLaneOptions shared;
  for (uint64_t i = random_.between(1, 3); i > 0; i--)
    shared.sq_entries.push_back(random_entries());
  Result<std::unique_ptr<Lane>> lane = Status();
  if (chooses_ids() && random_.chance(40) &&
      shared_ids_end_ >= kLanesMax + 1 + shared.sq_entries.size()) {
    shared_ids_end_ = static_cast<uint16_t>(shared_ids_end_ - shared.sq_entries.size());
    shared.first_id = shared_ids_end_;
    shared.cq_entries = random_entries();
    lane = make_shared_lane(*controller_, shared);
  } else {
    if (random_.chance(30)) open.sleeper = make_sleeper();
    const uint32_t depth = random_entries() - 1;
    lane = make_pair_lane(*controller_, depth, open.sleeper);
    if (!lane.ok() && open.sleeper >= 0) {  // every vector announces another queue
      open.sleeper = -1;
      lane = make_pair_lane(*controller_, depth, -1);
    }
  }
  if (!lane.ok()) return fail("creating a queue", lane.status());
  open.lane = std::move(lane.value());
  for (size_t i = 0; i < open.lane->sq_count(); i++) {
    Sq sq;
    const uint32_t depth = open.lane->sq_entries(i) - 1;
    sq.commands.resize(depth);
    sq.uses.resize(depth);
    auto lists = controller_->allocate(depth * 2 * kPageBytes);
    if (!lists.ok()) return fail("memory", lists.status());
    sq.lists = std::move(lists.value());
    report_.trace("create queue %u, %u entries%s", open.lane->sq_id(i), depth + 1,
                  open.lane->sq_count() > 1 ? ", shared"
                  : open.sleeper >= 0       ? ", sleeps"
                                            : "");
    open.sqs.push_back(std::move(sq));
  }
  lanes_.push_back(std::move(open));
}

void Host::close_lane(size_t index) {
  OpenLane open = std::move(lanes_[index]);
  lanes_.erase(lanes_.begin() + static_cast<ptrdiff_t>(index));
  report_.trace("delete queue %u with %u outstanding", open.lane->sq_id(0), open.outstanding());
  const Status closed = open.lane->close();
  if (!closed.ok() || is_dead()) {
    // What the device may still do to it ends with a reset.
    lanes_.push_back(std::move(open));
    return closed.ok() ? void() : fail("deleting a queue", closed);
  }
  lose_outstanding(open);
}

void Host::submit_some() {
  if (lanes_.empty()) return;
  OpenLane& open = random_.pick(lanes_);
  const size_t sq = random_.below(open.sqs.size());
  for (uint64_t i = random_.skewed(1, 16); i > 0 && !report_.failed(); i--) {
    if (random_.chance(5)) submit_pair(open, sq);
    Issued issued;
    issued.nsid = static_cast<uint32_t>(random_.between(1, namespaces_.size()));
    if (!submit(open, sq, pick_operation(), std::move(issued))) break;
  }
  if (random_.chance(70)) ring(open, sq);
}

void Host::take_id(Sq& sq, const Operation& operation, Issued& issued,
                   spec::SubmissionQueueEntry& sqe) {
  size_t slot = random_.below(sq.commands.size());
  while (sq.commands[slot].operation != nullptr) slot = (slot + 1) % sq.commands.size();
  issued.operation = &operation;
  // The uppermost bit is 0, so that a command id with all bits inverted names nobody.
  issued.cid = static_cast<uint16_t>((sq.uses[slot]++ * kSlotsMax & 0x7fff) | slot);
  sqe.opc = operation.opcode;
  sqe.cid = issued.cid;
  sqe.nsid = issued.nsid;
}

// Puts one command into the queue; false when that is full.
bool Host::submit(OpenLane& open, size_t index, const Operation& operation, Issued issued) {
  Sq& sq = open.sqs[index];
  if (sq.outstanding == sq.commands.size()) return false;
  spec::SubmissionQueueEntry sqe{};
  take_id(sq, operation, issued, sqe);
  if (!(this->*operation.build)(issued, sq, sqe)) {
    if (!issued.pages.empty()) arena_->give(issued.pages);
    return true;
  }
  return put(open, index, std::move(issued), sqe);
}

// A Compare and a Write of the same blocks, fused: the Write happens if the comparison holds.
void Host::submit_pair(OpenLane& open, size_t index) {
  Sq& sq = open.sqs[index];
  if (sq.outstanding + 2 > sq.commands.size()) return;
  Issued first;
  Issued second;
  first.nsid = second.nsid = static_cast<uint32_t>(random_.between(1, namespaces_.size()));
  const DataOracle& oracle = namespaces_[first.nsid - 1].oracle;
  first.count = random_.skewed(1, std::min<uint64_t>(oracle.block_count(), 8));
  const uint64_t bytes_max = controller_->limits().transfer_bytes_max;
  first.count = std::min<uint64_t>(first.count, bytes_max / oracle.block_byte_length());
  first.lba = random_.below(oracle.block_count() - first.count + 1);
  first.plain = second.plain = second.fused = true;
  second.lba = first.lba;
  second.count = first.count;
  spec::SubmissionQueueEntry entries[2] = {};
  take_id(sq, operation_named("compare"), first, entries[0]);
  if (!build_compare(first, sq, entries[0])) return arena_->give(first.pages);
  sq.commands[first.cid % kSlotsMax].operation = first.operation;  // its id is taken
  take_id(sq, operation_named("fused write"), second, entries[1]);
  sq.commands[first.cid % kSlotsMax].operation = nullptr;
  if (!build_write(second, sq, entries[1])) {
    arena_->give(second.pages);
    return arena_->give(first.pages);
  }
  if (first.expected != 0) second.expected = spec::status::aborted_failed_fused;
  entries[0].flags |= spec::fused_operation::first;
  entries[1].flags |= spec::fused_operation::second;
  if (put(open, index, std::move(first), entries[0])) {
    put(open, index, std::move(second), entries[1]);
  }
}

bool Host::put(OpenLane& open, size_t index, Issued issued, const spec::SubmissionQueueEntry& sqe) {
  Sq& sq = open.sqs[index];
  spec::SubmissionQueueEntry* entry = open.lane->enqueue(index);
  if (entry == nullptr) {
    report_.fail("queue %u is full with %u outstanding", open.lane->sq_id(index), sq.outstanding);
    return false;
  }
  *entry = sqe;
  issued.position = sq.enqueued++;
  sq.outstanding++;
  report_.trace("submit %s, queue %u, cid %u, nsid %u, lba %lu, %lu blocks, %lu pages%s",
                issued.operation->name, open.lane->sq_id(index), issued.cid, sqe.nsid, issued.lba,
                issued.count, issued.pages.size(), issued.expected != 0 ? ", refused" : "");
  Issued& kept = sq.commands[issued.cid % kSlotsMax] = std::move(issued);
  NamespaceState& ns = namespaces_[kept.nsid - 1];
  if (kept.change != 0) ns.changing.push_back(&kept);
  if (kept.freezes) ns.frozen.push_back(&kept);
  return true;
}

void Host::ring(OpenLane& open, size_t index) {
  open.sqs[index].rung = open.sqs[index].enqueued;
  open.lane->ring(index);
  if (random_.one_in(8)) open.lane->ring_again(index);
}

void Host::poll(OpenLane& open) {
  if (open.asleep && !take_wake(open.sleeper)) return;
  open.asleep = false;
  for (uint64_t i = random_.skewed(1, 64); i > 0 && !report_.failed(); i--) {
    const spec::CompletionQueueEntry* entry = open.lane->poll();
    if (entry == nullptr) {
      // Nothing: sleep, but look once more after saying so.
      open.asleep = !open.cq_doorbell_due && random_.chance(50) && open.lane->arm() &&
                    open.lane->poll() == nullptr;
      break;
    }
    const spec::CompletionQueueEntry copy = *entry;
    open.lane->consume(copy, !take(open, copy));
    open.cq_doorbell_due = true;
  }
  if (open.cq_doorbell_due && random_.chance(80)) {
    open.cq_doorbell_due = false;
    open.lane->ring_cq();
  }
}

// One completion: it belongs to exactly one outstanding command of one of the lane's queues. False:
// to none, and a fault has made it.
bool Host::take(OpenLane& open, const spec::CompletionQueueEntry& entry) {
  for (size_t i = 0; i < open.sqs.size(); i++) {
    if (open.lane->sq_id(i) != entry.sqid) continue;
    Sq& sq = open.sqs[i];
    const size_t slot = entry.cid % kSlotsMax;
    const bool known = slot < sq.commands.size() && sq.commands[slot].operation != nullptr &&
                       sq.commands[slot].cid == entry.cid;
    const uint64_t position = known ? sq.commands[slot].position : 0;
    check_head(open, i, position, entry);
    if (!known) {
      report_.trace("stray completion, queue %u, cid %u", entry.sqid, entry.cid);
      if (!geometry_.faults) {
        report_.fail("queue %u: a completion for command id %u, which is not outstanding",
                     entry.sqid, entry.cid);
      }
      return false;
    }
    Issued& issued = sq.commands[slot];
    report_.trace("complete %s, queue %u, cid %u: %s", issued.operation->name, entry.sqid,
                  entry.cid, spec::status_name(entry.status >> 1));
    const uint16_t code = (entry.status >> 1) & spec::status::code_mask;
    if (code != spec::status::aborted_sq_deletion || !may_be_deleted()) {
      settle(issued, entry);
    } else if (issued.change != 0) {
      namespaces_[issued.nsid - 1].oracle.end(issued.change, issued.lba, issued.count,
                                              Outcome::Unknown, false);
    }
    forget(issued);
    sq.outstanding--;
    return true;
  }
  report_.fail("a completion of submission queue %u, which has another completion queue",
               entry.sqid);
  return false;
}

// SQHD: past this command, not past what was rung, and never backwards.
void Host::check_head(OpenLane& open, size_t index, uint64_t position,
                      const spec::CompletionQueueEntry& entry) {
  Sq& sq = open.sqs[index];
  const uint32_t entries = open.lane->sq_entries(index);
  if (entry.sqhd >= entries) return report_.fail("SQHD %u of %u entries", entry.sqhd, entries);
  sq.fetched += (entry.sqhd + entries - sq.head) % entries;
  sq.head = entry.sqhd;
  if (sq.fetched > sq.rung || sq.fetched <= position) {
    report_.fail(
        "queue %u: SQHD %u says that %lu commands were fetched; %lu were rung, this is %lu",
        entry.sqid, entry.sqhd, sq.fetched, sq.rung, position);
  }
}

void Host::settle(Issued& issued, const spec::CompletionQueueEntry& entry) {
  const uint16_t code = (entry.status >> 1) & spec::status::code_mask;
  if (geometry_.faults && code == kInjectedStatus) {
    if (issued.change != 0) {
      namespaces_[issued.nsid - 1].oracle.end(issued.change, issued.lba, issued.count,
                                              Outcome::Refused, false);
    }
  } else {
    (this->*issued.operation->settle)(issued, code);
  }
  if (!arena_->margins_intact(issued.pages, issued.offset, issued.byte_length)) {
    report_.fail("%s has written beside its data", issued.operation->name);
  }
}

void Host::forget(Issued& issued) {
  NamespaceState& ns = namespaces_[issued.nsid - 1];
  if (issued.reads) ns.oracle.end_read(issued.began);
  std::erase(ns.changing, &issued);
  std::erase(ns.frozen, &issued);
  arena_->give(issued.pages);
  issued = Issued{};
}

// The device has let go of the lane: what was under way has happened or not.
void Host::lose_outstanding(OpenLane& open) {
  open.asleep = open.cq_doorbell_due = false;
  for (Sq& sq : open.sqs) {
    for (Issued& issued : sq.commands) {
      if (issued.operation == nullptr) continue;
      if (issued.change != 0) {
        namespaces_[issued.nsid - 1].oracle.end(issued.change, issued.lba, issued.count,
                                                Outcome::Unknown, false);
      }
      forget(issued);
    }
    sq.enqueued = sq.rung = sq.fetched = 0;
    sq.head = sq.outstanding = 0;
  }
}

Wish Host::act() {
  if (broken_) {
    reset_controller();
    return Wish::Nothing;
  }
  const uint64_t what = random_.below(1000);
  if (what < 280) {
    submit_some();
  } else if (what < 550) {
    machine_.step();
  } else if (what < 650) {
    machine_.end_store_operation();
  } else if (what < 720) {
    machine_.advance(0);
  } else if (what < 945) {
    if (!lanes_.empty()) poll(random_.pick(lanes_));
  } else if (what < 950) {
    if (!lanes_.empty()) abort_some(random_.pick(lanes_));
  } else if (what < 980) {
    OpenLane* open = lanes_.empty() ? nullptr : &random_.pick(lanes_);
    if (open != nullptr) ring(*open, random_.below(open->sqs.size()));
  } else if (what < 990) {
    ask_admin();
  } else {
    return disturb();
  }
  return Wish::Nothing;
}

void Host::drain() {
  if (broken_) reset_controller();
  uint32_t before = 0;
  for (unsigned quiet = 0; quiet < kQuietRoundsMax && !report_.failed(); quiet++) {
    uint32_t outstanding = 0;
    for (OpenLane& open : lanes_) {
      for (size_t sq = 0; sq < open.sqs.size(); sq++) {
        if (open.sqs[sq].rung != open.sqs[sq].enqueued) ring(open, sq);
      }
      poll(open);
      outstanding += open.outstanding();
    }
    if (outstanding == 0) return;
    if (outstanding != before) quiet = 0;
    before = outstanding;
    waiter().pause(quiet / 100);
    if (is_dead()) return;
    look_around();
  }
  for (size_t i = lanes_.size(); i > 0 && !report_.failed(); i--) {
    if (i > lanes_.size() || lanes_[i - 1].outstanding() == 0) continue;
    if (geometry_.faults) {
      rescue(i - 1);
    } else {
      complain(lanes_[i - 1]);
    }
  }
}

// Once no fault is left: on this controller or, when it has failed, on a fresh one.
bool Host::ensure_lane() {
  for (int i = 0; i < 2 && (broken_ || lanes_.empty()) && !report_.failed(); i++) {
    if (broken_) start_over();
    if (lanes_.empty() && !report_.failed()) create_lane();
  }
  if (lanes_.empty() && !report_.failed()) report_.fail("no queue can be created");
  return !report_.failed();
}

void Host::verify_all() {
  constexpr uint64_t kBlocks = 8;
  for (uint32_t nsid = 1; nsid <= namespaces_.size(); nsid++) {
    const uint64_t block_count = namespaces_[nsid - 1].oracle.block_count();
    for (uint64_t lba = 0; lba < block_count;) {
      if (!ensure_lane()) return;
      Issued issued;
      issued.nsid = nsid;
      issued.lba = lba;
      issued.plain = true;
      issued.count = std::min({kBlocks, block_count - lba,
                               controller_->limits().transfer_bytes_max /
                                   namespaces_[nsid - 1].oracle.block_byte_length()});
      const uint64_t count = issued.count;
      if (submit(lanes_[0], 0, read_operation(), std::move(issued))) {
        lba += count;
      } else {
        drain();
      }
    }
  }
  drain();
}

void Host::stop() {
  const Status closed = controller_->close();
  if (!closed.ok()) report_.fail("close: %s", closed.failure().detail.c_str());
  let_go();
}

// After close(): the device reaches nothing any more, and nothing stays mapped.
void Host::let_go() {
  for (OpenLane& open : lanes_) lose_outstanding(open);
  if (arena_ == nullptr) return;
  if (!arena_->all_returned()) report_.fail("pages are in nobody's hands and not given back");
  if (!arena_->free_pages_intact()) report_.fail("memory in nobody's hands was written to");
  lanes_.clear();
  arena_.reset();
  controller_.reset();
  if (const size_t left = mapping_count(); left != 0) {
    report_.fail("%lu mappings are left after close", left);
  }
}

}  // namespace nvm::simulation
