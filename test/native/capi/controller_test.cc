// SPDX-License-Identifier: MIT
// Controller references, descriptors, admin helpers and errors of the C API.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <filesystem>
#include <string>

#include "capi/capi_host.h"

namespace nvm::test {
namespace {

// An image of 8 MiB, removed at the end with what is kept beside it.
struct Image {
  std::string path = std::filesystem::temp_directory_path() / "peernvm-capi-XXXXXX";
  int fd;

  Image() : fd(mkstemp(path.data())) {
    REQUIRE(fd >= 0);
    REQUIRE(ftruncate(fd, 8 << 20) == 0);
  }
  ~Image() {
    close(fd);
    std::filesystem::remove(path);
    std::filesystem::remove(path + ".peernvm");
  }
};

TEST_CASE(
    "a file descriptor of an image starts an emulator, which the caller's close does not end") {
  Image image;
  const int fd = open(image.path.c_str(), O_RDWR);
  nvm_ctrl_t* ctrl = nullptr;
  REQUIRE(nvm_ctrl_init(&ctrl, fd) == 0);
  close(fd);
  CHECK(ctrl->page_size == kPage);
  CHECK(ctrl->mm_size >= NVM_CTRL_MEM_MINSIZE);
  CHECK(ctrl->max_entries == 4096);
  CHECK(ctrl->dstrd == 0);
  CHECK(ctrl->timeout > 0);
  const uint32_t csts = *_REG(ctrl->mm_ptr, 0x1c, 32);
  CHECK(csts == 0);  // opening resets nothing
  nvm_ctrl_free(ctrl);
}

TEST_CASE("the same image twice is the same controller") {
  Image image;
  CapiHost host(image.path.c_str());
  nvm_ctrl_t* second = nullptr;
  REQUIRE(nvm_ctrl_init(&second, image.fd) == 0);
  const bool same = second->mm_ptr == host.ctrl->mm_ptr;
  CHECK(same);
  nvm_aq_ref refused = nullptr;
  CHECK(nvm_aq_create(&refused, second, host.window) == EBUSY);
  CHECK(std::string(nvm_reason()).find("manager") != std::string::npos);
  nvm_ctrl_free(second);
}

TEST_CASE("what cannot be opened is refused with a reason") {
  nvm_ctrl_t* ctrl = nullptr;
  CHECK(nvm_ctrl_open(&ctrl, "/nowhere/disk.img") == ENODEV);
  CHECK(ctrl == nullptr);
  CHECK(std::string(nvm_reason()).find("/nowhere/disk.img") != std::string::npos);
  CHECK(nvm_ctrl_open(&ctrl, "/sys/bus/pci/devices/ffff:ff:1f.0/resource0") != 0);
  CHECK(nvm_ctrl_init(&ctrl, -1) != 0);
  uint8_t small[16];
  CHECK(nvm_raw_ctrl_init(&ctrl, small, sizeof(small)) == EINVAL);
}

TEST_CASE("controller and namespace say what they are") {
  CapiHost host;
  nvm_ctrl_info info;
  REQUIRE(nvm_admin_ctrl_info(host.aq, &info, host.identify_page(), host.identify_address()) == 0);
  CHECK(info.nvme_version >= 0x10000);
  CHECK(info.db_stride == 4);
  CHECK(info.sq_entry_size == 64);
  CHECK(info.cq_entry_size == 16);
  const auto* identify = static_cast<const uint8_t*>(host.identify_page());
  constexpr size_t kMdts = 77;
  CHECK(info.max_data_size == kPage << identify[kMdts]);
  CHECK(info.max_data_pages == size_t{1} << identify[kMdts]);
  CHECK(std::string(info.model_no, 16) == "peernvm emulator");
  CHECK(info.max_n_ns >= 1);

  nvm_ns_info ns;
  REQUIRE(nvm_admin_ns_info(host.aq, &ns, 1, host.identify_page(), host.identify_address()) == 0);
  CHECK(ns.ns_id == 1);
  CHECK(ns.lba_data_size == 512);
  CHECK(ns.metadata_size == 0);
  CHECK(ns.size == (1u << 30) / 512);
  const auto last = static_cast<uint32_t>(info.max_n_ns);
  REQUIRE(last > 1);
  auto ask = [&](uint32_t id) {
    return nvm_admin_ns_info(host.aq, &ns, id, host.identify_page(), host.identify_address());
  };
  CHECK(ask(last) == ENXIO);  // not active
  CHECK(std::string(nvm_reason()).find("number " + std::to_string(last)) != std::string::npos);
  CHECK(ask(last + 1) == -0x0b);
}

TEST_CASE("bus addresses of the caller's are split into controller pages") {
  CapiHost host;
  nvm_dma_t* map = nullptr;
  const uint64_t addresses[] = {0x200000, 0x900000};
  REQUIRE(nvm_dma_map(&map, host.ctrl, nullptr, 4 * kPage, 2, addresses) == 0);
  CHECK(map->n_ioaddrs == 8);
  CHECK(map->ioaddrs[3] == 0x203000);
  CHECK(map->ioaddrs[4] == 0x900000);
  CHECK(map->page_size == kPage);
  nvm_dma_unmap(map);
  const uint64_t crooked[] = {0x200100};
  CHECK(nvm_dma_map(&map, host.ctrl, nullptr, kPage, 1, crooked) == EINVAL);
  CHECK(std::string(nvm_reason()).find("nvm_dma_create()") != std::string::npos);
  CHECK(nvm_dma_map(&map, host.ctrl, nullptr, 100, 1, addresses) == EINVAL);
  CHECK(nvm_dma_create(&map, host.ctrl, 0) == EINVAL);
}

TEST_CASE("memory of a GPU is refused in words") {
  CapiHost host;
  nvm_dma_t* map = nullptr;
  CHECK(nvm_dma_map_device(&map, host.ctrl, host.window->vaddr, kPage) == ENOTSUP);
  CHECK(std::string(nvm_reason()).find("GPU") != std::string::npos);
}

TEST_CASE("a packed status is told apart and named") {
  nvm_cpl_t cpl{};
  cpl.dword[3] = UINT32_C(0x80000000) | 0x1u << 25 | 0x02u << 17 | 0x10000;
  CHECK(NVM_ERR_SCT(&cpl) == 1);
  CHECK(NVM_ERR_SC(&cpl) == 2);
  CHECK(NVM_ERR_DNR(&cpl) == 1);
  CHECK(!NVM_ERR_OK(&cpl));
  const int status = NVM_ERR_PACK(&cpl, 0);
  CHECK(status == -0x102);
  CHECK(NVM_ERR_UNPACK_SCT(status) == 1);
  CHECK(NVM_ERR_UNPACK_SC(status) == 2);
  CHECK(NVM_ERR_UNPACK_ERRNO(status) == 0);
  CHECK(NVM_ERR_PACK(&cpl, ETIME) == ETIME);
  CHECK(std::string(nvm_strerror(status)) != nvm_strerror(-0x101));
  CHECK(std::string(nvm_strerror(ENOMEM)) == "Cannot allocate memory");
  for (const int beyond : {-0x800, -0x10000, INT_MIN}) {
    CHECK(std::string(nvm_strerror(beyond)) == "unknown status");
  }
}

TEST_CASE("queues that cannot exist are refused with the controller's status") {
  CapiHost host;
  nvm_dma_t* memory = host.allocate(kPage);
  nvm_queue_t queue{};
  CHECK(nvm_admin_cq_create(host.aq, &queue, 0, memory->vaddr, memory->ioaddrs[0]) == EINVAL);
  CHECK(nvm_admin_cq_create(host.aq, &queue, 500, memory->vaddr, memory->ioaddrs[0]) == -0x101);
  CHECK(nvm_admin_cq_create(host.aq, &queue, 60000, memory->vaddr, memory->ioaddrs[0]) == EINVAL);
  CHECK(std::string(nvm_reason()).find("no doorbell for queue 60000") != std::string::npos);
  CHECK(nvm_admin_sq_create(host.aq, &queue, &queue, 60000, memory->vaddr, memory->ioaddrs[0]) ==
        EINVAL);
  CHECK(queue.no == 0);
  CHECK(nvm_admin_cq_delete(host.aq, &queue) == EINVAL);
  nvm_queue_clear(&queue, host.ctrl, false, UINT16_MAX, memory->vaddr, memory->ioaddrs[0]);
  CHECK((queue.db == nullptr));
  nvm_dma_unmap(memory);
}

TEST_CASE("more memory than there is is refused") {
  CapiHost host;
  nvm_dma_t* map = nullptr;
  const auto pages = static_cast<size_t>(sysconf(_SC_PHYS_PAGES));
  CHECK(nvm_dma_create(&map, host.ctrl, 16 * pages * kPage) == ENOMEM);
  CHECK(map == nullptr);
}

TEST_CASE("macros for pages and bits") {
  CHECK(NVM_PAGE_TO_BLOCK(4096, 512, 3) == 24);
  CHECK(NVM_BLOCK_TO_PAGE(4096, 512, 9) == 2);
  CHECK(NVM_PAGE_ALIGN(4097, 4096) == 8192);
  CHECK(_RB(0xff00u, 15, 8) == 0xff);
  CHECK(_RB(UINT64_MAX, 63, 0) == UINT64_MAX);
  CHECK(_WB(3, 5, 4) == 0x30);
  CHECK(_WB(0xff, 5, 4) == 0x30);
}

}  // namespace
}  // namespace nvm::test
