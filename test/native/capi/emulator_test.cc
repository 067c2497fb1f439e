// SPDX-License-Identifier: MIT
// nvm_emulator.h: devices as described, faults that befall what they say, counters.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "capi/capi_host.h"

namespace nvm::test {
namespace {

constexpr int kWriteFault = -0x280;
constexpr int kUnrecoveredReadError = -0x281;

nvm_emulator_options small_device(uint16_t n_ctrls = 1) {
  nvm_emulator_options options{};
  options.size = 8 << 20;
  options.n_ctrls = n_ctrls;
  return options;
}

nvm_fault io_fault(uint8_t opcode, uint32_t effects) {
  nvm_fault fault{};
  fault.on = NVM_FAULT_ON_IO | NVM_FAULT_ON_OPCODE;
  fault.opcode = opcode;
  fault.effects = effects;
  return fault;
}

// A host of a small device of two controllers, with one queue pair and a page of data.
struct FaultyHost {
  CapiEmulator emulator{small_device(2)};
  CapiHost host{emulator.open()};
  CapiQueues queues{host, 1};
  nvm_dma_t* data = host.allocate(kPage);

  ~FaultyHost() { nvm_dma_unmap(data); }
  uint8_t* bytes() { return static_cast<uint8_t*>(data->vaddr); }
  int read(uint64_t lba, uint16_t n_blks = 1) {
    return queues.transfer(NVM_IO_READ, 1, lba, n_blks, data);
  }
  int write(uint64_t lba, uint16_t n_blks = 1) {
    return queues.transfer(NVM_IO_WRITE, 1, lba, n_blks, data);
  }
};

TEST_CASE("a device without options is one GiB of memory") {
  nvm_emulator_t* device = nullptr;
  REQUIRE(nvm_emulator_start(&device, nullptr) == 0);
  nvm_ctrl_t* ctrl = nullptr;
  REQUIRE(nvm_emulator_ctrl(&ctrl, device, 0) == 0);
  nvm_emulator_close(device);  // the reference keeps it
  CapiHost host(ctrl);
  nvm_ns_info ns;
  REQUIRE(nvm_admin_ns_info(host.aq, &ns, 1, host.identify_page(), host.identify_address()) == 0);
  CHECK(ns.size * ns.lba_data_size == 1u << 30);
}

TEST_CASE("a device has the namespaces, controllers and limits that were asked for") {
  const nvm_emulator_namespace more[] = {{4 << 20, 4096}, {1 << 20, 0}};
  nvm_emulator_options options = small_device();
  options.block_size = 4096;
  options.namespaces = more;
  options.n_namespaces = 2;
  options.n_ctrls = 2;
  options.queue_pairs = 3;
  options.queue_entries = 13;
  options.max_data_size = 1 << 20;
  CapiEmulator emulator(options);
  CapiHost host(emulator.open(1));
  CHECK(host.ctrl->max_entries == 13);
  nvm_ctrl_info info;
  REQUIRE(nvm_admin_ctrl_info(host.aq, &info, host.identify_page(), host.identify_address()) == 0);
  CHECK(info.max_data_size == 1 << 20);
  uint16_t n_cqs = 9;
  uint16_t n_sqs = 9;
  REQUIRE(nvm_admin_request_num_queues(host.aq, &n_cqs, &n_sqs) == 0);
  CHECK(n_sqs == 3);
  const struct {
    uint64_t bytes;
    size_t block;
  } expected[] = {{8 << 20, 4096}, {4 << 20, 4096}, {1 << 20, 512}};
  for (uint32_t id = 1; id <= 3; id++) {
    nvm_ns_info ns;
    REQUIRE(nvm_admin_ns_info(host.aq, &ns, id, host.identify_page(), host.identify_address()) ==
            0);
    CHECK(ns.lba_data_size == expected[id - 1].block);
    CHECK(ns.size * ns.lba_data_size == expected[id - 1].bytes);
  }
}

TEST_CASE("two references of a controller are the same one; another controller is not") {
  nvm_emulator_options options = small_device();
  options.n_ctrls = 2;
  CapiEmulator emulator(options);
  nvm_ctrl_t* first = emulator.open();
  nvm_ctrl_t* again = emulator.open();
  nvm_ctrl_t* other = emulator.open(1);
  const bool same = first->mm_ptr == again->mm_ptr;
  const bool apart = first->mm_ptr != other->mm_ptr;
  CHECK(same);
  CHECK(apart);
  nvm_ctrl_t* none = nullptr;
  CHECK(nvm_emulator_ctrl(&none, emulator.device, 2) == EINVAL);
  CHECK(none == nullptr);
  for (nvm_ctrl_t* each : {first, again, other}) nvm_ctrl_free(each);
}

TEST_CASE("an image is created, written, and read-only where that is asked for") {
  std::string folder = std::filesystem::temp_directory_path() / "peernvm-capi-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string image = folder + "/disk.img";
  nvm_emulator_options options = small_device();
  options.image = image.c_str();
  {
    CapiEmulator emulator(options);
    CapiHost host(emulator.open());
    CapiQueues queues(host, 1);
    nvm_dma_t* data = host.allocate(kPage);
    memset(data->vaddr, 0x5a, kPage);
    CHECK(queues.transfer(NVM_IO_WRITE, 1, 8, 8, data) == 0);
    nvm_dma_unmap(data);
  }
  CHECK(std::filesystem::file_size(image) == options.size);
  options.read_only = true;
  options.size = 0;
  {
    CapiEmulator emulator(options);
    CapiHost host(emulator.open());
    CapiQueues queues(host, 1);
    nvm_dma_t* data = host.allocate(kPage);
    CHECK(queues.transfer(NVM_IO_READ, 1, 8, 8, data) == 0);
    CHECK(static_cast<uint8_t*>(data->vaddr)[kPage - 1] == 0x5a);
    CHECK(queues.transfer(NVM_IO_WRITE, 1, 0, 1, data) != 0);
    nvm_dma_unmap(data);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("options that make no device are refused with a reason") {
  const auto refused = [](const nvm_emulator_options& options) {
    nvm_emulator_t* device = nullptr;
    const int status = nvm_emulator_start(&device, &options);
    CHECK(device == nullptr);
    return status;
  };
  nvm_emulator_options options = small_device();
  options.max_data_size = 4096;  // MDTS 0 is no limit
  CHECK(refused(options) == EINVAL);
  options.max_data_size = 12'288;
  CHECK(refused(options) == EINVAL);
  options.max_data_size = UINT64_C(1) << 29;
  CHECK(refused(options) == EINVAL);
  CHECK(std::string(nvm_reason()).find("max_data_size") != std::string::npos);
  options = small_device();
  options.n_ctrls = 65;
  CHECK(refused(options) == EINVAL);
  options = small_device();
  options.drive = "floppy";
  CHECK(refused(options) == EINVAL);
  CHECK(std::string(nvm_reason()).find("p4800x") != std::string::npos);
  options = small_device();
  options.read_only = true;  // of memory
  CHECK(refused(options) == EINVAL);
  CHECK(std::string(nvm_reason()).find("give it an image") != std::string::npos);
  options = small_device();
  options.image = "/nowhere/disk.img";
  CHECK(refused(options) != 0);
}

TEST_CASE("a fault gives its status to the blocks it is about, as often as it may, until removed") {
  FaultyHost host;
  nvm_fault fault = io_fault(NVM_IO_READ, NVM_FAULT_STATUS | NVM_FAULT_DNR);
  fault.on |= NVM_FAULT_ON_BLKS;
  fault.start_lba = 100;
  fault.n_blks = 2;
  fault.status = kUnrecoveredReadError;
  const uint32_t id = host.emulator.inject(fault);
  CHECK(host.read(99) == 0);
  CHECK(host.read(98, 3) == kUnrecoveredReadError);
  CHECK(host.read(101) == kUnrecoveredReadError);
  CHECK(host.write(100) == 0);
  CHECK(nvm_emulator_fault_hits(host.emulator.device, id) == 2);
  nvm_emulator_fault_remove(host.emulator.device, id);
  CHECK(host.read(100) == 0);
  CHECK(nvm_emulator_fault_hits(host.emulator.device, id) == 0);

  fault = io_fault(NVM_IO_WRITE, NVM_FAULT_STATUS);
  fault.status = kWriteFault;
  fault.nth = 2;
  fault.every = 3;
  fault.times = 2;
  host.emulator.inject(fault);
  std::string pattern;
  for (int i = 0; i < 12; i++) pattern += host.write(0) == 0 ? '.' : 'x';
  CHECK(pattern == ".x..x.......");
}

TEST_CASE("faults are matched by controller, queue and namespace") {
  FaultyHost host;
  nvm_fault fault = io_fault(NVM_IO_READ, NVM_FAULT_STATUS);
  fault.status = kUnrecoveredReadError;
  fault.on |= NVM_FAULT_ON_CTRL | NVM_FAULT_ON_QUEUE | NVM_FAULT_ON_NS;
  const nvm_fault others[] = {
      [&] {
        nvm_fault f = fault;
        f.ctrl = 1;
        f.queue = 1;
        f.ns_id = 1;
        return f;
      }(),
      [&] {
        nvm_fault f = fault;
        f.queue = 2;
        f.ns_id = 1;
        return f;
      }(),
      [&] {
        nvm_fault f = fault;
        f.queue = 1;
        f.ns_id = 2;
        return f;
      }(),
  };
  for (const nvm_fault& other : others) host.emulator.inject(other);
  CHECK(host.read(0) == 0);
  fault.queue = 1;
  fault.ns_id = 1;
  host.emulator.inject(fault);
  CHECK(host.read(0) == kUnrecoveredReadError);
}

TEST_CASE("a fault of a controller that the device does not have is refused") {
  FaultyHost host;
  nvm_fault fault = io_fault(NVM_IO_READ, NVM_FAULT_DROP);
  fault.on |= NVM_FAULT_ON_CTRL;
  fault.ctrl = 9;
  CHECK(nvm_emulator_inject(nullptr, host.emulator.device, &fault) == EINVAL);
  CHECK(std::string(nvm_reason()).find("controller is 9") != std::string::npos);
}

TEST_CASE("torn writes and flipped bits change what is stored, or only what is read") {
  FaultyHost host;
  nvm_fault torn = io_fault(NVM_IO_WRITE, NVM_FAULT_TORN);
  torn.torn_blks = 1;
  torn.torn_bytes = 10;
  torn.times = 1;
  host.emulator.inject(torn);
  memset(host.bytes(), 0xaa, kPage);
  CHECK(host.write(0, 8) == 0);
  CHECK(host.read(0, 8) == 0);
  CHECK(host.bytes()[512 + 9] == 0xaa);
  CHECK(host.bytes()[512 + 10] == 0);

  nvm_fault flipped = io_fault(NVM_IO_READ, NVM_FAULT_CORRUPT_READ);
  flipped.corrupt_offset = 3;
  flipped.corrupt_mask = 0x01;
  flipped.times = 1;
  host.emulator.inject(flipped);
  CHECK(host.read(0, 8) == 0);
  CHECK(host.bytes()[3] == 0xab);
  CHECK(host.read(0, 8) == 0);
  CHECK(host.bytes()[3] == 0xaa);

  nvm_fault anywhere = io_fault(NVM_IO_WRITE, NVM_FAULT_CORRUPT_STORED);
  anywhere.corrupt_offset = NVM_FAULT_ANYWHERE;
  anywhere.seed = 7;
  host.emulator.inject(anywhere);
  memset(host.bytes(), 0, kPage);
  CHECK(host.write(0, 8) == 0);
  CHECK(host.read(0, 8) == 0);
  size_t changed = 0;
  for (size_t i = 0; i < kPage; i++) changed += host.bytes()[i] != 0;
  CHECK(changed == 1);
}

TEST_CASE("a stopped controller completes nothing until it is reset, one that is gone never") {
  CapiEmulator emulator(small_device());
  nvm_ctrl_t* kept = emulator.open();
  for (const uint32_t effect : {NVM_FAULT_STOP, NVM_FAULT_FATAL, NVM_FAULT_REMOVE}) {
    CAPTURE(effect);
    nvm_ctrl_t* ctrl = emulator.open();
    CapiHost host(ctrl);
    nvm_dma_t* memory = host.allocate(3 * kPage);
    nvm_queue_t cq;
    nvm_queue_t sq;
    REQUIRE(nvm_admin_cq_create(host.aq, &cq, 1, memory->vaddr, memory->ioaddrs[0]) == 0);
    REQUIRE(nvm_admin_sq_create(host.aq, &sq, &cq, 1, NVM_DMA_OFFSET(memory, 1),
                                memory->ioaddrs[1]) == 0);
    nvm_fault fault = io_fault(NVM_IO_FLUSH, effect);
    fault.times = 1;
    const uint32_t id = emulator.inject(fault);
    nvm_cmd_t* cmd = nvm_sq_enqueue(&sq);
    nvm_cmd_header(cmd, 1, NVM_IO_FLUSH, 1);
    nvm_sq_submit(&sq);
    for (int i = 0; nvm_emulator_fault_hits(emulator.device, id) == 0; i++) {
      REQUIRE(i < 10'000);
      nvm_cq_dequeue_block(&cq, 1);
    }
    CHECK(nvm_cq_poll(&cq) == nullptr);
    nvm_cmd_t admin{};
    nvm_cpl_t cpl;
    nvm_cmd_header(&admin, 0, NVM_ADMIN_GET_FEATURES, 0);
    admin.dword[10] = 7;
    if (effect != NVM_FAULT_STOP) CHECK(nvm_raw_rpc(host.aq, &admin, &cpl) != 0);
    if (effect == NVM_FAULT_REMOVE) {
      nvm_ctrl_t* gone = nullptr;
      CHECK(nvm_emulator_ctrl(&gone, emulator.device, 0) == ENODEV);
    }
    nvm_aq_destroy(host.aq);
    host.aq = nullptr;
    nvm_dma_unmap(memory);
  }
  nvm_ctrl_free(kept);
}

TEST_CASE("a fault that could never happen is refused with a reason") {
  FaultyHost host;
  const auto refused = [&](const nvm_fault& fault, const char* reason) {
    CHECK(nvm_emulator_inject(nullptr, host.emulator.device, &fault) == EINVAL);
    CHECK(std::string(nvm_reason()).find(reason) != std::string::npos);
  };
  refused(nvm_fault{}, "does nothing");
  refused(io_fault(NVM_IO_READ, 0x10000), "enum nvm_fault_effect");
  refused(io_fault(NVM_IO_READ, NVM_FAULT_DNR), "NVM_FAULT_STATUS");
  refused(io_fault(NVM_IO_READ, NVM_FAULT_STOP | NVM_FAULT_FATAL), "one of them");
  refused(io_fault(NVM_IO_READ, NVM_FAULT_DUPLICATE | NVM_FAULT_WRONG_PHASE), "completion");
  refused(io_fault(NVM_IO_READ, NVM_FAULT_CORRUPT_READ | NVM_FAULT_CORRUPT_STORED), "not both");
  refused(io_fault(NVM_IO_READ, NVM_FAULT_TORN), "Write");
  nvm_fault fault = io_fault(NVM_IO_READ, NVM_FAULT_STATUS);
  fault.status = EIO;
  refused(fault, "packed status");
  fault.status = -0x800;
  refused(fault, "packed status");
  fault = io_fault(NVM_IO_READ, NVM_FAULT_DROP);
  fault.on |= NVM_FAULT_ON_ADMIN;
  refused(fault, "both are meant");
  fault.on = 0x80;
  refused(fault, "enum nvm_fault_match");
  fault.on = 0;
  fault.probability = 1.5;
  refused(fault, "probability");
}

TEST_CASE("counters are of one controller") {
  nvm_emulator_options options = small_device();
  options.n_ctrls = 2;
  CapiEmulator emulator(options);
  CapiHost host(emulator.open());
  CapiQueues queues(host, 1);
  nvm_dma_t* data = host.allocate(kPage);
  for (int i = 0; i < 3; i++) CHECK(queues.transfer(NVM_IO_WRITE, 1, 0, 8, data) == 0);
  for (int i = 0; i < 2; i++) CHECK(queues.transfer(NVM_IO_READ, 1, 0, 1, data) == 0);
  CHECK(queues.transfer(NVM_IO_READ, 1, UINT64_C(1) << 40, 1, data) != 0);
  const nvm_emulator_stats stats = emulator.stats();
  CHECK(stats.commands == 5);
  CHECK(stats.errors == 1);
  CHECK(stats.read_commands == 2);
  CHECK(stats.write_commands == 3);
  CHECK(stats.bytes_read == 2 * 512);
  CHECK(stats.bytes_written == 3 * kPage);
  CHECK(stats.media_errors == 0);
  CHECK(stats.admin_commands == 2);  // the queues
  CHECK(stats.admin_errors == 0);
  CHECK(stats.doorbells >= 6);
  CHECK(stats.invalid_doorbells == 0);
  CHECK(emulator.stats(1).commands == 0);
  nvm_emulator_stats none;
  CHECK(nvm_emulator_ctrl_stats(&none, emulator.device, 2) == EINVAL);
  nvm_dma_unmap(data);
}

}  // namespace
}  // namespace nvm::test
