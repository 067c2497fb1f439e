/* SPDX-License-Identifier: MIT */
/**
 * DOC: Building commands
 *
 * Inline functions that fill a command in place, on the host and in CUDA kernels: the header, then
 * the data, then what the opcode needs. A slot of a queue holds what its last command left there,
 * so clear it first.
 */
#ifndef NVM_CMD_H
#define NVM_CMD_H

#include <nvm_types.h>
#include <stddef.h>
#include <stdint.h>

/**
 * define NVM_CMD_NS_ALL - stands for every namespace of the controller
 */
#define NVM_CMD_NS_ALL 0xffffffff

/**
 * enum nvm_io_command_set - opcodes of the NVM command set
 * @NVM_IO_FLUSH: make durable what was written
 * @NVM_IO_WRITE: write blocks
 * @NVM_IO_READ: read blocks
 * @NVM_IO_WRITE_ZEROES: set blocks to zero, without data
 */
enum nvm_io_command_set {
  NVM_IO_FLUSH = 0x00,
  NVM_IO_WRITE = 0x01,
  NVM_IO_READ = 0x02,
  NVM_IO_WRITE_ZEROES = 0x08
};

/**
 * enum nvm_admin_command_set - opcodes of admin commands
 * @NVM_ADMIN_DELETE_SUBMISSION_QUEUE: nvm_admin_sq_delete() sends it
 * @NVM_ADMIN_CREATE_SUBMISSION_QUEUE: nvm_admin_sq_create() sends it
 * @NVM_ADMIN_GET_LOG_PAGE: read a log
 * @NVM_ADMIN_DELETE_COMPLETION_QUEUE: nvm_admin_cq_delete() sends it
 * @NVM_ADMIN_CREATE_COMPLETION_QUEUE: nvm_admin_cq_create() sends it
 * @NVM_ADMIN_IDENTIFY: nvm_admin_ctrl_info() and nvm_admin_ns_info() send it
 * @NVM_ADMIN_ABORT: abort a command
 * @NVM_ADMIN_SET_FEATURES: change a feature
 * @NVM_ADMIN_GET_FEATURES: read a feature
 */
enum nvm_admin_command_set {
  NVM_ADMIN_DELETE_SUBMISSION_QUEUE = 0x00,
  NVM_ADMIN_CREATE_SUBMISSION_QUEUE = 0x01,
  NVM_ADMIN_GET_LOG_PAGE = 0x02,
  NVM_ADMIN_DELETE_COMPLETION_QUEUE = 0x04,
  NVM_ADMIN_CREATE_COMPLETION_QUEUE = 0x05,
  NVM_ADMIN_IDENTIFY = 0x06,
  NVM_ADMIN_ABORT = 0x08,
  NVM_ADMIN_SET_FEATURES = 0x09,
  NVM_ADMIN_GET_FEATURES = 0x0a
};

/**
 * nvm_cmd_header - set command id, opcode and namespace (dwords 0 and 1)
 * @cmd: the command
 * @cid: command id; must not be that of an outstanding command of the same queue
 * @opcode: opcode, all eight bits of it
 * @ns_id: namespace, or NVM_CMD_NS_ALL
 *
 * Does not touch the other dwords: a queue slot still holds those of its last command.
 */
static inline NVM_HOST_DEVICE void nvm_cmd_header(nvm_cmd_t* cmd, uint16_t cid, uint8_t opcode,
                                                  uint32_t ns_id) {
  cmd->dword[0] = (uint32_t)cid << 16 | opcode;
  cmd->dword[1] = ns_id;
}

/**
 * nvm_cmd_data_ptr - set the data pointer (dwords 6 to 9) to two PRP entries
 * @cmd: the command
 * @prp1: address of the first byte; may lie within a page
 * @prp2: 0, address of the second page, or of a PRP list
 */
static inline NVM_HOST_DEVICE void nvm_cmd_data_ptr(nvm_cmd_t* cmd, uint64_t prp1, uint64_t prp2) {
  cmd->dword[0] &= ~(UINT32_C(3) << 14); /* PSDT: PRPs */
  cmd->dword[6] = (uint32_t)prp1;
  cmd->dword[7] = (uint32_t)(prp1 >> 32);
  cmd->dword[8] = (uint32_t)prp2;
  cmd->dword[9] = (uint32_t)(prp2 >> 32);
}

/**
 * nvm_cmd_rw_blks - set the blocks of a read or write (dwords 10 to 12)
 * @cmd: the command
 * @start_lba: first block
 * @n_blks: number of blocks, 1 to 65535; 0 stands for 65536
 */
