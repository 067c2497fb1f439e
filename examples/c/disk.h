/* SPDX-License-Identifier: MIT */
/* What the examples share: a controller, and one queue pair that transfers and waits. */
#ifndef EXAMPLES_DISK_H
#define EXAMPLES_DISK_H

#include <nvm_types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A completion that takes longer is an error. */
#define DISK_TIMEOUT_MS 30000

struct disk {
  nvm_ctrl_t* ctrl;
  nvm_dma_t* window; /* admin queues, and a page for identify */
  nvm_aq_ref aq;
  struct nvm_ctrl_info info;
};

struct disk_queue {
  nvm_dma_t* memory; /* completion queue, submission queue, PRP list */
  nvm_queue_t cq;
  nvm_queue_t sq;
};

/* Becomes the manager of `target` and asks it what it is; of a socket's path, a client of the
 * manager that serves there. False, with a message, on failure. */
bool disk_open(struct disk* disk, const char* target);

/* Whether another process manages the controller: to become its client resets nothing. */
bool disk_has_manager(const nvm_ctrl_t* ctrl);

/* As disk_open(), a controller that is open already, and let go of by disk_close() or on failure.
 */
bool disk_manage(struct disk* disk, nvm_ctrl_t* ctrl);

/* Becomes a client of the manager that serves at the socket `path`, and of nothing else. */
bool disk_join(struct disk* disk, const char* path);

/* Disables the controller, or deletes a client's queues: afterwards descriptors may be unmapped. */
void disk_stop(struct disk* disk);

/* Lets go of a stopped controller. */
void disk_close(struct disk* disk);

/* Asks about namespace `ns_id`. False, with a message, on failure. */
bool disk_namespace(struct disk* disk, uint32_t ns_id, struct nvm_ns_info* info);

/* Prints the controller's answer in libnvm's format. */
void disk_print(const struct disk* disk);

/* Prints what a namespace is in libnvm's format. */
void disk_print_namespace(const struct nvm_ns_info* info);

/* Creates queue pair `id`; 0: the first that nobody has. False, with a message, on failure. */
bool disk_queue_open(struct disk* disk, struct disk_queue* queue, uint16_t id);
void disk_queue_close(struct disk_queue* queue);

/* Sends one read, write or flush and waits for it. `page_addrs` are `n_pages` addresses of pages.
 */
bool disk_transfer(struct disk_queue* queue, uint8_t opcode, uint32_t ns_id, uint64_t lba,
                   uint16_t n_blks, size_t n_pages, const uint64_t* page_addrs);

/* Says what failed and why. */
void disk_complain(const char* what, int status);

/* Parses a whole, non-negative number; exits with a message when `text` is none or exceeds `max`.
 */
uint64_t parse_number(const char* option, const char* text, uint64_t max);

#endif
