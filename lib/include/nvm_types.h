/* SPDX-License-Identifier: MIT */
/*
 * The types of libnvm's C interface. Members may be read; those of nvm_ctrl_t and nvm_dma_t are set
 * by the library only. Every type of fixed layout is checked at the end of this file.
 */
#ifndef NVM_TYPES_H
#define NVM_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* A function that also runs on a CUDA device. */
#ifdef __CUDACC__
#define NVM_HOST_DEVICE __host__ __device__
#else
#define NVM_HOST_DEVICE
#endif

/* A reference to a controller: its registers are mapped, nothing was reset. See nvm_ctrl.h. */
typedef struct nvm_ctrl {
  size_t page_size;      /* memory page size in use, CC.MPS, in bytes */
  uint8_t dstrd;         /* doorbell stride, CAP.DSTRD: 4 << dstrd bytes */
  uint64_t timeout;      /* worst case of enabling and disabling, CAP.TO, in milliseconds */
  uint16_t max_entries;  /* entries of a queue, CAP.MQES + 1 (65535 for 65536) */
  size_t mm_size;        /* bytes at mm_ptr */
  volatile void* mm_ptr; /* page 0: the registers or a view of them; page 1: the doorbells */
} nvm_ctrl_t;

/* Memory that a controller can reach. Contiguous here, but not necessarily for the controller. */
typedef struct __attribute__((aligned(32))) nvm_dma {
  void* vaddr;        /* where it is here; NULL when it is not mapped into this process */
  size_t page_size;   /* bytes behind each entry of ioaddrs */
  size_t n_ioaddrs;   /* entries of ioaddrs */
  uint64_t ioaddrs[]; /* address of each page as the controller sees it */
} nvm_dma_t;

/*
 * One submission or completion queue. A submission queue has one producer thread (enqueue, submit)
 * and one consumer thread (nvm_sq_update); they may be two different ones. A completion queue has
 * one thread.
 */
typedef struct __attribute__((aligned(64))) nvm_queue {
  uint16_t no;                       /* queue identifier; 0 is the admin queue */
  uint16_t max_entries;              /* entries in the ring */
  uint16_t entry_size;               /* bytes of one entry */
  uint32_t head;                     /* next entry to consume */
  uint32_t tail;                     /* next entry to fill */
  int16_t phase;                     /* phase tag of a new completion; of an SQ, flips each lap */
  uint32_t last;                     /* value that the doorbell was last rung with */
  volatile uint32_t* db;             /* doorbell register */
  volatile void* vaddr;              /* memory of the ring */
  uint64_t ioaddr;                   /* its address as the controller sees it */
  const volatile uint32_t* sleeping; /* of a device that may park, else NULL: see nvm_queue_wake */
  uint32_t* cids;                    /* ids in use: see nvm_queue_track; NULL when not tracked */
} nvm_queue_t;

/* A command: one submission queue entry. */
typedef struct __attribute__((aligned(64))) nvm_cmd {
  uint32_t dword[16];
} nvm_cmd_t;

/* A completion: one completion queue entry. */
typedef struct __attribute__((aligned(16))) nvm_cpl {
  uint32_t dword[4];
} nvm_cpl_t;

/* One page of memory for a PRP list. */
typedef struct nvm_prp_list_page {
  void* vaddr;     /* where it is here */
  uint64_t ioaddr; /* where it is for the controller; page-aligned */
} nvm_prp_list_t;

/* A reference to a controller's admin queue pair: of its owner, or of somebody whom the owner
 * serves. */
typedef struct nvm_admin_reference* nvm_aq_ref;

/* What a controller says about itself. */
struct nvm_ctrl_info {
  uint32_t nvme_version; /* register VS: major 31:16, minor 15:8, tertiary 7:0 */
  size_t page_size;      /* memory page size in use, in bytes */
  size_t db_stride;      /* doorbell stride in bytes */
  uint64_t timeout;      /* CAP.TO in milliseconds */
  int contiguous;        /* not 0: queues must be physically contiguous */
  uint16_t max_entries;  /* entries of a queue */
  uint8_t pci_vendor[4]; /* vendor id, subsystem vendor id, as they lie in memory */
  char serial_no[20];    /* padded with spaces, no terminator */
  char model_no[40];     /* as serial_no */
  char firmware[8];      /* as serial_no */
  size_t max_data_size;  /* bytes that one command moves: MDTS; without a limit, what one PRP list
                            describes */
  size_t max_data_pages; /* the same in pages */
  size_t cq_entry_size;  /* bytes of a completion */
  size_t sq_entry_size;  /* bytes of a command */
  size_t max_out_cmds;   /* MAXCMD; 0 when the controller does not say */
  size_t max_n_ns;       /* number of namespaces */
};

/* What a controller says about a namespace. */
struct nvm_ns_info {
  uint32_t ns_id;
  uint64_t size;        /* in blocks */
  uint64_t capacity;    /* in blocks */
  uint64_t utilization; /* in blocks */
  size_t lba_data_size; /* bytes of a block */
  size_t metadata_size; /* bytes of metadata per block */
};

#ifdef __cplusplus
static_assert(sizeof(nvm_queue_t) == 64, "a queue descriptor is one cache line");
static_assert(sizeof(nvm_cmd_t) == 64, "a command is 64 bytes");
static_assert(sizeof(nvm_cpl_t) == 16, "a completion is 16 bytes");
#endif

#endif /* NVM_TYPES_H */
