/* SPDX-License-Identifier: MIT */
/* As a program for libnvm's master identifies a namespace: identify PATH */
#include <errno.h>
#include <fcntl.h>
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_rpc.h>
#include <nvm_types.h>
#include <nvm_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int identify(nvm_aq_ref ref, nvm_dma_t* window) {
  struct nvm_ctrl_info info;
  struct nvm_ns_info ns;
  const nvm_ctrl_t* ctrl = nvm_ctrl_from_aq_ref(ref);
  void* buffer = NVM_DMA_OFFSET(window, 2);
  uint16_t n_cqs = 1;
  uint16_t n_sqs = 1;
  int status = nvm_admin_ctrl_info(ref, &info, buffer, window->ioaddrs[2]);
  if (nvm_ok(status)) status = nvm_admin_ns_info(ref, &ns, 1, buffer, window->ioaddrs[2]);
  if (nvm_ok(status)) status = nvm_admin_request_num_queues(ref, &n_cqs, &n_sqs);
  if (!nvm_ok(status)) {
    fprintf(stderr, "%s\n", nvm_strerror(status));
    return status;
  }
  printf("%zu %zu %u %zu\n", ctrl->page_size, NVM_CTRL_PAGES(ctrl, info.max_data_size), n_sqs,
         (size_t)ns.size * ns.lba_data_size);
  return 0;
}

int main(int argc, char** argv) {
  nvm_ctrl_t* ctrl = NULL;
  nvm_dma_t* window = NULL;
  nvm_aq_ref ref = NULL;
  void* memory = NULL;
  int status;
  int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
  if (fd < 0) return 2;
  status = nvm_ctrl_init(&ctrl, fd);
  close(fd);
  if (!nvm_ok(status)) return 3;
  if (posix_memalign(&memory, ctrl->page_size, 3 * ctrl->page_size) != 0) return 4;
  status = nvm_dma_map_host(&window, ctrl, memory, 3 * ctrl->page_size);
  if (nvm_ok(status)) status = nvm_aq_create(&ref, ctrl, window);
  if (nvm_ok(status)) status = identify(ref, window);
  nvm_aq_destroy(ref);
  nvm_dma_unmap(window);
  nvm_ctrl_free(ctrl);
  free(memory);
  return nvm_ok(status) ? 0 : 1;
}
