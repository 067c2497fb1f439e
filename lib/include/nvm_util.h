/* SPDX-License-Identifier: MIT */
/* Small macros for bit fields, pages and standard fields. */
#ifndef NVM_UTIL_H
#define NVM_UTIL_H

#include <nvm_types.h>
#include <stddef.h>
#include <stdint.h>

/* Bits hi to lo of a 64-bit word, both inclusive, as a mask. */
#define NVM_BIT_MASK(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

/* Reads bits hi to lo of v. */
#define _RB(v, hi, lo) (((uint64_t)(v) & NVM_BIT_MASK(hi, lo)) >> (lo))

/* Writes v to bits hi to lo of an otherwise empty word. */
#define _WB(v, hi, lo) (((uint64_t)(v) << (lo)) & NVM_BIT_MASK(hi, lo))

/* Pointer to the register of `bits` bits that lies `offs` bytes after p. */
#define _REG(p, offs, bits) \
  ((volatile uint##bits##_t*)(((volatile unsigned char*)((volatile void*)(p))) + (offs)))

/* Blocks of bs bytes that n pages of ps bytes hold. */
#define NVM_PAGE_TO_BLOCK(ps, bs, n) (((uint64_t)(ps) * (n)) / (bs))

/* Pages of ps bytes that n blocks of bs bytes fill, rounded up. */
#define NVM_BLOCK_TO_PAGE(ps, bs, n) (((uint64_t)(bs) * (n) + (ps) - 1) / (ps))

/* The bits of an address within a page, and those of the page. */
#define NVM_PAGE_MASK(ps) ((uint64_t)(ps) - 1)
#define NVM_ADDR_MASK(ps) (~NVM_PAGE_MASK(ps))

/* size rounded up to whole pages. */
#define NVM_PAGE_ALIGN(size, ps) (((size) + NVM_PAGE_MASK(ps)) & NVM_ADDR_MASK(ps))

/* Address, and pointer, n pages further on. */
#define NVM_ADDR_OFFSET(addr, ps, n) ((uint64_t)(addr) + (uint64_t)(ps) * (n))
#define NVM_PTR_OFFSET(ptr, ps, n) ((void*)(((unsigned char*)(ptr)) + (size_t)(ps) * (n)))

/* size in whole pages of the controller: in bytes, and as a count. */
#define NVM_CTRL_ALIGN(ctrl, size) NVM_PAGE_ALIGN((size), (ctrl)->page_size)
#define NVM_CTRL_PAGES(ctrl, size) (NVM_CTRL_ALIGN((ctrl), (size)) / (ctrl)->page_size)

/* size in whole pages of a DMA descriptor, and a pointer to its page number pageno. */
#define NVM_DMA_ALIGN(dma, size) NVM_PAGE_ALIGN((size), (dma)->page_size)
#define NVM_DMA_OFFSET(dma, pageno) NVM_PTR_OFFSET((dma)->vaddr, (dma)->page_size, (pageno))

/* Standard fields of a command. */
#define NVM_CMD_CID(p) _REG(p, 2, 16)
#define NVM_CMD_NSID(p) _REG(p, 4, 32)

/* Standard fields of a completion. */
#define NVM_CPL_SQHD(p) _REG(p, 8, 16)
#define NVM_CPL_SQID(p) _REG(p, 10, 16)
#define NVM_CPL_CID(p) _REG(p, 12, 16)
#define NVM_CPL_STATUS(p) _REG(p, 14, 16)

/*
 * A command id made of slot and lap. Unique only while completions come in order: its value returns
 * after two laps even if its first owner is still outstanding. nvm_queue_cid() has no such limit.
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
