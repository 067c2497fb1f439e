// SPDX-License-Identifier: MIT
// The power fails at every point where something becomes durable: before it, while it happens,
// after it. What was acknowledged before a Flush, by forced unit access or as a change of
// namespaces is there afterwards; every other block is old or new, and whole (AWUPF).
#include <functional>
#include <map>
#include <set>

#include "emulator/saved_state.h"
#include "emulator/stores/crash_store.h"
#include "emulator/test_host.h"
#include "scale.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kBlocks = 48;
constexpr uint32_t kBlockBytes = 4096;
constexpr uint64_t kStoreBytes = kBlocks * kBlockBytes;
constexpr uint64_t kHostBytes = 512 << 10;
constexpr unsigned kCrashesAtEach = 3;

using Image = std::vector<std::byte>;

// What survives a power failure.
struct Disk {
  std::map<StoreName, Image> images;
  std::optional<Image> state;
};

// A store whose flush does nothing: a loop that finds no fault with it finds none at all.
class LyingStore final : public Store {
 public:
  explicit LyingStore(CrashStore& honest) : honest_(&honest) {}
  uint64_t byte_length() const override { return honest_->byte_length(); }
  bool read_only() const override { return false; }
  std::byte* bytes() override { return nullptr; }
  bool may_fault() const override { return false; }
  Progress begin_read(Operation& operation, uint64_t offset, void* to,
                      size_t byte_length) override {
    return honest_->begin_read(operation, offset, to, byte_length);
  }
  Progress begin_write(Operation& operation, uint64_t offset, const void* from,
                       size_t byte_length) override {
    return honest_->begin_write(operation, offset, from, byte_length);
  }
  Progress begin_flush(Operation&) override { return Progress::Done; }
  Progress begin_deallocate(Operation& operation, uint64_t offset, uint64_t byte_length) override {
    return honest_->begin_deallocate(operation, offset, byte_length);
  }

 private:
  std::unique_ptr<CrashStore> honest_;
};

class CrashFamily final : public StoreFamily {
 public:
  CrashFamily(Disk first, bool lies) : disk(std::move(first)), lies_(lies) {}
  bool read_only() const override { return false; }
  Result<std::vector<StoreName>> list() override { return std::vector<StoreName>(); }
  Result<std::unique_ptr<Store>> open(StoreName name) override {
    const auto found = disk.images.find(name);
    if (found == disk.images.end()) return Status(ErrorCode::Image, "there is no such store");
    auto store = std::make_unique<CrashStore>(found->second, CrashStoreOptions{kBlockBytes});
    open_[name] = store.get();
    if (lies_) return std::unique_ptr<Store>(std::make_unique<LyingStore>(*store.release()));
    return std::unique_ptr<Store>(std::move(store));
  }
  Result<std::unique_ptr<Store>> create(StoreName name, uint64_t byte_length) override {
    disk.images[name] = Image(byte_length);
    return open(name);
  }
  Status remove(StoreName name) override {
    disk.images.erase(name);
    open_.erase(name);
    return {};
  }
  Result<std::optional<Image>> load() override { return disk.state; }
  // It is replaced as a whole: while it happens, the old or the new one is there.
  Status save(std::span<const std::byte> state) override {
    if (at_save) at_save();
    disk.state = Image(state.begin(), state.end());
    if (at_save) at_save();
    return {};
  }

  Disk crash(uint64_t seed) const {
    Disk left = disk;
    for (const auto& [name, store] : open_) left.images[name] = store->crash(seed);
    return left;
  }
  CrashStore& opened(uint32_t namespace_id) { return *open_[{namespace_id, StorePart::Data}]; }

  Disk disk;
  std::function<void()> at_save;

 private:
  const bool lies_;
  std::map<StoreName, CrashStore*> open_;
};

