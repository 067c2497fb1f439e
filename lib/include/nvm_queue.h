/* SPDX-License-Identifier: MIT */
/**
 * DOC: Queues
 *
 * Enqueuing, submitting, polling: the I/O path, inline, for host threads and CUDA kernels.
 *
 *   nvm_sq_enqueue (memory only) -> fill the slot -> nvm_sq_submit (doorbell only)
 *   nvm_cq_dequeue -> look at it -> nvm_sq_update of its queue -> nvm_cq_update (doorbell only)
 *
 * A submission queue has one producer thread and one consumer thread: the first calls
 * nvm_sq_enqueue() and nvm_sq_submit(), the second nvm_sq_update(). They share head only, with
 * release and acquire. The completion queue belongs to the consumer; several submission queues may
 * share one.
 */
#ifndef NVM_QUEUE_H
#define NVM_QUEUE_H

#include <nvm_types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_queue_clear - initialise a queue descriptor
 * @q: the descriptor
 * @ctrl: the controller
 * @cq: true for a completion queue
 * @no: queue identifier
 * @vaddr: the queue's memory, one controller page; zeroed by the caller before the queue is created
 * @ioaddr: its address as the controller sees it
 *
 * Touches neither the memory nor the controller. Its doorbell is NULL where the controller has none
 * of that number; such a queue cannot be created.
 */
void nvm_queue_clear(nvm_queue_t* q, const nvm_ctrl_t* ctrl, bool cq, uint16_t no, void* vaddr,
                     uint64_t ioaddr);

/**
 * nvm_queue_reset - set a descriptor back to the state of a newly created queue
 * @q: the descriptor
 *
 * For a queue that was deleted and created again in the same memory. Zeroes that memory, which the
 * host must be able to reach.
 */
void nvm_queue_reset(nvm_queue_t* q);

/**
 * nvm_queue_wake - wake the device behind a queue that has parked
 * @q: the queue
 *
 * Called by nvm_sq_submit and nvm_cq_update when the device says that it sleeps. Needed directly
 * only for a doorbell that a CUDA kernel rings: such a kernel cannot wake an emulated controller.
 * Host only.
 */
void nvm_queue_wake(const nvm_queue_t* q);

/**
 * nvm_cq_dequeue_block - dequeue a completion, waiting for it
 * @cq: the completion queue
 * @timeout: milliseconds to wait at most
 *
 * Spins, then gives the CPU to others between two looks; only after about a millisecond without
 * anything does it sleep, 50 us at a time. Host only.
 *
 * Return: as nvm_cq_dequeue(); NULL when the time is over.
 */
nvm_cpl_t* nvm_cq_dequeue_block(nvm_queue_t* cq, uint64_t timeout);

#ifdef __cplusplus
}
#endif

/**
 * nvm_load_acquire - read a word that the other side publishes
 * @word: the word
 *
 * What the other side did before it published the word is visible afterwards.
 *
 * Return: its value.
 */
static inline NVM_HOST_DEVICE uint32_t nvm_load_acquire(const volatile uint32_t* word) {
#ifdef __CUDA_ARCH__
  const uint32_t value = *word;
  __threadfence_system();
  return value;
#else
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
#endif
}

/**
 * nvm_store_release - publish a word, and with it every earlier store of this thread
 * @word: the word
 * @value: what to store
 */
static inline NVM_HOST_DEVICE void nvm_store_release(volatile uint32_t* word, uint32_t value) {
#ifdef __CUDA_ARCH__
  __threadfence_system();
  *word = value;
#else
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
#endif
}

/**
 * nvm_queue_ring - ring the doorbell of a queue, and wake a device that has parked
 * @q: the queue
 * @value: the new tail of a submission queue, or head of a completion queue
 *
 * nvm_sq_submit() and nvm_cq_update() do it.
 */
static inline NVM_HOST_DEVICE void nvm_queue_ring(const nvm_queue_t* q, uint32_t value) {
#ifndef __CUDA_ARCH__
  if (q->sleeping != NULL) {
    /* The doorbell must be visible before `sleeping` is read: sequentially consistent. The device
     * sets `sleeping`, then looks at the doorbells a last time, so one of the two sees the other.
     */
    __atomic_exchange_n(q->db, value, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(q->sleeping, __ATOMIC_SEQ_CST) != 0) nvm_queue_wake(q);
    return;
  }
#endif
  /* A plain store: on a device's register an exchange would be a read. */
  nvm_store_release(q->db, value);
}

