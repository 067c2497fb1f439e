// SPDX-License-Identifier: MIT
// Format NVM, Sanitize and Device Self-test: long work, and what it does to everything else.
#include <map>

#include "emulator/admin/admin_host.h"
#include "emulator/saved_state.h"

namespace nvm::emulator {
namespace {

using spec::admin_opcode::format_nvm;

uint32_t sanitize_cdw10(uint32_t action, uint32_t passes = 1, bool inverted = false,
                        bool keep = false) {
  return spec::sanitize_cdw10::sanact.put(action) | spec::sanitize_cdw10::owpass.put(passes) |
         spec::sanitize_cdw10::oipbp.put(inverted) | spec::sanitize_cdw10::ndas.put(keep);
}

TEST_CASE("Format changes blocks, metadata and protection, and leaves zeroes") {
  AdminHost host;
  auto* store = host.subsystem.find_namespace(1)->store->bytes();
  memset(store, 0x5a, 1 << 20);
  for (const uint32_t format : {0u, 1u, 2u, 3u}) {
    REQUIRE(host.run(format_nvm, 1, format) == 0);
    const auto& data = host.identify<spec::IdentifyNamespace>(spec::cns::identify_namespace, 1);
    CHECK(data.flbas == format);
    CHECK(data.nsze == (1 << 20) / (format % 2 == 0 ? 512 : 4096));
    CHECK(data.fpi == 0x80);
    CHECK(store[0] == std::byte{0});
    CHECK(store[(1 << 20) - 1] == std::byte{0});
    const bool has_metadata = format >= 2;
    CHECK((host.subsystem.find_namespace(1)->metadata_store != nullptr) == has_metadata);
  }
  REQUIRE(host.run(format_nvm, 1, 2 | 1 << 4 | 1 << 5 | 1 << 8) == 0);
  const auto& data = host.identify<spec::IdentifyNamespace>(spec::cns::identify_namespace, 1);
  CHECK(data.flbas == 0x12);
  CHECK(data.dps == 0x09);
}

// Stores in memory. What is removed must not be missed by the state that was saved last.
class WatchedFamily final : public StoreFamily {
 public:
  bool read_only() const override { return false; }
  Result<std::vector<StoreName>> list() override { return family_->list(); }
  Result<std::unique_ptr<Store>> open(StoreName name) override { return family_->open(name); }
  Result<std::unique_ptr<Store>> create(StoreName name, uint64_t byte_length) override {
    lengths_[name] = byte_length;
    return family_->create(name, byte_length);
  }
  Status remove(StoreName name) override {
    lengths_.erase(name);
    Status removed = family_->remove(name);
    if (!saved.empty()) CHECK(loads());
    return removed;
  }
  Result<std::optional<std::vector<std::byte>>> load() override { return family_->load(); }
  Status save(std::span<const std::byte> state) override {
    saved.assign(state.begin(), state.end());
    return {};
  }

  // Whether a device can begin with what there is now.
  bool loads() const {
    auto stores = make_memory_family();
    for (const auto& [name, byte_length] : lengths_)
      REQUIRE(stores->create(name, byte_length).ok());
    Subsystem next{Identity{}, std::make_unique<Media>(std::move(stores), MediaCalls::AtOnce)};
    return load_records(next, saved).ok();
  }

  std::vector<std::byte> saved;

