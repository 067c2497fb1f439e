// SPDX-License-Identifier: MIT
// The C API on a controller that is served over vfio-user, in both ways to ring.
#include <cerrno>

#include "capi/capi_host.h"
#include "vfio_user/served.h"

namespace nvm::test {

TEST_CASE("a C program drives a controller behind a socket, and its queues made anew") {
  for (const auto doorbells : {vfio_user::Doorbells::Trap, vfio_user::Doorbells::Poll}) {
    vfio_user::test::Served served(1, doorbells);
    CapiHost host(served.folder.path().c_str());
    nvm_dma_t* out = host.allocate(kPage);
    nvm_dma_t* in = host.allocate(kPage);
    for (int round = 0; round < 3; round++) {
      CapiQueues queues(host, 1);
      for (int i = 0; i < 100; i++) {
        memset(out->vaddr, round * 100 + i, kPage);
        const auto lba = static_cast<uint64_t>(i * 8);
        REQUIRE(queues.transfer(NVM_IO_WRITE, 1, lba, 8, out) == 0);
        REQUIRE(queues.transfer(NVM_IO_READ, 1, lba, 8, in) == 0);
        CHECK(memcmp(out->vaddr, in->vaddr, kPage) == 0);
      }
    }
    nvm_dma_unmap(in);
    nvm_dma_unmap(out);
  }
}

TEST_CASE("two submission queues of a served controller share a completion queue") {
  vfio_user::test::Served served(1, vfio_user::Doorbells::Trap);
  CapiHost host(served.folder.socket().c_str());
  CapiQueues queues(host, 1);
  nvm_dma_t* memory = host.allocate(kPage);
  nvm_queue_t second;
  REQUIRE(nvm_admin_sq_create(host.aq, &second, &queues.cq, 2, memory->vaddr, memory->ioaddrs[0]) ==
          0);
  nvm_cmd_t* cmd = nvm_sq_enqueue(&second);
  memset(cmd, 0, sizeof(*cmd));
  nvm_cmd_header(cmd, 7, NVM_IO_FLUSH, 1);
  nvm_sq_submit(&second);
  const nvm_cpl_t* cpl = queues.wait();
  CHECK(NVM_ERR_STATUS(cpl) == 0);
  nvm_cq_update(&queues.cq);
  CHECK(nvm_admin_sq_delete(host.aq, &second, &queues.cq) == 0);
  nvm_dma_unmap(memory);
}

TEST_CASE("memory of a C program's own is not reached by a served controller") {
  vfio_user::test::Served served;
  CapiHost host(served.folder.path().c_str());
  alignas(kPage) static char page[kPage];
  nvm_dma_t* map = nullptr;
  CHECK(nvm_dma_map_host(&map, host.ctrl, page, sizeof page) == ENOTSUP);
  CHECK(map == nullptr);
}

}  // namespace nvm::test
