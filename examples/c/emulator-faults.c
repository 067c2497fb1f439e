/* SPDX-License-Identifier: MIT */
/* A disk in memory of which one block cannot be read, and what its controller has counted. */
#include <nvm_cmd.h>
#include <nvm_dma.h>
#include <nvm_emulator.h>
#include <nvm_error.h>
#include <stdio.h>

#include "disk.h"

int main(void) {
  const struct nvm_emulator_options options = {.size = 64 << 20};
  struct nvm_fault unreadable = {.opcode = NVM_IO_READ, .start_lba = 100, .n_blks = 1};
  unreadable.on = NVM_FAULT_ON_IO | NVM_FAULT_ON_OPCODE | NVM_FAULT_ON_BLKS;
  unreadable.effects = NVM_FAULT_STATUS | NVM_FAULT_DNR;
  unreadable.status = -0x281; /* status code type 2, status code 81h */
  nvm_emulator_t* emulator;
  nvm_ctrl_t* ctrl;
  struct disk disk;
  struct disk_queue queue;
  nvm_dma_t* block;
  struct nvm_emulator_stats stats;
  if (!nvm_ok(nvm_emulator_start(&emulator, &options)) ||
      !nvm_ok(nvm_emulator_inject(NULL, emulator, &unreadable)) ||
      !nvm_ok(nvm_emulator_ctrl(&ctrl, emulator, 0)) || !disk_manage(&disk, ctrl) ||
      !disk_queue_open(&disk, &queue, 0) || !nvm_ok(nvm_dma_create(&block, ctrl, 512))) {
    return 1;
  }
  for (uint64_t lba = 99; lba <= 101; lba++) /* says on stderr what fails */
    disk_transfer(&queue, NVM_IO_READ, 1, lba, 1, 1, block->ioaddrs);
  nvm_emulator_ctrl_stats(&stats, emulator, 0);
  printf("%d blocks read, %d not\n", (int)stats.read_commands, (int)stats.errors);
  disk_stop(&disk);
  nvm_dma_unmap(block);
  disk_queue_close(&queue);
  disk_close(&disk);
  nvm_emulator_close(emulator);
  return 0;
}
