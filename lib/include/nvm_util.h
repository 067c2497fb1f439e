/* SPDX-License-Identifier: MIT */
/**
 * DOC: Macros
 *
 * Bit fields, pages, and the fields that all commands and all completions have.
 */
#ifndef NVM_UTIL_H
#define NVM_UTIL_H

#include <nvm_types.h>
#include <stddef.h>
#include <stdint.h>

/**
 * NVM_BIT_MASK - some bits of a 64-bit word, as a mask
 * @hi: the highest bit
 * @lo: the lowest bit
 */
#define NVM_BIT_MASK(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

/**
 * _RB - read bits of a word
 * @v: the word
 * @hi: the highest bit
 * @lo: the lowest bit
 */
#define _RB(v, hi, lo) (((uint64_t)(v) & NVM_BIT_MASK(hi, lo)) >> (lo))

/**
 * _WB - write a value to bits of an otherwise empty word
 * @v: the value
 * @hi: the highest bit
 * @lo: the lowest bit
 */
#define _WB(v, hi, lo) (((uint64_t)(v) << (lo)) & NVM_BIT_MASK(hi, lo))

/**
 * _REG - pointer to a register
 * @p: where the registers, or the fields, begin
 * @offs: bytes from there
 * @bits: size of the register: 8, 16, 32 or 64
 */
#define _REG(p, offs, bits) \
  ((volatile uint##bits##_t*)(((volatile unsigned char*)((volatile void*)(p))) + (offs)))

/**
 * NVM_PAGE_TO_BLOCK - blocks that some pages hold
 * @ps: bytes of a page
 * @bs: bytes of a block
 * @n: number of pages
 */
#define NVM_PAGE_TO_BLOCK(ps, bs, n) (((uint64_t)(ps) * (n)) / (bs))

/**
 * NVM_BLOCK_TO_PAGE - pages that some blocks fill, rounded up
 * @ps: bytes of a page
 * @bs: bytes of a block
 * @n: number of blocks
 */
#define NVM_BLOCK_TO_PAGE(ps, bs, n) (((uint64_t)(bs) * (n) + (ps) - 1) / (ps))

/**
 * NVM_PAGE_MASK - the bits of an address within its page
 * @ps: bytes of a page
 */
#define NVM_PAGE_MASK(ps) ((uint64_t)(ps) - 1)

/**
 * NVM_ADDR_MASK - the bits of an address that say which page
 * @ps: bytes of a page
 */
#define NVM_ADDR_MASK(ps) (~NVM_PAGE_MASK(ps))

/**
 * NVM_PAGE_ALIGN - a size rounded up to whole pages
 * @size: the size
 * @ps: bytes of a page
 */
#define NVM_PAGE_ALIGN(size, ps) (((size) + NVM_PAGE_MASK(ps)) & NVM_ADDR_MASK(ps))

/**
 * NVM_ADDR_OFFSET - an address some pages further on
 * @addr: the address
 * @ps: bytes of a page
 * @n: number of pages
 */
#define NVM_ADDR_OFFSET(addr, ps, n) ((uint64_t)(addr) + (uint64_t)(ps) * (n))

/**
 * NVM_PTR_OFFSET - a pointer some pages further on
 * @ptr: the pointer
 * @ps: bytes of a page
 * @n: number of pages
 */
#define NVM_PTR_OFFSET(ptr, ps, n) ((void*)(((unsigned char*)(ptr)) + (size_t)(ps) * (n)))

/**
 * NVM_CTRL_ALIGN - a size rounded up to whole pages of a controller
 * @ctrl: the controller
 * @size: the size
 */
#define NVM_CTRL_ALIGN(ctrl, size) NVM_PAGE_ALIGN((size), (ctrl)->page_size)

/**
 * NVM_CTRL_PAGES - pages of a controller that a size takes
 * @ctrl: the controller
 * @size: the size
 */
#define NVM_CTRL_PAGES(ctrl, size) (NVM_CTRL_ALIGN((ctrl), (size)) / (ctrl)->page_size)

/**
 * NVM_DMA_ALIGN - a size rounded up to whole pages of a DMA descriptor
 * @dma: the descriptor
 * @size: the size
 */
#define NVM_DMA_ALIGN(dma, size) NVM_PAGE_ALIGN((size), (dma)->page_size)

/**
 * NVM_DMA_OFFSET - pointer to a page of a DMA descriptor
 * @dma: the descriptor
 * @pageno: number of the page, from 0
 */
#define NVM_DMA_OFFSET(dma, pageno) NVM_PTR_OFFSET((dma)->vaddr, (dma)->page_size, (pageno))

/**
 * NVM_CMD_CID - pointer to the command id of a command
 * @p: the command
 */
#define NVM_CMD_CID(p) _REG(p, 2, 16)

/**
 * NVM_CMD_NSID - pointer to the namespace of a command
 * @p: the command
 */
#define NVM_CMD_NSID(p) _REG(p, 4, 32)

/**
 * NVM_CPL_SQHD - pointer to the submission queue's head in a completion
 * @p: the completion
 */
#define NVM_CPL_SQHD(p) _REG(p, 8, 16)

/**
 * NVM_CPL_SQID - pointer to the number of the submission queue in a completion
 * @p: the completion
 */
#define NVM_CPL_SQID(p) _REG(p, 10, 16)

/**
 * NVM_CPL_CID - pointer to the command id in a completion
 * @p: the completion
 */
#define NVM_CPL_CID(p) _REG(p, 12, 16)

/**
 * NVM_CPL_STATUS - pointer to the status field of a completion, the phase tag included
 * @p: the completion
 */
#define NVM_CPL_STATUS(p) _REG(p, 14, 16)

/**
 * NVM_DEFAULT_CID - a command id made of slot and lap
 * @sq: the submission queue
 *
 * Unique only while completions come in order: its value returns after two laps even if its first
 * owner is still outstanding. nvm_queue_cid() has no such limit.
 */
#define NVM_DEFAULT_CID(sq) ((uint16_t)((sq)->tail + (!(sq)->phase) * (sq)->max_entries))

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_ctrl_from_aq_ref - the controller of an admin queue pair
 * @ref: admin queue pair reference
 *
 * Return: the controller, valid as long as the reference; NULL when @ref is NULL.
 */
const nvm_ctrl_t* nvm_ctrl_from_aq_ref(nvm_aq_ref ref);

#ifdef __cplusplus
}
#endif

#endif /* NVM_UTIL_H */
