/* SPDX-License-Identifier: MIT */
/* Every name of libnvm's headers, with the types that libnvm's master gives them. C99 and C++. */
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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int n_wrong = 0;

static void expect(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "%s\n", what);
  n_wrong++;
}
#define EXPECT(condition) expect((condition), #condition)

/* A pointer to a member has the type of the member, or it does not compile. */
#define MEMBER(type, object, name) \
  do {                             \
    type* member = &(object).name; \
    (void)member;                  \
  } while (0)

static void public_members(void) {
  static nvm_ctrl_t ctrl;
  static nvm_queue_t queue;
  static struct nvm_ctrl_info info;
  static struct nvm_ns_info ns;
  nvm_dma_t* dma = NULL;
  nvm_cmd_t cmd;
  nvm_cpl_t cpl;
  nvm_aq_ref ref = NULL;
  struct nvm_admin_reference* same = ref;
  (void)same;
  MEMBER(size_t, ctrl, page_size);
  MEMBER(uint8_t, ctrl, dstrd);
  MEMBER(uint64_t, ctrl, timeout);
  MEMBER(uint16_t, ctrl, max_entries);
  MEMBER(size_t, ctrl, mm_size);
  MEMBER(volatile void*, ctrl, mm_ptr);
  EXPECT(sizeof(dma->vaddr) == sizeof(void*) && sizeof(dma->page_size) == sizeof(size_t));
  EXPECT(sizeof(dma->n_ioaddrs) == sizeof(size_t) && sizeof(dma->ioaddrs[0]) == sizeof(uint64_t));
  MEMBER(uint16_t, queue, no);
  MEMBER(uint16_t, queue, max_entries);
  MEMBER(uint16_t, queue, entry_size);
  MEMBER(uint32_t, queue, head);
  MEMBER(uint32_t, queue, tail);
  MEMBER(int16_t, queue, phase);
  MEMBER(uint32_t, queue, last);
  MEMBER(volatile uint32_t*, queue, db);
  MEMBER(volatile void*, queue, vaddr);
  MEMBER(uint64_t, queue, ioaddr);
  MEMBER(uint32_t, cmd, dword[15]);
  MEMBER(uint32_t, cpl, dword[3]);
  MEMBER(uint32_t, info, nvme_version);
  MEMBER(size_t, info, page_size);
  MEMBER(size_t, info, db_stride);
  MEMBER(uint64_t, info, timeout);
  MEMBER(int, info, contiguous);
  MEMBER(uint16_t, info, max_entries);
  MEMBER(uint8_t, info, pci_vendor[3]);
  MEMBER(char, info, serial_no[19]);
  MEMBER(char, info, model_no[39]);
  MEMBER(char, info, firmware[7]);
  MEMBER(size_t, info, max_data_size);
  MEMBER(size_t, info, max_data_pages);
  MEMBER(size_t, info, cq_entry_size);
  MEMBER(size_t, info, sq_entry_size);
  MEMBER(size_t, info, max_out_cmds);
  MEMBER(size_t, info, max_n_ns);
  MEMBER(uint32_t, ns, ns_id);
  MEMBER(uint64_t, ns, size);
  MEMBER(uint64_t, ns, capacity);
  MEMBER(uint64_t, ns, utilization);
  MEMBER(size_t, ns, lba_data_size);
  MEMBER(size_t, ns, metadata_size);
  EXPECT(sizeof(cmd) == 64 && sizeof(cpl) == 16);
  EXPECT(sizeof(info.serial_no) == 20 && sizeof(info.model_no) == 40 && sizeof(info.firmware) == 8);
}

