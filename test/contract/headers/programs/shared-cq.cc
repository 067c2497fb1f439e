// SPDX-License-Identifier: MIT
// As a C++ program for libnvm's master lets threads share a completion queue: shared-cq PATH.
// Prints how many commands of each submission queue were completed.
#include <fcntl.h>
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_cmd.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_rpc.h>
#include <nvm_types.h>
#include <nvm_util.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr uint16_t kQueues = 3;
constexpr size_t kCommands = 500;  // of each queue

void check(int status) {
  if (!nvm_ok(status)) throw std::runtime_error(nvm_strerror(status));
}

void produce(nvm_queue_t* sq, const nvm_dma_t* buffer, uint16_t index) {
  for (size_t i = 0; i < kCommands;) {
    nvm_cmd_t* cmd = nvm_sq_enqueue(sq);
    if (cmd == nullptr) {
      std::this_thread::yield();
      continue;
    }
    std::memset(cmd, 0, sizeof(*cmd));
    nvm_cmd_header(cmd, NVM_DEFAULT_CID(sq), NVM_IO_READ, 1);
    nvm_cmd_data_ptr(cmd, buffer->ioaddrs[index], 0);
    nvm_cmd_rw_blks(cmd, i++, 1);
    nvm_sq_submit(sq);
  }
}

void consume(nvm_queue_t* cq, std::vector<nvm_queue_t>* sqs, std::vector<size_t>* done) {
  for (size_t i = 0; i < kQueues * kCommands; i++) {
    nvm_cpl_t* cpl = nvm_cq_dequeue_block(cq, 10000);
    if (cpl == nullptr || !NVM_ERR_OK(cpl)) return;
    const uint16_t index = *NVM_CPL_SQID(cpl) - 1;
    done->at(index)++;
    nvm_sq_update(&sqs->at(index));
    nvm_cq_update(cq);
  }
}

void run(const char* path) {
  nvm_ctrl_t* ctrl = nullptr;
  nvm_dma_t* memory = nullptr;
  nvm_aq_ref ref = nullptr;
  const int fd = open(path, O_RDWR);
  check(nvm_ctrl_init(&ctrl, fd));
  close(fd);
  check(nvm_dma_create(&memory, ctrl, ctrl->page_size * (3 + 2 * kQueues)));
  check(nvm_aq_create(&ref, ctrl, memory));
  uint16_t cqs = 1, sqs_wanted = kQueues;
  check(nvm_admin_request_num_queues(ref, &cqs, &sqs_wanted));

  nvm_queue_t cq;
  std::vector<nvm_queue_t> sqs(kQueues);
  check(nvm_admin_cq_create(ref, &cq, 1, NVM_DMA_OFFSET(memory, 2), memory->ioaddrs[2]));
  for (uint16_t i = 0; i < kQueues; i++) {
    check(nvm_admin_sq_create(ref, &sqs[i], &cq, i + 1, NVM_DMA_OFFSET(memory, 3 + i),
                              memory->ioaddrs[3 + i]));
  }
  std::vector<size_t> done(kQueues);
  std::thread consumer(consume, &cq, &sqs, &done);
  std::vector<std::thread> producers;
  const nvm_dma_t* buffers = memory;
  for (uint16_t i = 0; i < kQueues; i++) {
    producers.emplace_back(produce, &sqs[i], buffers, static_cast<uint16_t>(3 + kQueues + i));
  }
  for (auto& producer : producers) producer.join();
  consumer.join();
  for (size_t count : done) std::printf("%zu\n", count);
  nvm_rpc_unbind(ref);
  nvm_dma_unmap(memory);
  nvm_ctrl_free(ctrl);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    run(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
