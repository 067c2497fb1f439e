/* SPDX-License-Identifier: MIT */
/**
 * DOC: Controllers
 *
 * A controller reference maps the registers. Opening one resets nothing, and several may exist.
 */
#ifndef NVM_CTRL_H
#define NVM_CTRL_H

#include <nvm_types.h>
#include <stddef.h>
#include <stdint.h>

/**
 * define NVM_CTRL_MEM_MINSIZE - least bytes of a register mapping: registers, admin doorbells
 */
#define NVM_CTRL_MEM_MINSIZE 0x2000

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_ctrl_init - make a controller reference from a file descriptor
 * @ctrl: receives the reference
 * @fd: what to open; duplicated, so that the caller closes its own
 *
 * @fd is a PCI device's sysfs `resource0`, or a regular file: a disk image, over which an emulated
 * controller is started. The same image twice in one process is the same controller; a read-only
 * @fd gives a write-protected namespace.
 *
 * Or it is a UNIX stream socket that is connected to a vfio-user server, and has carried nothing
 * yet (mm_ptr is null then). The connection belongs to the reference: it ends with it, or when this
 * fails on it, also where the caller has kept @fd. The socket of a process that serves its
 * controller (nvm_rpc_enable()) is opened by its path, with nvm_ctrl_open().
 *
 * Return: 0, or an errno; nvm_reason() says more.
 */
int nvm_ctrl_init(nvm_ctrl_t** ctrl, int fd);

/**
 * nvm_ctrl_open - make a controller reference from a name
 * @ctrl: receives the reference
 * @target: a PCI address ("05:00.0", "0000:05:00.0"), a path of a disk image, of a PCI device in
 * sysfs or of its resource0, of a socket at which another process serves its controller
 * (nvm_rpc_enable()), or of a vfio-user server's socket or its folder (then mm_ptr is null); NULL
 * or "" starts an emulated controller over memory
 *
 * Return: 0, or an errno; nvm_reason() says more.
 */
int nvm_ctrl_open(nvm_ctrl_t** ctrl, const char* target);

/**
 * nvm_raw_ctrl_init - make a controller reference from a register mapping of the caller's
 * @ctrl: receives the reference
 * @mm_ptr: the controller's BAR0, mapped by the caller, who keeps it until after nvm_ctrl_free()
 * @mm_size: bytes mapped, at least NVM_CTRL_MEM_MINSIZE
 *
 * Memory for such a reference is described with nvm_dma_map(): the library knows no way to make any
 * addressable.
 *
 * Return: 0, or an errno.
 */
int nvm_raw_ctrl_init(nvm_ctrl_t** ctrl, volatile void* mm_ptr, size_t mm_size);

/**
 * nvm_ctrl_free - let go of a controller reference
 * @ctrl: the reference, or NULL
 *
 * Unmap DMA descriptors and destroy admin queues of the reference first. Does not reset the
 * controller.
 */
void nvm_ctrl_free(nvm_ctrl_t* ctrl);

/**
 * nvm_raw_ctrl_reset - reset a controller and set the addresses of its admin queues
 * @ctrl: the controller
 * @acq_ioaddr: address of the admin completion queue's page, as the controller sees it
 * @asq_ioaddr: address of the admin submission queue's page, as the controller sees it
 *
 * Both queues get min(CAP.MQES + 1, page size / 64) entries. Every other queue is gone afterwards.
 *
 * Return: 0; ETIME when the controller did not follow in CAP.TO; EPERM when another process manages
 * it; or another errno.
 */
int nvm_raw_ctrl_reset(const nvm_ctrl_t* ctrl, uint64_t acq_ioaddr, uint64_t asq_ioaddr);

#ifdef __cplusplus
}
#endif

#endif /* NVM_CTRL_H */
