/* SPDX-License-Identifier: MIT */
/*
 * Writes a file to a namespace, or reads it back: one producer thread for each submission queue,
 * and one consumer thread for the completion queue that they share. Compare the two files to know
 * whether all is well.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <nvm_admin.h>
#include <nvm_cmd.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_util.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

#define QUEUES_MAX 16
#define CHUNK_BYTES_MAX ((size_t)128 << 10)

/* Commands of one queue that may be outstanding: all queues together fit the completion queue. */
#define SLOTS 8

enum { PAGE_CQ, PAGE_SQ /* and the others */, PAGES = PAGE_SQ + QUEUES_MAX };

struct job;

/* One submission queue and its producer. A slot is a command id with its buffer and PRP list. */
struct producer {
  struct job* job;
  unsigned index;
  nvm_queue_t sq;
  uint32_t cid_words[NVM_QUEUE_CID_WORDS(64)];
  sem_t free_slots;
  uint64_t chunks[SLOTS]; /* number of the chunk that a slot carries */
  pthread_t thread;
};

struct job {
  struct disk disk;
  struct nvm_ns_info ns;
  uint32_t ns_id;
  bool reading;
  int fd;
  const char* path;
  uint64_t byte_length;
  size_t chunk_bytes;
  uint64_t n_chunks;
  unsigned n_queues;
  nvm_dma_t* queues;  /* completion queue, submission queues */
  nvm_dma_t* lists;   /* a page of PRP list for each slot of each queue */
  nvm_dma_t* buffers; /* a chunk for each slot of each queue */
  nvm_queue_t cq;
  struct producer producers[QUEUES_MAX];
  int failed; /* set once, by any thread */
};

static bool has_failed(struct job* job) {
  return __atomic_load_n(&job->failed, __ATOMIC_ACQUIRE);
}

/* Ends every thread: also those that wait for a slot. */
static void fail(struct job* job) {
  __atomic_store_n(&job->failed, 1, __ATOMIC_RELEASE);
  for (unsigned i = 0; i < job->n_queues; i++) sem_post(&job->producers[i].free_slots);
}

static size_t slot_of(const struct producer* producer, uint16_t cid) {
  return (size_t)producer->index * SLOTS + cid;
}

static char* buffer_of(const struct producer* producer, uint16_t cid) {
  return (char*)producer->job->buffers->vaddr + slot_of(producer, cid) * producer->job->chunk_bytes;
}

static size_t bytes_of_chunk(const struct job* job, uint64_t chunk) {
  const uint64_t left = job->byte_length - chunk * job->chunk_bytes;
  return left < job->chunk_bytes ? (size_t)left : job->chunk_bytes;
}

/* Moves a chunk between the file and memory. */
static bool move_file(struct job* job, uint64_t chunk, char* bytes) {
  const size_t size = bytes_of_chunk(job, chunk);
  for (size_t done = 0; done < size;) {
    const off_t position = (off_t)(chunk * job->chunk_bytes + done);
    const ssize_t moved = job->reading ? pwrite(job->fd, bytes + done, size - done, position)
                                       : pread(job->fd, bytes + done, size - done, position);
    if (moved <= 0) {
      fprintf(stderr, "%s: %s\n", job->path, moved < 0 ? strerror(errno) : "it became shorter");
      return false;
    }
    done += (size_t)moved;
  }
  return true;
}

static void build_command(struct producer* producer, nvm_cmd_t* cmd, uint16_t cid, uint64_t chunk) {
  struct job* job = producer->job;
  const size_t page_size = job->disk.ctrl->page_size;
  const size_t block_size = job->ns.lba_data_size;
  const size_t slot = slot_of(producer, cid);
  const size_t n_blocks = (bytes_of_chunk(job, chunk) + block_size - 1) / block_size;
  memset(cmd, 0, sizeof(*cmd));
  nvm_cmd_header(cmd, cid, job->reading ? NVM_IO_READ : NVM_IO_WRITE, job->ns_id);
  nvm_cmd_rw_blks(cmd, chunk * (job->chunk_bytes / block_size), (uint16_t)n_blocks);
  nvm_cmd_data(cmd, page_size, NVM_BLOCK_TO_PAGE(page_size, block_size, n_blocks),
               NVM_DMA_OFFSET(job->lists, slot), job->lists->ioaddrs[slot],
               &job->buffers->ioaddrs[slot * (job->chunk_bytes / page_size)]);
}