/**
 * nvm_queue_next - the index after another one in a ring of any number of entries
 * @q: the queue
 * @index: the index
 *
 * Return: the next index; 0 after the last.
 */
static inline NVM_HOST_DEVICE uint32_t nvm_queue_next(const nvm_queue_t* q, uint32_t index) {
  return index + 1 == q->max_entries ? 0 : index + 1;
}

/**
 * nvm_sq_enqueue - take the next free slot of a submission queue
 * @sq: the submission queue
 *
 * The slot holds what its last command left there. Nothing is visible to the controller before
 * nvm_sq_submit(). Called by the producer.
 *
 * Return: the slot, or NULL when the queue is full.
 */
static inline NVM_HOST_DEVICE nvm_cmd_t* nvm_sq_enqueue(nvm_queue_t* sq) {
  const uint32_t slot = sq->tail;
  const uint32_t next = nvm_queue_next(sq, slot);
  /* Acquire: what the consumer did with this slot's last command happened before it is filled
   * again. */
  if (next == nvm_load_acquire(&sq->head)) return NULL;
  if (next == 0) sq->phase = !sq->phase;
  sq->tail = next;
  return (nvm_cmd_t*)((unsigned char*)sq->vaddr + (size_t)sq->entry_size * slot);
}

#ifdef __CUDACC__
/**
 * nvm_sq_enqueue_n - take slots for all threads of a block at once
 * @sq: the submission queue
 * @last: what this thread got in the last round; NULL in the first
 * @n: number of threads, less than the queue's entries
 * @i: number of this thread
 *
 * Does not look whether the queue is full: the completions of the last round must have been
 * consumed. Synchronises the block. The first round must start on an unused queue.
 *
 * Return: this thread's slot, or NULL when @n or @i is too large.
 */
static inline __device__ nvm_cmd_t* nvm_sq_enqueue_n(nvm_queue_t* sq, nvm_cmd_t* last, uint16_t n,
                                                     uint16_t i) {
  unsigned char* const base = (unsigned char*)sq->vaddr;
  uint32_t slot = i;
  if (n >= sq->max_entries || i >= n) return NULL;
  if (last != NULL) {
    slot = (uint32_t)(((unsigned char*)last - base) / sq->entry_size) + n;
    if (slot >= sq->max_entries) slot -= sq->max_entries;
  }
  if (i == 0) {
    sq->tail += n;
    if (sq->tail >= sq->max_entries) {
      sq->tail -= sq->max_entries;
      sq->phase = !sq->phase;
    }
  }
  __syncthreads();
  return (nvm_cmd_t*)(base + (size_t)sq->entry_size * slot);
}
#endif

/**
 * nvm_sq_submit - publish every command enqueued since the last call
 * @sq: the submission queue
 *
 * Rings the doorbell, unless nothing was enqueued. Called by the producer.
 */
static inline NVM_HOST_DEVICE void nvm_sq_submit(nvm_queue_t* sq) {
  if (sq->db == NULL || sq->last == sq->tail) return;
  sq->last = sq->tail;
  nvm_queue_ring(sq, sq->tail);
}

/**
 * nvm_sq_update - free one slot of a submission queue
 * @sq: the submission queue
 *
 * To be called once for each completion of a command of this queue. Called by the consumer.
 */
static inline NVM_HOST_DEVICE void nvm_sq_update(nvm_queue_t* sq) {
  nvm_store_release(&sq->head, nvm_queue_next(sq, sq->head));
}

/**
 * nvm_cq_poll - look at the next completion
 * @cq: the completion queue
 *
 * Does not step over it. What the controller wrote before it, data included, is visible afterwards.
 *
 * Return: the completion, or NULL when there is none yet.
 */
