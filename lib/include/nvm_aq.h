/* SPDX-License-Identifier: MIT */
/**
 * DOC: Becoming the manager
 *
 * Whoever creates the admin queue pair resets the controller and is its manager, until the pair is
 * destroyed. A controller has one at a time.
 */
#ifndef NVM_AQ_H
#define NVM_AQ_H

#include <nvm_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_aq_create - become a controller's manager
 * @ref: receives the admin queue pair reference
 * @ctrl: the controller; must outlive the reference
 * @window: at least two controller pages, mapped into this process: completion queue, then
 * submission queue
 *
 * Resets the controller: every queue that it had is gone. The window's memory is kept until the
 * controller was disabled, even when it is unmapped earlier.
 *
 * Return: 0; ETIME when the controller did not become ready; EBUSY when this process manages it
 * already; or another errno. nvm_reason() says more.
 */
int nvm_aq_create(nvm_aq_ref* ref, const nvm_ctrl_t* ctrl, const nvm_dma_t* window);

/**
 * nvm_aq_destroy - end being a controller's manager
 * @ref: the reference, or NULL
 *
 * Disables the controller and waits, so that it reaches no memory afterwards.
 */
void nvm_aq_destroy(nvm_aq_ref ref);

#ifdef __cplusplus
}
#endif

#endif /* NVM_AQ_H */