/* As libnvm's master declares them. */
static void functions(void) {
  int (*ctrl_init)(nvm_ctrl_t**, int) = nvm_ctrl_init;
  int (*raw_ctrl_init)(nvm_ctrl_t**, volatile void*, size_t) = nvm_raw_ctrl_init;
  void (*ctrl_free)(nvm_ctrl_t*) = nvm_ctrl_free;
  int (*raw_ctrl_reset)(const nvm_ctrl_t*, uint64_t, uint64_t) = nvm_raw_ctrl_reset;
  int (*dma_map)(nvm_dma_t**, const nvm_ctrl_t*, void*, size_t, size_t, const uint64_t*) =
      nvm_dma_map;
  int (*dma_map_host)(nvm_dma_t**, const nvm_ctrl_t*, void*, size_t) = nvm_dma_map_host;
  int (*dma_map_device)(nvm_dma_t**, const nvm_ctrl_t*, void*, size_t) = nvm_dma_map_device;
  int (*dma_create)(nvm_dma_t**, const nvm_ctrl_t*, size_t) = nvm_dma_create;
  void (*dma_unmap)(nvm_dma_t*) = nvm_dma_unmap;
  int (*aq_create)(nvm_aq_ref*, const nvm_ctrl_t*, const nvm_dma_t*) = nvm_aq_create;
  void (*aq_destroy)(nvm_aq_ref) = nvm_aq_destroy;
  int (*raw_rpc)(nvm_aq_ref, nvm_cmd_t*, nvm_cpl_t*) = nvm_raw_rpc;
  void (*rpc_unbind)(nvm_aq_ref) = nvm_rpc_unbind;
  void (*queue_clear)(nvm_queue_t*, const nvm_ctrl_t*, bool, uint16_t, void*, uint64_t) =
      nvm_queue_clear;
  nvm_cpl_t* (*dequeue_block)(nvm_queue_t*, uint64_t) = nvm_cq_dequeue_block;
  int (*ctrl_info)(nvm_aq_ref, struct nvm_ctrl_info*, void*, uint64_t) = nvm_admin_ctrl_info;
  int (*ns_info)(nvm_aq_ref, struct nvm_ns_info*, uint32_t, void*, uint64_t) = nvm_admin_ns_info;
  int (*set_queues)(nvm_aq_ref, uint16_t, uint16_t) = nvm_admin_set_num_queues;
  int (*get_queues)(nvm_aq_ref, uint16_t*, uint16_t*) = nvm_admin_get_num_queues;
  int (*request_queues)(nvm_aq_ref, uint16_t*, uint16_t*) = nvm_admin_request_num_queues;
  int (*cq_create)(nvm_aq_ref, nvm_queue_t*, uint16_t, void*, uint64_t) = nvm_admin_cq_create;
  int (*sq_create)(nvm_aq_ref, nvm_queue_t*, const nvm_queue_t*, uint16_t, void*, uint64_t) =
      nvm_admin_sq_create;
  int (*cq_delete)(nvm_aq_ref, nvm_queue_t*) = nvm_admin_cq_delete;
  int (*sq_delete)(nvm_aq_ref, nvm_queue_t*, const nvm_queue_t*) = nvm_admin_sq_delete;
  const char* (*string)(int) = nvm_strerror;
  const nvm_ctrl_t* (*from_ref)(nvm_aq_ref) = nvm_ctrl_from_aq_ref;
  EXPECT(ctrl_init && raw_ctrl_init && ctrl_free && raw_ctrl_reset && dma_map && dma_map_host);
  EXPECT(dma_map_device && dma_create && dma_unmap && aq_create && aq_destroy && raw_rpc);
  EXPECT(rpc_unbind && queue_clear && dequeue_block && ctrl_info && ns_info && set_queues);
  EXPECT(get_queues && request_queues && cq_create && sq_create && cq_delete && sq_delete);
  EXPECT(string && from_ref);
}

/* Of libnvm's branch 5.11, and ours. */
static void additions(void) {
  int (*remap)(nvm_dma_t**, const nvm_dma_t*) = nvm_dma_remap;
  void (*reset)(nvm_queue_t*) = nvm_queue_reset;
  int (*open)(nvm_ctrl_t**, const char*) = nvm_ctrl_open;
  uint16_t (*cid)(nvm_queue_t*) = nvm_queue_cid;
  bool (*filter)(nvm_cmd_t*, const struct nvm_rpc_client*, void*) = (nvm_rpc_filter)NULL;
  int (*enable)(nvm_aq_ref, const char*, nvm_rpc_filter, void*) = nvm_rpc_enable;
  void (*disable)(nvm_aq_ref, const char*) = nvm_rpc_disable;
  int (*bind)(nvm_aq_ref*, const nvm_ctrl_t*, const char*) = nvm_rpc_bind;
  struct nvm_rpc_client client;
  MEMBER(uint32_t, client, id);
  MEMBER(int32_t, client, pid);
  MEMBER(uint32_t, client, uid);
  MEMBER(uint32_t, client, gid);
  EXPECT(remap && reset && open && cid && enable && disable && bind && !filter);
}

