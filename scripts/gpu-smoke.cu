// SPDX-License-Identifier: MIT
// One CUDA kernel reads one block through nvm_queue.h: queue memory, doorbells and data of an
// emulated controller are registered with CUDA, and the kernel does all of the I/O. Run by
// scripts/gpu-smoke.
#include <cuda_runtime.h>
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_cmd.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_util.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kSkipped = 77;
constexpr uint64_t kLba = 42;
constexpr size_t kBlockWords = 512 / sizeof(uint32_t);
constexpr size_t kDoorbellOffset = 0x1000;
constexpr uint64_t kHostTimeoutMs = 10'000;
constexpr long long kKernelClocksMax = 20'000'000'000;  // some ten seconds

enum { ACQ, ASQ, CQ, SQ, DATA, PAGES };

struct Outcome {
  uint32_t completed;
  uint32_t status;  // SCT and SC
  uint32_t wrong_words;
};

__host__ __device__ uint32_t pattern(size_t word) {
  return 0x9e3779b9u * (uint32_t)(word + 1);
}

void check(int status, const char* what) {
  if (nvm_ok(status)) return;
  fprintf(stderr, "%s: %s\n%s\n", what, nvm_strerror(status), nvm_reason());
  exit(1);
}

void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
  exit(1);
}

// The address under which kernels reach `host`, whole pages of which are registered.
template <class T>
T* device_pointer(T* host, size_t byte_length) {
  void* bytes = const_cast<void*>(static_cast<const volatile void*>(host));
  void* device = nullptr;
  check(cudaHostRegister(bytes, byte_length, cudaHostRegisterMapped), "cudaHostRegister");
  check(cudaHostGetDevicePointer(&device, bytes, 0), "cudaHostGetDevicePointer");
  return static_cast<T*>(device);
}

__global__ void read_block(nvm_queue_t* sq, nvm_queue_t* cq, const volatile uint32_t* data,
                           uint64_t data_ioaddr, Outcome* outcome) {
  nvm_cmd_t command = {};
  nvm_cmd_header(&command, 1, NVM_IO_READ, 1);
  nvm_cmd_data_ptr(&command, data_ioaddr, 0);
  nvm_cmd_rw_blks(&command, kLba, 1);
  *nvm_sq_enqueue(sq) = command;
  nvm_sq_submit(sq);

  nvm_cpl_t* cpl = nullptr;
  const long long start = clock64();
  while ((cpl = nvm_cq_dequeue(cq)) == nullptr) {
    if (clock64() - start > kKernelClocksMax) return;
  }
  outcome->status = cpl->dword[3] >> 17 & 0x7ff;
  nvm_sq_update(sq);
  nvm_cq_update(cq);
  for (size_t word = 0; word < kBlockWords; word++) {
    if (data[word] != pattern(word)) outcome->wrong_words++;
  }
  outcome->completed = 1;
}

// Writes the pattern to the disk with the same queues, as the host does.
void write_block(nvm_queue_t* sq, nvm_queue_t* cq, nvm_dma_t* memory) {
  auto* words = static_cast<uint32_t*>(NVM_DMA_OFFSET(memory, DATA));
  for (size_t word = 0; word < kBlockWords; word++) words[word] = pattern(word);
  nvm_cmd_t* cmd = nvm_sq_enqueue(sq);
  if (cmd == nullptr) {
    fprintf(stderr, "the submission queue is full\n");
    exit(1);
  }
  memset(cmd, 0, sizeof(*cmd));
  nvm_cmd_header(cmd, 0, NVM_IO_WRITE, 1);
  nvm_cmd_data_ptr(cmd, memory->ioaddrs[DATA], 0);
  nvm_cmd_rw_blks(cmd, kLba, 1);
  nvm_sq_submit(sq);
  nvm_cpl_t* cpl = nvm_cq_dequeue_block(cq, kHostTimeoutMs);
  check(cpl == nullptr ? ETIME : NVM_ERR_STATUS(cpl), "write");
  nvm_sq_update(sq);
  nvm_cq_update(cq);
  memset(words, 0, kBlockWords * sizeof(uint32_t));
}

