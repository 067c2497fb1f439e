/* SPDX-License-Identifier: MIT */
/* Copies blocks of a controller that another process manages to standard output, or standard input
 * to its blocks. Can be that other process itself, and serve the controller meanwhile. */
#include <getopt.h>
#include <nvm_admin.h>
#include <nvm_cmd.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_rpc.h>
#include <nvm_util.h>
#include <stdio.h>
#include <string.h>

#include "disk.h"

/* Without a letter, as letters mean what they mean to libnvm. */
enum { OPTION_NAMESPACE = 256 };

struct arguments {
  const char* target;
  const char* server; /* socket to serve at; NULL: be a client */
  uint32_t ns_id;
  uint16_t queue_id; /* 0: the first that is free */
  uint16_t n_queues; /* to reserve, as a server */
  uint64_t offset;   /* first block */
  uint64_t n_blocks; /* to read */
  uint64_t buffer;   /* blocks per command; 0: as many as the controller takes */
  bool input;
};

struct job {
  const struct arguments* arguments;
  struct disk disk;
  struct disk_queue queue;
  struct nvm_ns_info ns;
  nvm_dma_t* buffer;
  uint64_t chunk; /* blocks per command */
};

static int usage(const char* program, FILE* to) {
  fprintf(to, "Usage: %s --ctrl=PATH --count=COUNT [OPTION...] > FILE\n", program);
  fprintf(to, "       %s --ctrl=PATH --input [OPTION...] < FILE\n\n", program);
  fprintf(to, "  -d, --ctrl=PATH       socket at which the controller is served\n");
  fprintf(to, "  -c, --count=COUNT     blocks to read; --blocks is another name for it\n");
  fprintf(to,
          "  -i, --input           write standard input to the blocks instead: destroys what\n");
  fprintf(to, "                        is there\n");
  fprintf(to, "  -o, --offset=BLOCK    first block (0)\n");
  fprintf(to, "      --namespace=ID    namespace (1); also --nvm-ns, --ns\n");
  fprintf(to,
          "  -q, --queue-id=ID     queue pair (the first that is free); also --queue-num, --qn\n");
  fprintf(to, "  -b, --buffer=COUNT    blocks per command (as many as the controller takes)\n");
  fprintf(to,
          "  -s, --server=PATH     be the manager of the controller, which --ctrl then names as\n");
  fprintf(to, "                        rpc-server's does, and serve it at PATH meanwhile\n");
  fprintf(to, "  -n, --num-queues=N    with --server: queue pairs to reserve; also --nq\n");
  fprintf(to, "  -h, --help            show this\n\n");
  fprintf(to, "Of libnvm's options --adapter (-a) and --segment-id are not there: no cluster is\n");
  fprintf(to, "needed. --server takes the path of a socket.\n");
  return to == stderr;
}

/* False for an option that does not exist. */
static bool take_option(struct arguments* arguments, int option) {
  const uint64_t blocks_max = UINT64_MAX >> 12;
  if (option == 'd') {
    arguments->target = optarg;
  } else if (option == 's') {
    arguments->server = optarg;
  } else if (option == 'i') {
    arguments->input = true;
  } else if (option == 'c') {
    arguments->n_blocks = parse_number("count", optarg, blocks_max);
  } else if (option == 'o') {
    arguments->offset = parse_number("offset", optarg, blocks_max);
  } else if (option == OPTION_NAMESPACE) {
    arguments->ns_id = (uint32_t)parse_number("namespace", optarg, UINT32_MAX - 1);
  } else if (option == 'q') {
    arguments->queue_id = (uint16_t)parse_number("queue-id", optarg, UINT16_MAX - 1);
  } else if (option == 'b') {
    arguments->buffer = parse_number("buffer", optarg, 65535);
  } else if (option == 'n') {
    arguments->n_queues = (uint16_t)parse_number("num-queues", optarg, UINT16_MAX - 1);
  } else {
    return false;
  }
  return true;
}