static void inline_functions(void) {
  static nvm_cmd_t sq_memory[4];
  static nvm_cpl_t cq_memory[4];
  static uint64_t list[512];
  static const uint64_t pages[3] = {0x1000, 0x5000, 0x9000};
  uint32_t sq_doorbell = 0;
  uint32_t cq_doorbell = 0;
  nvm_queue_t sq;
  nvm_queue_t cq;
  nvm_cmd_t* cmd;
  nvm_cpl_t* cpl;
  memset(&sq, 0, sizeof(sq));
  sq.max_entries = 4;
  sq.phase = 1;
  cq = sq;
  sq.entry_size = sizeof(nvm_cmd_t);
  sq.vaddr = sq_memory;
  sq.db = &sq_doorbell;
  cq.entry_size = sizeof(nvm_cpl_t);
  cq.vaddr = cq_memory;
  cq.db = &cq_doorbell;

  cmd = nvm_sq_enqueue(&sq);
  nvm_cmd_header(cmd, NVM_DEFAULT_CID(&sq), NVM_IO_READ, NVM_CMD_NS_ALL);
  nvm_cmd_data_ptr(cmd, pages[0], 0);
  nvm_cmd_rw_blks(cmd, 7, 8);
  EXPECT(nvm_prp_list(4096, 3, list, pages) == 3);
  EXPECT(nvm_cmd_data(cmd, 4096, 3, list, 0x2000, pages) == 3);
  EXPECT(*NVM_CMD_CID(cmd) == 1 && *NVM_CMD_NSID(cmd) == 0xffffffff);
  nvm_sq_submit(&sq);
  EXPECT(sq_doorbell == 1);

  cq_memory[0].dword[2] = 1u << 16 | 3;
  cq_memory[0].dword[3] = (0x8000u | 1u << 9 | 5u << 1 | 1u) << 16 | 42;
  EXPECT(nvm_cq_poll(&cq) == &cq_memory[0]);
  cpl = nvm_cq_dequeue(&cq);
  EXPECT(*NVM_CPL_CID(cpl) == 42 && *NVM_CPL_SQHD(cpl) == 3 && *NVM_CPL_SQID(cpl) == 1);
  EXPECT(NVM_ERR_SCT(cpl) == 1 && NVM_ERR_SC(cpl) == 5 && NVM_ERR_DNR(cpl) == 1);
  EXPECT(!NVM_ERR_OK(cpl) && NVM_ERR_STATUS(cpl) == -0x105 && NVM_ERR_PACK(cpl, 0) == -0x105);
  EXPECT(NVM_ERR_UNPACK_SCT(-0x105) == 1 && NVM_ERR_UNPACK_SC(-0x105) == 5);
  EXPECT(NVM_ERR_UNPACK_ERRNO(22) == 22 && nvm_ok(0) && !nvm_ok(22));
  EXPECT((*NVM_CPL_STATUS(cpl) & 1) == 1);
  nvm_sq_update(&sq);
  nvm_cq_update(&cq);
  EXPECT(cq_doorbell == 1 && sq.head == 1);
}

static void constants_and_macros(void) {
  static unsigned char bytes[8192];
  static nvm_ctrl_t ctrl;
  EXPECT(NVM_CTRL_MEM_MINSIZE == 0x2000);
  EXPECT(NVM_IO_FLUSH == 0 && NVM_IO_WRITE == 1 && NVM_IO_READ == 2 && NVM_IO_WRITE_ZEROES == 8);
  EXPECT(NVM_ADMIN_DELETE_SUBMISSION_QUEUE == 0 && NVM_ADMIN_CREATE_SUBMISSION_QUEUE == 1);
  EXPECT(NVM_ADMIN_GET_LOG_PAGE == 2 && NVM_ADMIN_DELETE_COMPLETION_QUEUE == 4);
  EXPECT(NVM_ADMIN_CREATE_COMPLETION_QUEUE == 5 && NVM_ADMIN_IDENTIFY == 6);
  EXPECT(NVM_ADMIN_ABORT == 8 && NVM_ADMIN_SET_FEATURES == 9 && NVM_ADMIN_GET_FEATURES == 10);
  EXPECT(_RB(0xabcd, 15, 8) == 0xab && _WB(0xab, 15, 8) == 0xab00);
  EXPECT((volatile void*)_REG(bytes, 8, 32) == (volatile void*)(bytes + 8));
  EXPECT(NVM_PAGE_TO_BLOCK(4096, 512, 2) == 16 && NVM_BLOCK_TO_PAGE(4096, 512, 9) == 2);
  EXPECT(NVM_PAGE_MASK(4096) == 0xfff && NVM_ADDR_MASK(4096) == ~(uint64_t)0xfff);
  EXPECT(NVM_PAGE_ALIGN(1, 4096) == 4096 && NVM_ADDR_OFFSET(0x1000, 4096, 2) == 0x3000);
  EXPECT(NVM_PTR_OFFSET(bytes, 4096, 1) == bytes + 4096);
  ctrl.page_size = 4096;
  EXPECT(NVM_CTRL_ALIGN(&ctrl, 5000) == 8192 && NVM_CTRL_PAGES(&ctrl, 5000) == 2);
  EXPECT(nvm_ctrl_from_aq_ref(NULL) == NULL);
}

static void descriptor_macros(void) {
  nvm_ctrl_t* ctrl = NULL;
  nvm_dma_t* dma = NULL;
  if (nvm_ctrl_open(&ctrl, NULL) == 0 && nvm_dma_create(&dma, ctrl, 8192) == 0) {
    EXPECT(NVM_DMA_ALIGN(dma, 1) == 4096);
    EXPECT(NVM_DMA_OFFSET(dma, 1) == (unsigned char*)dma->vaddr + 4096);
  } else {
    expect(false, nvm_reason());
  }
  nvm_dma_unmap(dma);
  nvm_ctrl_free(ctrl);
}

int main(void) {
  public_members();
  functions();
  additions();
  inline_functions();
  constants_and_macros();
  descriptor_macros();
  return n_wrong == 0 ? 0 : 1;
}