/* Every n_queues-th chunk goes through this queue. */
static void* produce(void* argument) {
  struct producer* producer = argument;
  struct job* job = producer->job;
  for (uint64_t chunk = producer->index; chunk < job->n_chunks; chunk += job->n_queues) {
    while (sem_wait(&producer->free_slots) != 0) continue; /* a signal came */
    if (has_failed(job)) break;
    const uint16_t cid = nvm_queue_cid(&producer->sq);
    char* buffer = buffer_of(producer, cid);
    if (!job->reading) {
      memset(buffer, 0, job->chunk_bytes); /* what follows the end of the file */
      if (!move_file(job, chunk, buffer)) {
        fail(job);
        break;
      }
    }
    producer->chunks[cid] = chunk;
    build_command(producer, nvm_sq_enqueue(&producer->sq), cid, chunk);
    nvm_sq_submit(&producer->sq);
  }
  return NULL;
}

/* Ends one command; the completion stays valid until nvm_cq_update. */
static bool finish(struct job* job, nvm_cpl_t* cpl) {
  const uint16_t queue = *NVM_CPL_SQID(cpl);
  const uint16_t cid = *NVM_CPL_CID(cpl);
  if (queue < 1 || queue > job->n_queues || cid >= SLOTS) {
    fprintf(stderr, "A completion for queue %u, command %u, which nobody sent\n", queue, cid);
    return false;
  }
  struct producer* producer = &job->producers[queue - 1];
  const uint64_t chunk = producer->chunks[cid];
  if (!NVM_ERR_OK(cpl)) {
    fprintf(stderr, "Chunk %llu: %s\n", (unsigned long long)chunk,
            nvm_strerror(NVM_ERR_STATUS(cpl)));
    return false;
  }
  if (job->reading && !move_file(job, chunk, buffer_of(producer, cid))) return false;
  nvm_queue_cid_done(&producer->sq, cid);
  nvm_sq_update(&producer->sq);
  sem_post(&producer->free_slots);
  return true;
}

static void* consume(void* argument) {
  struct job* job = argument;
  for (uint64_t done = 0; done < job->n_chunks && !has_failed(job); done++) {
    nvm_cpl_t* cpl = nvm_cq_dequeue_block(&job->cq, DISK_TIMEOUT_MS);
    if (cpl == NULL && !has_failed(job)) disk_complain("No completion", ETIME);
    if (cpl == NULL || !finish(job, cpl)) {
      fail(job);
      break;
    }
    nvm_cq_update(&job->cq);
  }
  return NULL;
}

/* Asks the controller to make everything written durable. The threads have ended. */
static bool flush(struct job* job) {
  nvm_queue_t* sq = &job->producers[0].sq;
  nvm_cmd_t* cmd = nvm_sq_enqueue(sq);
  memset(cmd, 0, sizeof(*cmd));
  nvm_cmd_header(cmd, nvm_queue_cid(sq), NVM_IO_FLUSH, job->ns_id);
  nvm_sq_submit(sq);
  nvm_cpl_t* cpl = nvm_cq_dequeue_block(&job->cq, DISK_TIMEOUT_MS);
  const int status = cpl == NULL ? ETIME : NVM_ERR_STATUS(cpl);
  if (!nvm_ok(status)) fprintf(stderr, "Flush: %s\n", nvm_strerror(status));
  return nvm_ok(status);
}

static bool transfer(struct job* job) {
  pthread_t consumer;
  unsigned started = 0;
  bool threads = pthread_create(&consumer, NULL, consume, job) == 0;
  if (!threads) return false;
  for (; threads && started < job->n_queues; started++) {
    struct producer* producer = &job->producers[started];
    threads = pthread_create(&producer->thread, NULL, produce, producer) == 0;
    if (!threads) break;
  }
  if (!threads) fail(job);
  for (unsigned i = 0; i < started; i++) pthread_join(job->producers[i].thread, NULL);
  pthread_join(consumer, NULL);
  return !has_failed(job) && (job->reading || flush(job));
}

static int create_queues(struct job* job) {
  const nvm_aq_ref aq = job->disk.aq;
  uint16_t n_cqs = 1;
  uint16_t n_sqs = (uint16_t)job->n_queues;
  int status = nvm_admin_request_num_queues(aq, &n_cqs, &n_sqs);
  if (!nvm_ok(status)) return status;
  if (n_sqs < job->n_queues) fprintf(stderr, "The controller grants %u queues\n", n_sqs);
  job->n_queues = n_sqs;
  status = nvm_admin_cq_create(aq, &job->cq, 1, NVM_DMA_OFFSET(job->queues, PAGE_CQ),
                               job->queues->ioaddrs[PAGE_CQ]);
  for (unsigned i = 0; i < job->n_queues && nvm_ok(status); i++) {
    struct producer* producer = &job->producers[i];
    producer->job = job;
    producer->index = i;
    sem_init(&producer->free_slots, 0, SLOTS);
    status = nvm_admin_sq_create(aq, &producer->sq, &job->cq, (uint16_t)(i + 1),
                                 NVM_DMA_OFFSET(job->queues, PAGE_SQ + i),
                                 job->queues->ioaddrs[PAGE_SQ + i]);
    nvm_queue_track(&producer->sq, producer->cid_words);
  }
  return status;
}