static inline NVM_HOST_DEVICE nvm_cpl_t* nvm_cq_poll(const nvm_queue_t* cq) {
  nvm_cpl_t* cpl = (nvm_cpl_t*)((unsigned char*)cq->vaddr + (size_t)cq->entry_size * cq->head);
  return ((nvm_load_acquire(&cpl->dword[3]) >> 16) & 1) == (uint32_t)(cq->phase != 0) ? cpl : NULL;
}

/**
 * nvm_cq_dequeue - take the next completion
 * @cq: the completion queue
 *
 * Does not ring the doorbell: the entry stays valid until nvm_cq_update().
 *
 * Return: the completion, or NULL when there is none yet.
 */
static inline NVM_HOST_DEVICE nvm_cpl_t* nvm_cq_dequeue(nvm_queue_t* cq) {
  nvm_cpl_t* cpl = nvm_cq_poll(cq);
  if (cpl == NULL) return NULL;
  cq->head = nvm_queue_next(cq, cq->head);
  if (cq->head == 0) cq->phase = !cq->phase;
  return cpl;
}

/**
 * nvm_cq_update - give every dequeued entry back to the controller
 * @cq: the completion queue
 *
 * Rings the doorbell, unless nothing was dequeued. No completion obtained earlier may be used
 * afterwards.
 */
static inline NVM_HOST_DEVICE void nvm_cq_update(nvm_queue_t* cq) {
  if (cq->db == NULL || cq->last == cq->head) return;
  cq->last = cq->tail = cq->head;
  nvm_queue_ring(cq, cq->head);
}

/**
 * define NVM_CID_NONE - what nvm_queue_cid() returns when no id is free
 */
#define NVM_CID_NONE 0xffff

/**
 * NVM_QUEUE_CID_WORDS - words of storage that nvm_queue_track() needs
 * @max_entries: entries of the queue
 */
#define NVM_QUEUE_CID_WORDS(max_entries) (((max_entries) + 31) / 32)

/**
 * nvm_queue_track - let a submission queue keep count of its command ids
 * @sq: the submission queue, with no command outstanding
 * @words: NVM_QUEUE_CID_WORDS(sq->max_entries) words, zeroed by this call, which outlive the queue
 *
 * Afterwards nvm_queue_cid() gives ids. Host only.
 */
static inline void nvm_queue_track(nvm_queue_t* sq, uint32_t* words) {
  uint32_t i;
  for (i = 0; i < NVM_QUEUE_CID_WORDS((uint32_t)sq->max_entries); i++) words[i] = 0;
  sq->cids = words;
}

/**
 * nvm_queue_cid - take a command id that no outstanding command has
 * @sq: the submission queue, tracked
 *
 * Called by the producer, once per command that nvm_sq_enqueue() gave a slot for. Host only.
 *
 * Return: the lowest free id, below sq->max_entries; NVM_CID_NONE when there is none.
 */
static inline uint16_t nvm_queue_cid(nvm_queue_t* sq) {
  uint32_t cid;
  if (sq->cids == NULL) return NVM_CID_NONE;
  for (cid = 0; cid < sq->max_entries; cid++) {
    const uint32_t bit = UINT32_C(1) << (cid % 32);
    uint32_t* const word = &sq->cids[cid / 32];
    if (cid % 32 == 0 && __atomic_load_n(word, __ATOMIC_RELAXED) == UINT32_MAX) {
      cid += 31; /* all of them are taken */
      continue;
    }
    /* Acquire: what the consumer did for the last owner of this id happened before it is taken
     * again. */
    if (!(__atomic_load_n(word, __ATOMIC_ACQUIRE) & bit)) {
      __atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
      return (uint16_t)cid;
    }
  }
  return NVM_CID_NONE;
}

/**
 * nvm_queue_cid_done - give a command id back
 * @sq: the submission queue, tracked
 * @cid: the id, from its command's completion
 *
 * Called by the consumer, before nvm_sq_update(). Host only.
 */
static inline void nvm_queue_cid_done(nvm_queue_t* sq, uint16_t cid) {
  if (sq->cids == NULL || cid >= sq->max_entries) return;
  __atomic_fetch_and(&sq->cids[cid / 32], ~(UINT32_C(1) << (cid % 32)), __ATOMIC_RELEASE);
}

#endif /* NVM_QUEUE_H */