/* True when `arguments` are complete; else `*exit_code` says what to end with. */
static bool parse(int argc, char** argv, struct arguments* arguments, int* exit_code) {
  static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                          {"ctrl", required_argument, NULL, 'd'},
                                          {"count", required_argument, NULL, 'c'},
                                          {"blocks", required_argument, NULL, 'c'},
                                          {"input", no_argument, NULL, 'i'},
                                          {"offset", required_argument, NULL, 'o'},
                                          {"namespace", required_argument, NULL, OPTION_NAMESPACE},
                                          {"nvm-ns", required_argument, NULL, OPTION_NAMESPACE},
                                          {"ns", required_argument, NULL, OPTION_NAMESPACE},
                                          {"queue-id", required_argument, NULL, 'q'},
                                          {"queue-num", required_argument, NULL, 'q'},
                                          {"qn", required_argument, NULL, 'q'},
                                          {"buffer", required_argument, NULL, 'b'},
                                          {"server", required_argument, NULL, 's'},
                                          {"num-queues", required_argument, NULL, 'n'},
                                          {"nq", required_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
  int option;
  memset(arguments, 0, sizeof(*arguments));
  arguments->ns_id = 1;
  while ((option = getopt_long(argc, argv, "hd:n:s:q:o:b:c:i", options, NULL)) != -1) {
    if (take_option(arguments, option)) continue;
    *exit_code = usage(argv[0], option == 'h' ? stdout : stderr);
    return false;
  }
  const bool complete = arguments->target != NULL && optind == argc &&
                        arguments->input == (arguments->n_blocks == 0) &&
                        (arguments->n_queues == 0 || arguments->server != NULL);
  if (!complete) *exit_code = usage(argv[0], stderr);
  return complete;
}

/* As a client, or as the manager. */
static bool open_disk(struct disk* disk, const struct arguments* arguments) {
  uint16_t n_cqs = arguments->n_queues;
  uint16_t n_sqs = arguments->n_queues;
  int status = 0;
  if (arguments->server == NULL) return disk_join(disk, arguments->target);
  if (!disk_open(disk, arguments->target)) return false;
  if (n_cqs != 0) status = nvm_admin_request_num_queues(disk->aq, &n_cqs, &n_sqs);
  if (nvm_ok(status)) status = nvm_rpc_enable(disk->aq, arguments->server, NULL, NULL);
  if (nvm_ok(status)) return true;
  disk_complain("Failed to serve", status);
  disk_stop(disk);
  disk_close(disk);
  return false;
}

static bool transfer(struct job* job, uint8_t opcode, uint64_t lba, uint64_t n_blocks) {
  const size_t n_pages = NVM_BLOCK_TO_PAGE(job->buffer->page_size, job->ns.lba_data_size, n_blocks);
  return disk_transfer(&job->queue, opcode, job->arguments->ns_id, lba, (uint16_t)n_blocks, n_pages,
                       job->buffer->ioaddrs);
}

static bool read_blocks(struct job* job) {
  uint64_t lba = job->arguments->offset;
  const uint64_t end = lba + job->arguments->n_blocks;
  while (lba < end) {
    const uint64_t count = end - lba < job->chunk ? end - lba : job->chunk;
    if (!transfer(job, NVM_IO_READ, lba, count)) return false;
    if (fwrite(job->buffer->vaddr, job->ns.lba_data_size, count, stdout) != count) break;
    lba += count;
  }
  if (lba == end && fflush(stdout) == 0) return true;
  perror("standard output");
  return false;
}

/* The rest of the last block becomes zeros. */
static bool write_blocks(struct job* job) {
  const size_t block_size = job->ns.lba_data_size;
  uint64_t lba = job->arguments->offset;
  size_t size;
  while ((size = fread(job->buffer->vaddr, 1, job->chunk * block_size, stdin)) != 0) {
    const uint64_t count = (size + block_size - 1) / block_size;
    memset((char*)job->buffer->vaddr + size, 0, count * block_size - size);
    if (!transfer(job, NVM_IO_WRITE, lba, count)) return false;
    lba += count;
  }
  if (!ferror(stdin)) return transfer(job, NVM_IO_FLUSH, 0, 1);
  perror("standard input");
  return false;
}

/* Blocks per command: what was asked for; at most what the controller takes, and what one PRP list
 * describes. 0, with a message, for more. */
static uint64_t choose_chunk(const struct job* job) {
  const size_t page_size = job->disk.ctrl->page_size;
  uint64_t pages_max = page_size / sizeof(uint64_t);
  if (job->disk.info.max_data_pages < pages_max) pages_max = job->disk.info.max_data_pages;
  uint64_t blocks_max = NVM_PAGE_TO_BLOCK(page_size, job->ns.lba_data_size, pages_max);
  if (blocks_max > 65535) blocks_max = 65535;
  if (job->arguments->buffer <= blocks_max) {
    return job->arguments->buffer == 0 ? blocks_max : job->arguments->buffer;
  }
  fprintf(stderr, "--buffer=%llu: the controller takes %llu blocks with one command\n",
          (unsigned long long)job->arguments->buffer, (unsigned long long)blocks_max);
  return 0;
}

static bool copy(struct job* job) {
  const struct arguments* arguments = job->arguments;
  if (!disk_namespace(&job->disk, arguments->ns_id, &job->ns)) return false;
  if (arguments->offset > job->ns.size || arguments->n_blocks > job->ns.size - arguments->offset) {
    fprintf(stderr, "Namespace %u has %llu blocks\n", arguments->ns_id,
            (unsigned long long)job->ns.size);
    return false;
  }
  job->chunk = choose_chunk(job);
  if (job->chunk == 0 || !disk_queue_open(&job->disk, &job->queue, arguments->queue_id)) {
    return false;
  }
  const int status =
      nvm_dma_create(&job->buffer, job->disk.ctrl, job->chunk * job->ns.lba_data_size);
  if (!nvm_ok(status)) {
    disk_complain("Failed to create a buffer", status);
    return false;
  }
  return arguments->input ? write_blocks(job) : read_blocks(job);
}

int main(int argc, char** argv) {
  struct arguments arguments;
  struct job job;
  int exit_code = 1;
  if (!parse(argc, argv, &arguments, &exit_code)) return exit_code;
  memset(&job, 0, sizeof(job));
  job.arguments = &arguments;
  if (!open_disk(&job.disk, &arguments)) return 1;
  if (copy(&job)) exit_code = 0;
  disk_stop(&job.disk);
  nvm_dma_unmap(job.buffer);
  disk_queue_close(&job.queue);
  disk_close(&job.disk);
  return exit_code;
}
