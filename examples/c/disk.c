/* SPDX-License-Identifier: MIT */
#include "disk.h"

#include <errno.h>
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_cmd.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_rpc.h>
#include <nvm_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_ACQ, WINDOW_ASQ, WINDOW_IDENTIFY, WINDOW_PAGES };
enum { QUEUE_CQ, QUEUE_SQ, QUEUE_LIST, QUEUE_PAGES };

void disk_complain(const char* what, int status) {
  fprintf(stderr, "%s: %s\n", what, nvm_strerror(status));
  if (nvm_reason()[0] != '\0') fprintf(stderr, "%s\n", nvm_reason());
}

uint64_t parse_number(const char* option, const char* text, uint64_t max) {
  char* end = NULL;
  errno = 0;
  const unsigned long long value = strtoull(text, &end, 0);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max) {
    fprintf(stderr, "--%s=%s: a number from 0 to %llu is expected\n", option, text,
            (unsigned long long)max);
    exit(1);
  }
  return value;
}

static bool open_ctrl(nvm_ctrl_t** ctrl, const char* target) {
  const int status = nvm_ctrl_open(ctrl, target);
  if (!nvm_ok(status)) disk_complain("Failed to open the controller", status);
  return nvm_ok(status);
}

static bool set_up(struct disk* disk, nvm_ctrl_t* ctrl, bool is_client) {
  memset(disk, 0, sizeof(*disk));
  disk->ctrl = ctrl;
  int status = nvm_dma_create(&disk->window, disk->ctrl, disk->ctrl->page_size * WINDOW_PAGES);
  if (nvm_ok(status)) {
    status = is_client ? nvm_rpc_bind(&disk->aq, disk->ctrl, NULL)
                       : nvm_aq_create(&disk->aq, disk->ctrl, disk->window);
  }
  if (nvm_ok(status)) {
    status =
        nvm_admin_ctrl_info(disk->aq, &disk->info, NVM_DMA_OFFSET(disk->window, WINDOW_IDENTIFY),
                            disk->window->ioaddrs[WINDOW_IDENTIFY]);
  }
  if (nvm_ok(status)) return true;
  disk_complain("Failed to set up the controller", status);
  disk_stop(disk);
  disk_close(disk);
  return false;
}

bool disk_open(struct disk* disk, const char* target) {
  nvm_ctrl_t* ctrl;
  return open_ctrl(&ctrl, target) && disk_manage(disk, ctrl);
}

bool disk_has_manager(const nvm_ctrl_t* ctrl) {
  nvm_aq_ref client = NULL;
  const bool is_client = nvm_ok(nvm_rpc_bind(&client, ctrl, NULL));
  nvm_rpc_unbind(client);
  return is_client;
}

bool disk_manage(struct disk* disk, nvm_ctrl_t* ctrl) {
  return set_up(disk, ctrl, false);
}

bool disk_join(struct disk* disk, const char* path) {
  nvm_ctrl_t* ctrl;
  return open_ctrl(&ctrl, path) && set_up(disk, ctrl, true);
}

void disk_stop(struct disk* disk) {
  nvm_aq_destroy(disk->aq);
  disk->aq = NULL;
}

void disk_close(struct disk* disk) {
  nvm_dma_unmap(disk->window);
  nvm_ctrl_free(disk->ctrl);
}

bool disk_namespace(struct disk* disk, uint32_t ns_id, struct nvm_ns_info* info) {
  const int status =
      nvm_admin_ns_info(disk->aq, info, ns_id, NVM_DMA_OFFSET(disk->window, WINDOW_IDENTIFY),
                        disk->window->ioaddrs[WINDOW_IDENTIFY]);
  if (!nvm_ok(status)) disk_complain("Failed to identify the namespace", status);
  return nvm_ok(status);
}

/* Length of a field that is padded with spaces or zeros. */
static int text_length(const char* text, size_t size) {
  while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\0')) size--;
  return (int)size;
}

