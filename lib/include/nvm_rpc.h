/* SPDX-License-Identifier: MIT */
/**
 * DOC: Commands of one's own
 *
 * Any admin command, through the reference that nvm_aq_create() gave.
 */
#ifndef NVM_RPC_H
#define NVM_RPC_H

#include <nvm_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_raw_rpc - send an admin command and wait for its completion
 * @ref: admin queue pair reference
 * @cmd: the command; its command id is overwritten
 * @cpl: receives the completion, zeroed when there was none
 *
 * Any thread. Waits at most the controller's timeout, and at least five seconds. After a timeout,
 * memory of nvm_dma_create() that the command points to is kept until the controller completed it
 * or was disabled.
 *
 * Return: packed status: 0, an errno, or the completion's negative NVMe status.
 */
int nvm_raw_rpc(nvm_aq_ref ref, nvm_cmd_t* cmd, nvm_cpl_t* cpl);

/**
 * nvm_rpc_unbind - let go of an admin queue pair reference
 * @ref: the reference, or NULL
 *
 * For the owner of the queues the same as nvm_aq_destroy().
 */
void nvm_rpc_unbind(nvm_aq_ref ref);

#ifdef __cplusplus
}
#endif

#endif /* NVM_RPC_H */
