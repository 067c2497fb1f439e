/* SPDX-License-Identifier: MIT */
/* Prints how many blocks namespace 1 of a disk image has: consumer IMAGE */
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_util.h>
#include <stdio.h>

int main(int argc, char** argv) {
  nvm_ctrl_t* ctrl = NULL;
  nvm_dma_t* window = NULL;
  nvm_aq_ref aq = NULL;
  struct nvm_ns_info ns;
  int status = nvm_ctrl_open(&ctrl, argc == 2 ? argv[1] : "");
  if (nvm_ok(status)) status = nvm_dma_create(&window, ctrl, 3 * ctrl->page_size);
  if (nvm_ok(status)) status = nvm_aq_create(&aq, ctrl, window);
  if (nvm_ok(status)) {
    status = nvm_admin_ns_info(aq, &ns, 1, NVM_DMA_OFFSET(window, 2), window->ioaddrs[2]);
  }
  if (nvm_ok(status)) printf("%d blocks\n", (int)ns.size);
  nvm_aq_destroy(aq);
  nvm_dma_unmap(window);
  nvm_ctrl_free(ctrl);
  return nvm_ok(status) ? 0 : 1;
}