 private:
  std::unique_ptr<StoreFamily> family_ = make_memory_family();
  std::map<StoreName, uint64_t> lengths_;
};

TEST_CASE("a device that ends in the middle of Format begins again") {
  auto owned = std::make_unique<WatchedFamily>();
  WatchedFamily& family = *owned;
  AdminHost host(0, std::move(owned));
  auto data = family.create({1, StorePart::Data}, 1 << 20);
  REQUIRE(data.ok());
  host.subsystem.add_namespace(make_nvm_namespace(std::move(data.value()), 512, nullptr));
  host.subsystem.keep_state();
  for (const uint32_t format : {2u, 3u, 3u, 0u, 2u}) {
    REQUIRE(host.run(format_nvm, 1, format) == 0);
    CHECK(family.loads());
    CHECK(host.subsystem.find_namespace(1)->format.lba_format == format);
  }
}

TEST_CASE("formats that cannot be are refused, and nothing is erased") {
  AdminHost host;
  auto* store = host.subsystem.find_namespace(1)->store->bytes();
  store[0] = std::byte{1};
  CHECK(host.run(format_nvm, 1, 4) == spec::status::invalid_format);
  CHECK(host.run(format_nvm, 1, 1u << 12) == spec::status::invalid_format);
  CHECK(host.run(format_nvm, 1, 1 << 5) == spec::status::invalid_format);
  CHECK(host.run(format_nvm, 1, 2 | 2 << 5) == spec::status::invalid_format);
  CHECK(host.run(format_nvm, 1, 2 << 9) == spec::status::invalid_field);  // cryptographic
  CHECK(host.run(format_nvm, 1, 3 << 9) == spec::status::invalid_field);
  CHECK(host.run(format_nvm, 0) == spec::status::invalid_namespace_or_format);
  CHECK(host.run(format_nvm, 2) == spec::status::invalid_field);
  CHECK(store[0] == std::byte{1});
  CHECK(host.run(format_nvm, 0xffffffff, 1 << 9) == 0);
  CHECK(store[0] == std::byte{0});
}

TEST_CASE("Format waits for commands and refuses new ones; a reset does not leave it half way") {
  AdminHost host;
  HostQueue queue = host.create_pair(1, 8);
  auto* store = static_cast<ScriptedStore*>(host.subsystem.find_namespace(1)->store.get());
  store->hold_flushes = true;
  spec::SubmissionQueueEntry flush{};
  flush.opc = spec::nvm_opcode::flush;
  flush.nsid = 1;
  host.submit(queue, flush);
  host.step_everything();
  host.submit(host.admin, host.command(format_nvm, 1, 1));
  host.step_everything(1'000'000);
  CHECK_FALSE(host.has_completion(host.admin));
  const auto read = TestHost::data_command(spec::nvm_opcode::read, 2, 0, 1, host.page);
  CHECK(TestHost::status_of(host.execute(queue, read)) == spec::status::format_in_progress);
  CHECK(host.subsystem.find_namespace(1)->format_percent_left == 100);
  host.write32(spec::registers::cc, 0);
  store->end_flushes(Progress::Done);
  store->hold_flushes = false;
  host.enable();
  host.step_everything(10'000'000);
  CHECK(host.subsystem.find_namespace(1)->unavailable == 0);
  CHECK(host.subsystem.find_namespace(1)->in_flight == 0);
  CHECK(host.subsystem.find_namespace(1)->format.lba_format == 1);
}

TEST_CASE("Sanitize overwrites as often as asked, then tells") {
  AdminHost host;
  auto* store = host.subsystem.find_namespace(1)->store->bytes();
  memset(store, 0x11, 1 << 20);
  host.request_event(90);
  auto sqe =
      host.command(spec::admin_opcode::sanitize, 0,
                   sanitize_cdw10(spec::sanitize_action::overwrite, 2, true, true), 0x12345678);
  REQUIRE(TestHost::status_of(host.execute_admin(sqe)) == 0);
  CHECK(host.subsystem.find_namespace(1)->unavailable == spec::status::sanitize_in_progress);
  CHECK(TestHost::status_of(host.execute_admin(sqe)) == spec::status::sanitize_in_progress);
  CHECK(TestHost::status_of(host.execute_admin(host.command(format_nvm, 1))) ==
        spec::status::sanitize_in_progress);
  host.step_everything(1'000'000'000);
  const auto event = host.take_completion(host.admin);
  CHECK(event.cid == 90);
  CHECK(event.dw0 == (spec::async_event_type::command_set | 1u << 8 | 0x81u << 16));
  uint32_t word;
  memcpy(&word, store + 4096, sizeof(word));
  CHECK(word == ~0x12345678u);  // the second pass
  const auto& log = host.log<spec::SanitizeStatusLog>(spec::log_page::sanitize_status);
  CHECK(log.sprog == 0xffff);
  CHECK(log.sstat == (spec::sanitize_state::completed | 2 << 3 | 1 << 8));
  CHECK(log.scdw10 == sqe.cdw10);
  CHECK(host.subsystem.find_namespace(1)->unavailable == 0);
  HostQueue queue = host.create_pair(1, 8);
  const auto write = TestHost::data_command(spec::nvm_opcode::write, 2, 0, 1, host.page);
  REQUIRE(TestHost::status_of(host.execute(queue, write)) == 0);
  CHECK(host.log<spec::SanitizeStatusLog>(spec::log_page::sanitize_status).sstat ==
        (spec::sanitize_state::completed | 2 << 3));  // no longer all erased
}

TEST_CASE("a block erase leaves zeroes, also when the controller is reset meanwhile") {
  AdminHost host(8 << 20);
  auto* store = host.subsystem.find_namespace(1)->store->bytes();
  memset(store, 0x11, 8 << 20);
  REQUIRE(TestHost::status_of(host.execute_admin(
              host.command(spec::admin_opcode::sanitize, 0,
                           sanitize_cdw10(spec::sanitize_action::block_erase)))) == 0);
  host.subsystem.step(host.clock);
  host.write32(spec::registers::cc, 0);
  host.enable();
  host.step_everything(1'000'000'000);
  CHECK(store[0] == std::byte{0});
  CHECK(store[(8 << 20) - 1] == std::byte{0});
  CHECK(host.subsystem.find_namespace(1)->unavailable == 0);
}

struct FailingStore final : ScriptedStore {
  using ScriptedStore::ScriptedStore;
  Progress begin_deallocate(Operation&, uint64_t, uint64_t) override { return Progress::Failed; }
};

TEST_CASE("a sanitize that fails keeps everything away until the failure is left") {
  AdminHost host(0);
  host.subsystem.add_namespace(
      make_nvm_namespace(std::make_unique<FailingStore>(1 << 20), 512, nullptr));
  const uint32_t erase = sanitize_cdw10(spec::sanitize_action::block_erase);
  const uint32_t unrestricted = spec::sanitize_cdw10::ause.mask;
  REQUIRE(host.run(spec::admin_opcode::sanitize, 0, erase | unrestricted) == 0);
  host.step_everything(1'000'000'000);
  CHECK(host.subsystem.find_namespace(1)->unavailable == spec::status::sanitize_failed);
  CHECK(host.run(format_nvm, 1) == spec::status::sanitize_failed);
  CHECK(host.log<spec::SanitizeStatusLog>(spec::log_page::sanitize_status).sstat ==
        spec::sanitize_state::failed);
  CHECK(host.run(spec::admin_opcode::sanitize, 0, spec::sanitize_action::exit_failure_mode) == 0);
  CHECK(host.subsystem.find_namespace(1)->unavailable == 0);
  REQUIRE(host.run(spec::admin_opcode::sanitize, 0, erase) == 0);
  host.step_everything(1'000'000'000);
  CHECK(host.run(spec::admin_opcode::sanitize, 0, spec::sanitize_action::exit_failure_mode) ==
        spec::status::sanitize_failed);
  CHECK(host.run(spec::admin_opcode::sanitize, 0, erase | unrestricted) ==
        spec::status::sanitize_failed);
}

TEST_CASE("sanitize actions that are not supported are refused") {
  AdminHost host;
  for (const uint32_t action : {0u, 4u, 5u, 7u}) {
    CHECK(host.run(spec::admin_opcode::sanitize, 0, action) == spec::status::invalid_field);
  }
  CHECK(host.run(spec::admin_opcode::sanitize, 0, 1) == 0);  // nothing to leave
}

TEST_CASE("self-tests run one at a time, pass, and are remembered") {
  AdminHost host;
  const auto test = [&](uint32_t code, uint32_t nsid = 0xffffffff) {
    return TestHost::status_of(
        host.execute_admin(host.command(spec::admin_opcode::device_self_test, nsid, code)));
  };
  const auto id = spec::log_page::device_self_test;
  CHECK(host.log<spec::SelfTestLog>(id).result[0].dsts == 0x0f);
  CHECK(test(0) == spec::status::invalid_field);
  CHECK(test(1, 0x7777) == spec::status::invalid_namespace_or_format);
  CHECK(test(1, 9) == spec::status::invalid_field);
  REQUIRE(test(1) == 0);
  CHECK(test(2) == spec::status::device_self_test_in_progress);
  host.step_everything(500'000'000);
  const auto& running = host.log<spec::SelfTestLog>(id);
  CHECK(running.current_operation == 1);
  CHECK(running.completion > 10);
  CHECK(running.completion < 90);
  host.step_everything(1'000'000'000);
  const auto& passed = host.log<spec::SelfTestLog>(id);
  CHECK(passed.current_operation == 0);
  CHECK(passed.result[0].dsts == 0x10);
  REQUIRE(test(2) == 0);
  REQUIRE(test(0xf) == 0);
  CHECK(host.log<spec::SelfTestLog>(id).result[0].dsts == 0x21);
  CHECK(host.log<spec::SelfTestLog>(id).result[1].dsts == 0x10);
  REQUIRE(test(1) == 0);
  host.write32(spec::registers::cc, 0);
  host.enable();
  CHECK(host.log<spec::SelfTestLog>(id).result[0].dsts == 0x12);
  REQUIRE(test(2) == 0);
  CHECK(host.run(format_nvm, 1) == 0);
  CHECK(host.log<spec::SelfTestLog>(id).result[0].dsts == 0x24);
}

}  // namespace
}  // namespace nvm::emulator