void disk_print(const struct disk* disk) {
  const struct nvm_ctrl_info* info = &disk->info;
  const uint8_t* vendor = info->pci_vendor;
  const uint32_t version = info->nvme_version;
  printf("------------- Controller information -------------\n");
  printf("%-24s: %x %x\n", "PCI Vendor ID", vendor[0], vendor[1]);
  printf("%-24s: %x %x\n", "PCI Subsystem Vendor ID", vendor[2], vendor[3]);
  printf("%-24s: %u.%u.%u\n", "NVM Express version", version >> 16, (version >> 8) & 0xff,
         version & 0xff);
  printf("%-24s: %zu\n", "Controller page size", info->page_size);
  printf("%-24s: %u\n", "Max queue entries", info->max_entries);
  printf("%-24s: %.*s\n", "Serial Number", text_length(info->serial_no, sizeof(info->serial_no)),
         info->serial_no);
  printf("%-24s: %.*s\n", "Model Number", text_length(info->model_no, sizeof(info->model_no)),
         info->model_no);
  printf("%-24s: %.*s\n", "Firmware revision", text_length(info->firmware, sizeof(info->firmware)),
         info->firmware);
  printf("%-24s: %zu\n", "Max data transfer size", info->max_data_size);
  printf("%-24s: %zu\n", "Max outstanding commands", info->max_out_cmds);
  printf("%-24s: %zu\n", "Max number of namespaces", info->max_n_ns);
  printf("--------------------------------------------------\n");
}

void disk_print_namespace(const struct nvm_ns_info* info) {
  printf("------------- Namespace  information -------------\n");
  printf("%-24s: %x\n", "Namespace identifier", info->ns_id);
  printf("%-24s: %zu bytes\n", "Logical block size", info->lba_data_size);
  printf("%-24s: %zu blocks\n", "Namespace size", (size_t)info->size);
  printf("%-24s: %zu blocks\n", "Namespace capacity", (size_t)info->capacity);
  printf("--------------------------------------------------\n");
}

/* Number `id`, or the first from there on that nobody else has. */
static int create_cq(struct disk* disk, struct disk_queue* queue, uint16_t id, bool or_next) {
  int status;
  do {
    status = nvm_admin_cq_create(disk->aq, &queue->cq, id, NVM_DMA_OFFSET(queue->memory, QUEUE_CQ),
                                 queue->memory->ioaddrs[QUEUE_CQ]);
  } while (or_next && status == EBUSY && ++id != 0);
  return status;
}

bool disk_queue_open(struct disk* disk, struct disk_queue* queue, uint16_t id) {
  uint16_t n_cqs = 1;
  uint16_t n_sqs = 1;
  memset(queue, 0, sizeof(*queue));
  int status = nvm_admin_request_num_queues(disk->aq, &n_cqs, &n_sqs);
  if (nvm_ok(status)) {
    status = nvm_dma_create(&queue->memory, disk->ctrl, disk->ctrl->page_size * QUEUE_PAGES);
  }
  if (nvm_ok(status)) {
    status = create_cq(disk, queue, id == 0 ? 1 : id, id == 0);
  }
  if (nvm_ok(status)) {
    status = nvm_admin_sq_create(disk->aq, &queue->sq, &queue->cq, queue->cq.no,
                                 NVM_DMA_OFFSET(queue->memory, QUEUE_SQ),
                                 queue->memory->ioaddrs[QUEUE_SQ]);
  }
  if (!nvm_ok(status)) disk_complain("Failed to create a queue pair", status);
  return nvm_ok(status);
}

void disk_queue_close(struct disk_queue* queue) {
  nvm_dma_unmap(queue->memory);
}

bool disk_transfer(struct disk_queue* queue, uint8_t opcode, uint32_t ns_id, uint64_t lba,
                   uint16_t n_blks, size_t n_pages, const uint64_t* page_addrs) {
  nvm_cmd_t* cmd = nvm_sq_enqueue(&queue->sq);
  if (cmd == NULL) return false;
  memset(cmd, 0, sizeof(*cmd));
  nvm_cmd_header(cmd, NVM_DEFAULT_CID(&queue->sq), opcode, ns_id);
  if (opcode != NVM_IO_FLUSH) {
    nvm_cmd_rw_blks(cmd, lba, n_blks);
    nvm_cmd_data(cmd, queue->memory->page_size, n_pages, NVM_DMA_OFFSET(queue->memory, QUEUE_LIST),
                 queue->memory->ioaddrs[QUEUE_LIST], page_addrs);
  }
  nvm_sq_submit(&queue->sq);

  nvm_cpl_t* cpl = nvm_cq_dequeue_block(&queue->cq, DISK_TIMEOUT_MS);
  if (cpl == NULL) {
    disk_complain("No completion", ETIME);
    return false;
  }
  const int status = NVM_ERR_STATUS(cpl);
  nvm_sq_update(&queue->sq);
  nvm_cq_update(&queue->cq);
  if (!nvm_ok(status))
    fprintf(stderr, "Block %llu: %s\n", (unsigned long long)lba, nvm_strerror(status));
  return nvm_ok(status);
}