static int set_up(struct job* job) {
  nvm_ctrl_t* ctrl = job->disk.ctrl;
  const size_t page_size = ctrl->page_size;
  const size_t slots = (size_t)job->n_queues * SLOTS;
  job->chunk_bytes = CHUNK_BYTES_MAX;
  if (job->disk.info.max_data_size < job->chunk_bytes)
    job->chunk_bytes = job->disk.info.max_data_size;
  job->n_chunks = (job->byte_length + job->chunk_bytes - 1) / job->chunk_bytes;
  int status = nvm_dma_create(&job->queues, ctrl, page_size * PAGES);
  if (nvm_ok(status)) status = nvm_dma_create(&job->lists, ctrl, page_size * slots);
  if (nvm_ok(status)) status = nvm_dma_create(&job->buffers, ctrl, job->chunk_bytes * slots);
  if (nvm_ok(status)) status = create_queues(job);
  return status;
}

static bool run(struct job* job) {
  if (!disk_namespace(&job->disk, job->ns_id, &job->ns)) return false;
  if (job->byte_length > job->ns.size * job->ns.lba_data_size) {
    fprintf(stderr, "%llu bytes do not fit into the namespace\n",
            (unsigned long long)job->byte_length);
    return false;
  }
  const int status = set_up(job);
  if (!nvm_ok(status)) {
    disk_complain("Failed to create queues and buffers", status);
    return false;
  }
  fprintf(stderr, "%s %llu bytes with %u queues...\n", job->reading ? "Reading" : "Writing",
          (unsigned long long)job->byte_length, job->n_queues);
  return transfer(job);
}

static bool open_file(struct job* job) {
  struct stat information;
  job->fd = open(job->path, job->reading ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY, 0666);
  if (job->fd < 0 || fstat(job->fd, &information) != 0) {
    perror(job->path);
    return false;
  }
  if (!job->reading) job->byte_length = (uint64_t)information.st_size;
  return true;
}

static int usage(const char* program, FILE* to) {
  fprintf(to, "Usage: %s --ctrl=TARGET [--read=BYTES] [OPTION...] FILE\n\n", program);
  fprintf(to, "Writes FILE to the namespace, from its first block on: destroys what is there.\n\n");
  fprintf(to,
          "  -c, --ctrl=TARGET    PCI address (05:00.0), path in sysfs, image file or socket\n");
  fprintf(to, "  -r, --read=BYTES     read BYTES bytes back into FILE instead\n");
  fprintf(to, "  -n, --namespace=ID   namespace (1)\n");
  fprintf(to, "  -q, --queues=COUNT   submission queues, 1 to %d (1)\n", QUEUES_MAX);
  fprintf(to, "  -h, --help           show this\n");
  return to == stderr;
}

/* True when the arguments are complete; else `*exit_code` says what to end with. */
static bool parse(int argc, char** argv, struct job* job, const char** target, int* exit_code) {
  static const struct option options[] = {
      {"help", no_argument, NULL, 'h'},         {"ctrl", required_argument, NULL, 'c'},
      {"read", required_argument, NULL, 'r'},   {"namespace", required_argument, NULL, 'n'},
      {"queues", required_argument, NULL, 'q'}, {NULL, 0, NULL, 0}};
  int option;
  while ((option = getopt_long(argc, argv, "hc:r:n:q:", options, NULL)) != -1) {
    switch (option) {
      case 'c':
        *target = optarg;
        break;
      case 'r':
        job->reading = true;
        job->byte_length = parse_number("read", optarg, INT64_MAX);
        break;
      case 'n':
        job->ns_id = (uint32_t)parse_number("namespace", optarg, UINT32_MAX - 1);
        break;
      case 'q':
        job->n_queues = (unsigned)parse_number("queues", optarg, QUEUES_MAX);
        break;
      default:
        *exit_code = usage(argv[0], option == 'h' ? stdout : stderr);
        return false;
    }
  }
  const bool complete = *target != NULL && optind + 1 == argc && job->n_queues > 0;
  if (complete) {
    job->path = argv[optind];
  } else {
    *exit_code = usage(argv[0], stderr);
  }
  return complete;
}

int main(int argc, char** argv) {
  static struct job job = {.ns_id = 1, .n_queues = 1, .fd = -1};
  const char* target = NULL;
  int exit_code = 1;
  if (!parse(argc, argv, &job, &target, &exit_code)) return exit_code;
  if (!open_file(&job) || !disk_open(&job.disk, target)) return 1;
  const bool done = run(&job);
  disk_stop(&job.disk);
  nvm_dma_unmap(job.buffers);
  nvm_dma_unmap(job.lists);
  nvm_dma_unmap(job.queues);
  disk_close(&job.disk);
  return close(job.fd) == 0 && done ? 0 : 1;
}
