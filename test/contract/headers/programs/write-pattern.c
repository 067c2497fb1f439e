/* SPDX-License-Identifier: MIT */
/* As a program for libnvm's master writes and polls: write-pattern PATH PAGES. Page n is filled
 * with byte n. */
#include <fcntl.h>
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_cmd.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_types.h>
#include <nvm_util.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SIZE 512

struct queues {
  nvm_queue_t cq;
  nvm_queue_t sq;
};

static size_t consume(struct queues* queues) {
  size_t n_completed = 0;
  nvm_cpl_t* cpl;
  while ((cpl = nvm_cq_dequeue(&queues->cq)) != NULL) {
    if (!NVM_ERR_OK(cpl)) {
      fprintf(stderr, "%s\n", nvm_strerror(NVM_ERR_STATUS(cpl)));
      exit(1);
    }
    nvm_sq_update(&queues->sq);
    n_completed++;
  }
  nvm_cq_update(&queues->cq);
  return n_completed;
}

static void write_pages(struct queues* queues, const nvm_dma_t* buffer, size_t n_pages) {
  const size_t page_size = buffer->page_size;
  const uint16_t n_blks = NVM_PAGE_TO_BLOCK(page_size, BLOCK_SIZE, 1);
  size_t n_submitted = 0;
  size_t n_completed = 0;
  while (n_completed < n_pages) {
    nvm_cmd_t* cmd;
    while (n_submitted < n_pages && (cmd = nvm_sq_enqueue(&queues->sq)) != NULL) {
      memset(cmd, 0, sizeof(*cmd));
      nvm_cmd_header(cmd, NVM_DEFAULT_CID(&queues->sq), NVM_IO_WRITE, 1);
      nvm_cmd_data(cmd, page_size, 1, NULL, 0, &buffer->ioaddrs[n_submitted]);
      nvm_cmd_rw_blks(cmd, NVM_PAGE_TO_BLOCK(page_size, BLOCK_SIZE, n_submitted), n_blks);
      n_submitted++;
    }
    nvm_sq_submit(&queues->sq);
    n_completed += consume(queues);
    sched_yield();
  }
}

int main(int argc, char** argv) {
  nvm_ctrl_t* ctrl;
  nvm_dma_t* window;
  nvm_dma_t* buffer;
  nvm_aq_ref ref;
  struct queues queues;
  size_t n_pages;
  size_t page;
  int fd;
  if (argc != 3 || (fd = open(argv[1], O_RDWR)) < 0) return 2;
  n_pages = strtoul(argv[2], NULL, 10);
  if (!nvm_ok(nvm_ctrl_init(&ctrl, fd))) return 3;
  close(fd);
  if (!nvm_ok(nvm_dma_create(&window, ctrl, NVM_CTRL_ALIGN(ctrl, 4 * ctrl->page_size)))) return 4;
  if (!nvm_ok(nvm_dma_create(&buffer, ctrl, n_pages * ctrl->page_size))) return 4;
  if (!nvm_ok(nvm_aq_create(&ref, ctrl, window))) return 5;
  memset(NVM_DMA_OFFSET(window, 2), 0, 2 * ctrl->page_size);
  if (!nvm_ok(nvm_admin_set_num_queues(ref, 1, 1)) ||
      !nvm_ok(
          nvm_admin_cq_create(ref, &queues.cq, 1, NVM_DMA_OFFSET(window, 2), window->ioaddrs[2])) ||
      !nvm_ok(nvm_admin_sq_create(ref, &queues.sq, &queues.cq, 1, NVM_DMA_OFFSET(window, 3),
                                  window->ioaddrs[3]))) {
    return 6;
  }
  for (page = 0; page < n_pages; page++) {
    memset(NVM_DMA_OFFSET(buffer, page), (int)(page & 0xff), buffer->page_size);
  }
  write_pages(&queues, buffer, n_pages);
  if (!nvm_ok(nvm_admin_sq_delete(ref, &queues.sq, &queues.cq))) return 7;
  if (!nvm_ok(nvm_admin_cq_delete(ref, &queues.cq))) return 7;
  nvm_aq_destroy(ref);
  nvm_dma_unmap(buffer);
  nvm_dma_unmap(window);
  nvm_ctrl_free(ctrl);
  return 0;
}
