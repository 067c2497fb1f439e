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
 * A controller that another process manages keeps its manager: of one that was opened by the path
 * of a socket the caller becomes a client, as by nvm_rpc_bind(). Nothing is reset then, and @window
 * is not used.
 *
 * Return: 0; ETIME when the controller did not become ready; EBUSY when this process manages it
 * already; or another errno. nvm_reason() says more.
 */
int nvm_aq_create(nvm_aq_ref* ref, const nvm_ctrl_t* ctrl, const nvm_dma_t* window);

/**
 * nvm_aq_destroy - end being a controller's manager
 * @ref: the reference, or NULL
 *
 * Ends serving the controller (nvm_rpc_disable()), disables it and waits, so that it reaches no
 * memory afterwards. A client only deletes the queues that it created through @ref.
 */
void nvm_aq_destroy(nvm_aq_ref ref);

#ifdef __cplusplus
}
#endif

#endif /* NVM_AQ_H */