// Runs the kernel; meanwhile keeps the controller awake, which a kernel cannot.
Outcome run_kernel(const nvm_ctrl_t* ctrl, const nvm_dma_t* memory, const nvm_queue_t& sq,
                   const nvm_queue_t& cq) {
  auto* pages = device_pointer(static_cast<char*>(memory->vaddr), PAGES * ctrl->page_size);
  auto* doorbells = device_pointer(_REG(ctrl->mm_ptr, kDoorbellOffset, 32), ctrl->page_size);
  struct Shared {
    nvm_queue_t sq, cq;
    Outcome outcome;
  }* shared = nullptr;
  check(cudaHostAlloc((void**)&shared, sizeof(*shared), cudaHostAllocMapped), "cudaHostAlloc");
  shared->sq = sq;
  shared->cq = cq;
  shared->outcome = {};
  shared->sq.vaddr = pages + SQ * ctrl->page_size;
  shared->cq.vaddr = pages + CQ * ctrl->page_size;
  shared->sq.db = doorbells + (sq.db - _REG(ctrl->mm_ptr, kDoorbellOffset, 32));
  shared->cq.db = doorbells + (cq.db - _REG(ctrl->mm_ptr, kDoorbellOffset, 32));
  const auto* data = reinterpret_cast<const uint32_t*>(pages + DATA * ctrl->page_size);
  read_block<<<1, 1>>>(&shared->sq, &shared->cq, data, memory->ioaddrs[DATA], &shared->outcome);
  check(cudaGetLastError(), "kernel launch");
  while (cudaStreamQuery(nullptr) == cudaErrorNotReady) nvm_queue_wake(&sq);
  check(cudaDeviceSynchronize(), "kernel");
  return shared->outcome;
}

}  // namespace

int main() {
  int device_count = 0;
  if (cudaGetDeviceCount(&device_count) != cudaSuccess || device_count == 0) {
    fprintf(stderr, "gpu-smoke: skipped, this machine has no GPU that CUDA can use\n");
    return kSkipped;
  }
  nvm_ctrl_t* ctrl = nullptr;
  nvm_dma_t* memory = nullptr;
  nvm_aq_ref aq = nullptr;
  nvm_queue_t sq, cq;
  check(nvm_ctrl_open(&ctrl, nullptr), "nvm_ctrl_open");
  check(nvm_dma_create(&memory, ctrl, PAGES * ctrl->page_size), "nvm_dma_create");
  check(nvm_aq_create(&aq, ctrl, memory), "nvm_aq_create");
  check(nvm_admin_set_num_queues(aq, 1, 1), "nvm_admin_set_num_queues");
  check(nvm_admin_cq_create(aq, &cq, 1, NVM_DMA_OFFSET(memory, CQ), memory->ioaddrs[CQ]),
        "nvm_admin_cq_create");
  check(nvm_admin_sq_create(aq, &sq, &cq, 1, NVM_DMA_OFFSET(memory, SQ), memory->ioaddrs[SQ]),
        "nvm_admin_sq_create");
  write_block(&sq, &cq, memory);
  const Outcome outcome = run_kernel(ctrl, memory, sq, cq);
  nvm_aq_destroy(aq);
  nvm_dma_unmap(memory);
  nvm_ctrl_free(ctrl);
  if (outcome.completed && outcome.status == 0 && outcome.wrong_words == 0) {
    printf("gpu-smoke: a kernel read block %llu and found what was written there\n",
           (unsigned long long)kLba);
    return 0;
  }
  fprintf(stderr, "gpu-smoke: FAILED: completed %u, status 0x%x, wrong words %u\n",
          outcome.completed, outcome.status, outcome.wrong_words);
  return 1;
}
