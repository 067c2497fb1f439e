/* SPDX-License-Identifier: MIT */
/**
 * DOC: Memory
 *
 * A controller reaches no memory but that of a DMA descriptor, and knows it by the addresses in it.
 * Memory is allocated (nvm_dma_create()), made addressable (nvm_dma_map_host()), or described by
 * somebody who knows its addresses (nvm_dma_map()).
 */
#ifndef NVM_DMA_H
#define NVM_DMA_H

#include <nvm_types.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_dma_map - describe memory whose addresses the caller knows
 * @map: receives the descriptor
 * @ctrl: the controller
 * @vaddr: where the memory is here, or NULL
 * @page_size: bytes of one page of @page_addrs, a multiple of the controller's page size
 * @n_pages: entries of @page_addrs
 * @page_addrs: address of each page as the controller sees it, aligned to the controller's page
 * size
 *
 * Pages are split into controller pages. Nothing is made addressable by this.
 *
 * Return: 0, or an errno.
 */
int nvm_dma_map(nvm_dma_t** map, const nvm_ctrl_t* ctrl, void* vaddr, size_t page_size,
                size_t n_pages, const uint64_t* page_addrs);

/**
 * nvm_dma_map_host - make memory of this process addressable for a controller
 * @map: receives the descriptor
 * @ctrl: the controller
 * @vaddr: start of the memory, aligned to the controller's page size; freed by the caller after
 * nvm_dma_unmap()
 * @size: bytes; the descriptor covers whole pages
 *
 * Return: 0, or an errno; nvm_reason() says more. ENOTSUP for a controller that another process
 * manages, which cannot be given memory that exists already: nvm_dma_create() can.
 */
int nvm_dma_map_host(nvm_dma_t** map, const nvm_ctrl_t* ctrl, void* vaddr, size_t size);

/**
 * nvm_dma_map_device - make memory of a CUDA device addressable for a controller
 * @map: receives the descriptor
 * @ctrl: the controller
 * @devptr: device pointer, aligned to 64 KiB
 * @size: bytes
 *
 * Return: ENOTSUP on every controller that this version drives: the emulator copies with the CPU,
 * and sysfs and vfio have no way to pin memory of a GPU. nvm_reason() says so in words.
 */
int nvm_dma_map_device(nvm_dma_t** map, const nvm_ctrl_t* ctrl, void* devptr, size_t size);

/**
 * nvm_dma_create - allocate memory that a controller can reach
 * @map: receives the descriptor; its memory is zeroed, page-aligned and goes with it
 * @ctrl: the controller
 * @size: bytes; the descriptor covers whole pages; no more than this machine has
 *
 * Return: 0, or an errno; nvm_reason() says more.
 */
int nvm_dma_create(nvm_dma_t** map, const nvm_ctrl_t* ctrl, size_t size);

/**
 * nvm_dma_remap - make another descriptor of the same memory
 * @new_map: receives the descriptor
 * @other: a descriptor
 *
 * The memory stays addressable, and memory of nvm_dma_create() allocated, until the last descriptor
 * is unmapped.
 *
 * Return: 0, or an errno.
 */
int nvm_dma_remap(nvm_dma_t** new_map, const nvm_dma_t* other);

/**
 * nvm_dma_unmap - let go of a DMA descriptor
 * @map: the descriptor, or NULL
 *
 * Delete queues that live in the memory, and await commands that use it, before. May be called in
 * any thread.
 */
void nvm_dma_unmap(nvm_dma_t* map);

#ifdef __cplusplus
}
#endif

#endif /* NVM_DMA_H */