struct PoweredHost : TestHost {
  explicit PoweredHost(std::unique_ptr<CrashFamily> disk)
      : TestHost({.io_queue_pairs_max = 1}, {}, kHostBytes, std::move(disk)) {
    auto state = family().load();
    if (state.value()) REQUIRE(load_records(subsystem, *state.value()).ok());
    subsystem.keep_state();
    subsystem.set_capacity(1 << 30);
    enable(8);
    queue = create_pair(1, 8);
    page = allocate(kBlockBytes);
  }
  CrashFamily& family() { return static_cast<CrashFamily&>(subsystem.media().family()); }
  spec::SubmissionQueueEntry block_command(uint8_t opcode, uint32_t nsid, uint64_t lba) {
    auto sqe = data_command(opcode, 1, lba, 1, page);
    sqe.nsid = nsid;
    return sqe;
  }
  // Everything steps, background work too.
  void step_device() {
    while (subsystem.step(clock)) {
    }
  }
  spec::CompletionQueueEntry finish(HostQueue& on, const spec::SubmissionQueueEntry& sqe) {
    submit(on, sqe);
    for (int round = 0; round < 100 && !has_completion(on); round++) {
      step_device();
      clock.now += 100'000;
    }
    return take_completion(on);
  }
  HostQueue queue;
  uint64_t page = 0;
};

constexpr uint32_t kUncorrectable = UINT32_MAX;

// What the blocks of a namespace may hold; each version is written once, but for kUncorrectable.
struct Blocks {
  std::vector<uint32_t> durable = std::vector<uint32_t>(kBlocks);
  std::vector<std::set<uint32_t>> later = std::vector<std::set<uint32_t>>(kBlocks);
  std::vector<uint32_t> last = std::vector<uint32_t>(kBlocks);

  void begin(uint64_t lba, uint32_t version) {
    later[lba].insert(version);
    last[lba] = version;
  }
  void flushed(uint64_t lba) {
    durable[lba] = last[lba];
    later[lba].clear();
  }
};

class CrashLoop {
 public:
  explicit CrashLoop(bool lies) : lies_(lies), host_(std::make_unique<CrashFamily>(Disk{}, lies)) {
    host_.family().at_save = [this] { crash(); };
  }
  ~CrashLoop() { host_.family().at_save = nullptr; }

  void run(unsigned actions) {
    create();
    for (unsigned i = 0; i < actions; i++) act();
  }

  unsigned crashes = 0;
  unsigned violations = 0;

 private:
  uint64_t below(uint64_t bound) { return random_.next() % bound; }

  void act() {
    const uint64_t what = below(100);
    if (what == 0 && namespaces_.size() < 3) return create();
    if (what == 1 && namespaces_.size() > 1) return remove();
    auto at = std::next(namespaces_.begin(), static_cast<ptrdiff_t>(below(namespaces_.size())));
    if (what < 5) return make_uncorrectable(at->first, at->second);
    if (what < 75) return write(at->first, at->second, false);
    if (what < 85) return write(at->first, at->second, true);
    flush(at->first, at->second);
  }

  void create() {
    auto& data = host_.as<spec::NamespaceManagementData>(host_.page);
    data = {};
    data.nsze = data.ncap = kBlocks;
    data.flbas = 1;  // blocks of 4096 bytes
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::namespace_management;
    sqe.prp1 = host_.page;
    const auto created = host_.finish(host_.admin, sqe);
    REQUIRE(TestHost::status_of(created) == 0);
    host_.subsystem.attach_namespace(created.dw0, 0);
    namespaces_[created.dw0] = {};
    crash();
  }

  void remove() {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::namespace_management;
    sqe.cdw10 = spec::namespace_management_select::remove;
    sqe.nsid = namespaces_.rbegin()->first;
    namespaces_.erase(sqe.nsid);  // from now on it may be gone
    REQUIRE(TestHost::status_of(host_.finish(host_.admin, sqe)) == 0);
    gone_.insert(sqe.nsid);
    crash();
    gone_.clear();
  }