static inline NVM_HOST_DEVICE void nvm_cmd_rw_blks(nvm_cmd_t* cmd, uint64_t start_lba,
                                                   uint16_t n_blks) {
  cmd->dword[10] = (uint32_t)start_lba;
  cmd->dword[11] = (uint32_t)(start_lba >> 32);
  cmd->dword[12] = (cmd->dword[12] & UINT32_C(0xffff0000)) | ((uint32_t)(n_blks - 1) & 0xffff);
}

/**
 * nvm_prp_list - fill one page of PRP list
 * @page_size: the controller's page size
 * @n_pages: pages to list
 * @list_ptr: the list's page
 * @ioaddrs: addresses of the pages
 *
 * Return: entries written: @n_pages, or fewer when the page holds no more (page_size / 8).
 */
static inline NVM_HOST_DEVICE size_t nvm_prp_list(size_t page_size, size_t n_pages, void* list_ptr,
                                                  const uint64_t* ioaddrs) {
  volatile uint64_t* list = (volatile uint64_t*)list_ptr;
  size_t n_entries = page_size / sizeof(uint64_t);
  size_t i;
  if (n_pages < n_entries) n_entries = n_pages;
  for (i = 0; i < n_entries; i++) list[i] = ioaddrs[i];
  return n_entries;
}

/**
 * nvm_prp_list_chain - fill as many pages of PRP list as it takes
 * @page_size: the controller's page size
 * @n_pages: pages to list
 * @n_lists: entries of @lists
 * @lists: pages of list; the last entry of each but the last is the address of the next
 * @ioaddrs: addresses of the pages
 *
 * Return: @n_pages, or 0 and nothing written when @lists cannot hold them.
 */
static inline NVM_HOST_DEVICE size_t nvm_prp_list_chain(size_t page_size, size_t n_pages,
                                                        size_t n_lists, const nvm_prp_list_t* lists,
                                                        const uint64_t* ioaddrs) {
  const size_t n_entries = page_size / sizeof(uint64_t);
  size_t done = 0;
  size_t i_list = 0;
  if (n_lists == 0 || n_pages > n_lists * (n_entries - 1) + 1) return 0;
  while (n_pages - done > n_entries) {
    volatile uint64_t* list = (volatile uint64_t*)lists[i_list].vaddr;
    done += nvm_prp_list(page_size, n_entries - 1, lists[i_list].vaddr, ioaddrs + done);
    list[n_entries - 1] = lists[++i_list].ioaddr;
  }
  nvm_prp_list(page_size, n_pages - done, lists[i_list].vaddr, ioaddrs + done);
  return n_pages;
}

/**
 * nvm_cmd_data_chain - describe a command's data with as many pages of PRP list as it takes
 * @cmd: the command
 * @page_size: the controller's page size
 * @n_pages: pages of data
 * @n_lists: entries of @lists
 * @lists: pages of list, needed from three pages of data on
 * @ioaddrs: addresses of the pages; the first may lie within a page, where the data then begins
 *
 * Return: @n_pages, or 0 and nothing written when there are none or @lists cannot hold them.
 */
static inline NVM_HOST_DEVICE size_t nvm_cmd_data_chain(nvm_cmd_t* cmd, size_t page_size,
                                                        size_t n_pages, size_t n_lists,
                                                        const nvm_prp_list_t* lists,
                                                        const uint64_t* ioaddrs) {
  uint64_t prp2 = 0;
  if (n_pages == 0) return 0;
  if (n_pages == 2) prp2 = ioaddrs[1];
  if (n_pages > 2) {
    if (nvm_prp_list_chain(page_size, n_pages - 1, n_lists, lists, ioaddrs + 1) == 0) return 0;
    prp2 = lists[0].ioaddr;
  }
  nvm_cmd_data_ptr(cmd, ioaddrs[0], prp2);
  return n_pages;
}

/**
 * nvm_cmd_data - describe a command's data with at most one page of PRP list
 * @cmd: the command
 * @page_size: the controller's page size
 * @n_pages: pages of data, at most page_size / 8 + 1
 * @list_ptr: a page for the list, needed from three pages of data on; may be NULL below that
 * @list_ioaddr: its address as the controller sees it
 * @ioaddrs: addresses of the pages; the first may lie within a page, where the data then begins
 *
 * Return: @n_pages, or 0 and nothing written when there are none or one page of list cannot hold
 * them (nvm_cmd_data_chain() takes more).
 */
static inline NVM_HOST_DEVICE size_t nvm_cmd_data(nvm_cmd_t* cmd, size_t page_size, size_t n_pages,
                                                  void* list_ptr, uint64_t list_ioaddr,
                                                  const uint64_t* ioaddrs) {
  nvm_prp_list_t list;
  list.vaddr = list_ptr;
  list.ioaddr = list_ioaddr;
  return nvm_cmd_data_chain(cmd, page_size, n_pages, list_ptr != NULL ? 1 : 0, &list, ioaddrs);
}

#endif /* NVM_CMD_H */
