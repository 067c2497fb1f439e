/* SPDX-License-Identifier: MIT */
/**
 * DOC: Types
 *
 * Members may be read; those of nvm_ctrl_t and nvm_dma_t are set by the library only.
 */
#ifndef NVM_TYPES_H
#define NVM_TYPES_H

#include <stddef.h>
#include <stdint.h>

/**
 * define NVM_HOST_DEVICE - marks a function that also runs on a CUDA device
 */
#ifdef __CUDACC__
#define NVM_HOST_DEVICE __host__ __device__
#else
#define NVM_HOST_DEVICE
#endif

/**
 * typedef nvm_ctrl_t - a reference to a controller
 * @page_size: memory page size in use, CC.MPS, in bytes
 * @dstrd: doorbell stride, CAP.DSTRD: 4 << dstrd bytes
 * @timeout: worst case of enabling and disabling, CAP.TO, in milliseconds
 * @max_entries: entries of a queue, CAP.MQES + 1 (65535 for 65536)
 * @mm_size: bytes at mm_ptr
 * @mm_ptr: page 0: the registers or a view of them; page 1: the doorbells. Null for a device behind
 * a vfio-user socket
 */
typedef struct nvm_ctrl {
  size_t page_size;
  uint8_t dstrd;
  uint64_t timeout;
  uint16_t max_entries;
  size_t mm_size;
  volatile void* mm_ptr;
} nvm_ctrl_t;

/**
 * typedef nvm_dma_t - memory that a controller can reach
 * @vaddr: where it is here; NULL when it is not mapped into this process
 * @page_size: bytes behind each entry of ioaddrs
 * @n_ioaddrs: entries of ioaddrs
 * @ioaddrs: address of each page as the controller sees it
 *
 * It is contiguous here, but not necessarily for the controller.
 */
typedef struct __attribute__((aligned(32))) nvm_dma {
  void* vaddr;
  size_t page_size;
  size_t n_ioaddrs;
  uint64_t ioaddrs[];
} nvm_dma_t;

/**
 * typedef nvm_queue_t - one submission or completion queue
 * @no: queue identifier; 0 is the admin queue
 * @max_entries: entries in the ring
 * @entry_size: bytes of one entry
 * @head: next entry to consume
 * @tail: next entry to fill
 * @phase: phase tag of a new completion; of an SQ, flips each lap
 * @last: value that the doorbell was last rung with
 * @db: doorbell register
 * @vaddr: memory of the ring
 * @ioaddr: its address as the controller sees it
 * @sleeping: of a device that may park, else NULL: see nvm_queue_wake
 * @cids: ids in use: see nvm_queue_track; NULL when not tracked
 *
 * A submission queue has one producer thread (enqueue, submit) and one consumer thread
 * (nvm_sq_update()); they may be two different ones. A completion queue has one thread.
 */
typedef struct __attribute__((aligned(64))) nvm_queue {
  uint16_t no;
  uint16_t max_entries;
  uint16_t entry_size;
  uint32_t head;
  uint32_t tail;
  int16_t phase;
  uint32_t last;
  volatile uint32_t* db;
  volatile void* vaddr;
  uint64_t ioaddr;
  const volatile uint32_t* sleeping;
  uint32_t* cids;
} nvm_queue_t;

/**
 * typedef nvm_cmd_t - a command: one submission queue entry
 * @dword: the dwords, as NVMe numbers them
 */
typedef struct __attribute__((aligned(64))) nvm_cmd {
  uint32_t dword[16];
} nvm_cmd_t;

/**
 * typedef nvm_cpl_t - a completion: one completion queue entry
 * @dword: the dwords, as NVMe numbers them
 */
typedef struct __attribute__((aligned(16))) nvm_cpl {
  uint32_t dword[4];
} nvm_cpl_t;

/**
 * typedef nvm_prp_list_t - one page of memory for a PRP list
 * @vaddr: where it is here
 * @ioaddr: where it is for the controller; page-aligned
 */
typedef struct nvm_prp_list_page {
  void* vaddr;
  uint64_t ioaddr;
} nvm_prp_list_t;

/**
 * typedef nvm_aq_ref - a reference to a controller's admin queue pair
 *
 * Of its owner, or of somebody whom the owner serves.
 */
typedef struct nvm_admin_reference* nvm_aq_ref;

/**
 * struct nvm_ctrl_info - what a controller says about itself
 * @nvme_version: register VS: major 31:16, minor 15:8, tertiary 7:0
 * @page_size: memory page size in use, in bytes
 * @db_stride: doorbell stride in bytes
 * @timeout: CAP.TO in milliseconds
 * @contiguous: not 0: queues must be physically contiguous
 * @max_entries: entries of a queue
 * @pci_vendor: vendor id, subsystem vendor id, as they lie in memory
 * @serial_no: padded with spaces, no terminator
 * @model_no: as serial_no
 * @firmware: as serial_no
 * @max_data_size: bytes that one command moves: MDTS; without a limit, what one PRP list describes
 * @max_data_pages: the same in pages
 * @cq_entry_size: bytes of a completion
 * @sq_entry_size: bytes of a command
 * @max_out_cmds: MAXCMD; 0 when the controller does not say
 * @max_n_ns: number of namespaces
 */
struct nvm_ctrl_info {
  uint32_t nvme_version;
  size_t page_size;
  size_t db_stride;
  uint64_t timeout;
  int contiguous;
  uint16_t max_entries;
  uint8_t pci_vendor[4];
  char serial_no[20];
  char model_no[40];
  char firmware[8];
  size_t max_data_size;
  size_t max_data_pages;
  size_t cq_entry_size;
  size_t sq_entry_size;
  size_t max_out_cmds;
  size_t max_n_ns;
};

/**
 * struct nvm_ns_info - what a controller says about a namespace
 * @ns_id: the namespace
 * @size: in blocks
 * @capacity: in blocks
 * @utilization: in blocks
 * @lba_data_size: bytes of a block
 * @metadata_size: bytes of metadata per block
 */
struct nvm_ns_info {
  uint32_t ns_id;
  uint64_t size;
  uint64_t capacity;
  uint64_t utilization;
  size_t lba_data_size;
  size_t metadata_size;
};

#ifdef __cplusplus
static_assert(sizeof(nvm_queue_t) == 64, "a queue descriptor is one cache line");
static_assert(sizeof(nvm_cmd_t) == 64, "a command is 64 bytes");
static_assert(sizeof(nvm_cpl_t) == 16, "a completion is 16 bytes");
#endif

#endif /* NVM_TYPES_H */
