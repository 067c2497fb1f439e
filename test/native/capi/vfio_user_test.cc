// SPDX-License-Identifier: MIT
// The C API on a controller that is served over vfio-user, in both ways to ring.
#include <sys/socket.h>
#include <unistd.h>

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

TEST_CASE("a queue whose number is taken in vain loses no ring of the one that has it") {
  vfio_user::test::Served served(1, vfio_user::Doorbells::Trap);
  CapiHost host(served.folder.path().c_str());
  nvm_dma_t* memory = host.allocate(kPage);
  for (const bool creates : {false, true}) {
    CAPTURE(creates);
    CapiQueues queues(host, 1);
    INFO("the tail is in the last slot: the next ring is 0, as that of a new queue");
    for (int i = 1; i < queues.sq.max_entries; i++) {
      REQUIRE(queues.transfer(NVM_IO_READ, 1, 0, 8, memory) == 0);
    }
    nvm_dma_t* page = host.allocate(kPage);
    nvm_queue_t second;
    nvm_queue_clear(&second, host.ctrl, false, 1, page->vaddr, page->ioaddrs[0]);
    if (creates) {
      CHECK(nvm_admin_sq_create(host.aq, &second, &queues.cq, 1, page->vaddr, page->ioaddrs[0]) ==
            -0x101);
    }
    CHECK(queues.transfer(NVM_IO_READ, 1, 0, 8, memory) == 0);
    nvm_dma_unmap(page);
  }
  nvm_dma_unmap(memory);
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
  CHECK(std::string(nvm_reason()).find("; memory that is allocated for it can") !=
        std::string::npos);
}

TEST_CASE("a connection to a server is a controller, until its reference is let go of") {
  vfio_user::test::Served served;
  const std::string path = served.folder.socket();
  // As any program connects: blocking, and kept.
  const vfio_user::test::SocketClient connection(path);
  REQUIRE(connection.connected());
  nvm_ctrl_t* ctrl = nullptr;
  nvm_ctrl_t* again = nullptr;
  const int status = nvm_ctrl_init(&ctrl, connection.socket());
  INFO(nvm_reason());
  REQUIRE(status == 0);
  const bool has_registers = ctrl->mm_ptr != nullptr;
  CHECK(!has_registers);
  {
    CapiHost host(ctrl);
    CHECK(host.identify() == 0);
    nvm_dma_t* memory = host.allocate(kPage);
    {
      CapiQueues queues(host, 1);
      CHECK(queues.transfer(NVM_IO_READ, 1, 0, 1, memory) == 0);
    }
    nvm_dma_unmap(memory);
    nvm_aq_ref refused = nullptr;
    REQUIRE(nvm_ctrl_init(&again, connection.socket()) == 0);
    CHECK(nvm_aq_create(&refused, again, host.window) == EBUSY);
    const std::string name = "file descriptor " + std::to_string(connection.socket());
    CHECK(std::string(nvm_reason()).find(name) != std::string::npos);
    nvm_ctrl_free(again);
  }
  CHECK(nvm_ctrl_init(&again, connection.socket()) == ENODEV);
  CHECK(std::string(nvm_reason()).find("its connection has ended") != std::string::npos);
  CapiHost next(path.c_str());  // the server has one client at a time
  CHECK(next.identify() == 0);
}

TEST_CASE("other sockets are no controllers") {
  nvm_ctrl_t* ctrl = nullptr;
  int packets[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packets) == 0);
  const int unconnected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (const int fd : {packets[0], unconnected}) {
    CHECK(nvm_ctrl_init(&ctrl, fd) == ENODEV);
    CHECK(ctrl == nullptr);
    CHECK(std::string(nvm_reason()).find("no connected UNIX stream socket") != std::string::npos);
  }
  for (const int fd : {packets[0], packets[1], unconnected}) close(fd);
}

}  // namespace nvm::test