  void write(uint32_t nsid, Blocks& blocks, bool durable) {
    const uint64_t lba = below(kBlocks);
    const uint32_t version = ++versions_;
    auto* words = reinterpret_cast<uint32_t*>(host_.at(host_.page));
    std::fill_n(words, kBlockBytes / sizeof(uint32_t), version);
    auto sqe = host_.block_command(spec::nvm_opcode::write, nsid, lba);
    if (durable) sqe.cdw12 |= spec::write_cdw12::fua.mask;
    blocks.begin(lba, version);
    CrashStore& store = host_.family().opened(nsid);
    store.options.hold_writes = below(4) == 0;
    store.options.hold_flushes = durable;
    host_.submit(host_.queue, sqe);
    settle(store);
    if (durable) blocks.flushed(lba);
    if (durable) crash();
  }

  void make_uncorrectable(uint32_t nsid, Blocks& blocks) {
    const uint64_t lba = below(kBlocks);
    blocks.begin(lba, kUncorrectable);
    auto sqe = host_.block_command(spec::nvm_opcode::write_uncorrectable, nsid, lba);
    REQUIRE(TestHost::status_of(host_.finish(host_.queue, sqe)) == 0);
    crash();
  }

  void flush(uint32_t nsid, Blocks& blocks) {
    crash();
    CrashStore& store = host_.family().opened(nsid);
    store.options.hold_flushes = true;
    spec::SubmissionQueueEntry sqe{};
    sqe.nsid = nsid;
    host_.submit(host_.queue, sqe);
    settle(store);
    for (uint64_t lba = 0; lba < kBlocks; lba++) blocks.flushed(lba);
    crash();
  }

  // Ends what the store holds, with a power failure before and after each end.
  void settle(CrashStore& store) {
    host_.step_device();
    while (store.held_count() != 0) {
      crash();
      store.end_oldest();
      crash();
      host_.step_device();
    }
    store.options = {kBlockBytes};
    REQUIRE(TestHost::status_of(host_.take_completion(host_.queue)) == 0);
  }

  void crash() {
    for (unsigned i = 0; i < kCrashesAtEach; i++) {
      crashes++;
      PoweredHost after(std::make_unique<CrashFamily>(host_.family().crash(random_.next()), lies_));
      for (const uint32_t nsid : gone_) {
        violations += after.subsystem.find_namespace(nsid) != nullptr;
      }
      for (const auto& [nsid, blocks] : namespaces_) inspect(after, nsid, blocks);
    }
  }

  void inspect(PoweredHost& after, uint32_t nsid, const Blocks& blocks) {
    if (after.subsystem.find_namespace(nsid) == nullptr) {
      violations++;
      return;
    }
    after.subsystem.attach_namespace(nsid, 0);
    for (uint64_t lba = 0; lba < kBlocks; lba++) {
      const auto read = after.block_command(spec::nvm_opcode::read, nsid, lba);
      const uint16_t status = TestHost::status_of(after.finish(after.queue, read));
      auto* words = reinterpret_cast<uint32_t*>(after.at(after.page));
      if (status == spec::status::unrecovered_read_error) {
        std::fill_n(words, kBlockBytes / sizeof(uint32_t), kUncorrectable);
      } else {
        REQUIRE(status == 0);
      }
      const bool whole = memcmp(words, words + 1, kBlockBytes - sizeof(uint32_t)) == 0;
      const bool legal = words[0] == blocks.durable[lba] || blocks.later[lba].contains(words[0]);
      violations += !whole || !legal;
    }
  }

  const bool lies_;
  SeededRandom random_{1};
  PoweredHost host_;
  std::map<uint32_t, Blocks> namespaces_;
  std::set<uint32_t> gone_;  // acknowledged as removed
  uint32_t versions_ = 0;
};

TEST_CASE("a power failure at any moment loses nothing that was acknowledged as durable") {
  CrashLoop loop(false);
  loop.run(400 / kSingleThreadedShare);
  CHECK(loop.crashes > 1000 / kSingleThreadedShare);
  CHECK(loop.violations == 0);
}

TEST_CASE("a flush that does nothing is found by power failures") {
  CrashLoop loop(true);
  loop.run(100);
  CHECK(loop.violations > 0);
}

}  // namespace
}  // namespace nvm::emulator
