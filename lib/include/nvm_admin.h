/* SPDX-License-Identifier: MIT */
/**
 * DOC: Admin commands
 *
 * What a storage program asks the controller: who it is, and for queues. Each function sends one
 * command or two and waits for the completion; any thread may call them.
 */
#ifndef NVM_ADMIN_H
#define NVM_ADMIN_H

#include <nvm_types.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_admin_ctrl_info - ask a controller what it is
 * @ref: admin queue pair reference
 * @info: receives the answer
 * @buffer: one controller page to receive it in
 * @ioaddr: address of @buffer as the controller sees it
 *
 * Return: packed status.
 */
int nvm_admin_ctrl_info(nvm_aq_ref ref, struct nvm_ctrl_info* info, void* buffer, uint64_t ioaddr);

/**
 * nvm_admin_ns_info - ask a controller about a namespace
 * @ref: admin queue pair reference
 * @info: receives the answer
 * @ns_id: the namespace, from 1
 * @buffer: one controller page to receive it in
 * @ioaddr: address of @buffer as the controller sees it
 *
 * Return: packed status. ENXIO for a namespace that the controller may have, and has not now (not
 * active); beyond nvm_ctrl_info's max_n_ns it is the controller's negative status.
 */
int nvm_admin_ns_info(nvm_aq_ref ref, struct nvm_ns_info* info, uint32_t ns_id, void* buffer,
                      uint64_t ioaddr);

/**
 * nvm_admin_set_num_queues - ask a controller for I/O queues
 * @ref: admin queue pair reference
 * @n_cqs: completion queues wanted, from 1
 * @n_sqs: submission queues wanted, from 1
 *
 * To be sent once, before the first queue is created. What was granted may be less:
 * nvm_admin_get_num_queues(). Where processes share the controller the number is settled: nothing
 * is sent, and the call succeeds.
 *
 * Return: packed status.
 */
int nvm_admin_set_num_queues(nvm_aq_ref ref, uint16_t n_cqs, uint16_t n_sqs);

/**
 * nvm_admin_get_num_queues - how many I/O queues a controller has granted
 * @ref: admin queue pair reference
 * @n_cqs: receives the number of completion queues
 * @n_sqs: receives the number of submission queues
 *
 * A client learns how many it may have at most. They are not reserved for it.
 *
 * Return: packed status.
 */
int nvm_admin_get_num_queues(nvm_aq_ref ref, uint16_t* n_cqs, uint16_t* n_sqs);

/**
 * nvm_admin_request_num_queues - ask a controller for I/O queues and learn what it grants
 * @ref: admin queue pair reference
 * @n_cqs: completion queues wanted, replaced by those granted (never more than wanted)
 * @n_sqs: submission queues wanted, replaced by those granted (never more than wanted)
 *
 * As nvm_admin_set_num_queues(), then nvm_admin_get_num_queues(): to be sent once, before the first
 * queue is created.
 *
 * Return: packed status.
 */
int nvm_admin_request_num_queues(nvm_aq_ref ref, uint16_t* n_cqs, uint16_t* n_sqs);

/**
 * nvm_admin_cq_create - create a completion queue
 * @ref: admin queue pair reference
 * @cq: receives the queue; not touched on failure
 * @id: queue identifier, from 1
 * @qmem: one controller page, zeroed by the caller
 * @ioaddr: address of @qmem as the controller sees it
 *
 * The queue has min(CAP.MQES + 1, page size / 16) entries and no interrupt.
 *
 * Return: packed status; EBUSY when another process that shares the controller has queue @id.
 */
int nvm_admin_cq_create(nvm_aq_ref ref, nvm_queue_t* cq, uint16_t id, void* qmem, uint64_t ioaddr);

/**
 * nvm_admin_sq_create - create a submission queue
 * @ref: admin queue pair reference
 * @sq: receives the queue; not touched on failure
 * @cq: the completion queue that its completions go to; several submission queues may share one
 * @id: queue identifier, from 1
 * @qmem: one controller page
 * @ioaddr: address of @qmem as the controller sees it
 *
 * The queue has min(CAP.MQES + 1, page size / 64) entries.
 *
 * Return: packed status; EBUSY when another process that shares the controller has queue @id.
 */
int nvm_admin_sq_create(nvm_aq_ref ref, nvm_queue_t* sq, const nvm_queue_t* cq, uint16_t id,
                        void* qmem, uint64_t ioaddr);

/**
 * nvm_admin_cq_delete - delete a completion queue
 * @ref: admin queue pair reference
 * @cq: the queue; cleared on success. Delete its submission queues first
 *
 * Return: packed status.
 */
int nvm_admin_cq_delete(nvm_aq_ref ref, nvm_queue_t* cq);

/**
 * nvm_admin_sq_delete - delete a submission queue
 * @ref: admin queue pair reference
 * @sq: the queue; cleared on success
 * @cq: its completion queue
 *
 * Return: packed status.
 */
int nvm_admin_sq_delete(nvm_aq_ref ref, nvm_queue_t* sq, const nvm_queue_t* cq);

#ifdef __cplusplus
}
#endif

#endif /* NVM_ADMIN_H */
