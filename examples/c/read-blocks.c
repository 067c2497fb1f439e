/* SPDX-License-Identifier: MIT */
/* Reads blocks of a namespace and shows them or stores them in a file; can write a file to it
 * before. */
#include <ctype.h>
#include <getopt.h>
#include <nvm_cmd.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_util.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "disk.h"

/* Without a letter, as letters mean what they mean to libnvm. */
enum { OPTION_OUTPUT = 256, OPTION_ASCII, OPTION_IDENTIFY };

struct arguments {
  const char* target;
  const char* output; /* file to store the blocks in; NULL: show them */
  const char* write;  /* file to write first */
  uint32_t ns_id;
  uint64_t n_blocks; /* 0: as many as the file to write has */
  uint64_t offset;   /* first block */
  uint64_t chunk;    /* blocks per command; 0: as many as the controller takes */
  bool ascii;
  bool identify;
};

/* What every transfer needs. */
struct job {
  struct disk disk;
  struct disk_queue queue;
  struct nvm_ns_info ns;
  nvm_dma_t* buffer;
  uint64_t chunk; /* blocks per command */
};

static int usage(const char* program, FILE* to) {
  fprintf(to, "Usage: %s --ctrl=TARGET --blocks=COUNT [OPTION...]\n\n", program);
  fprintf(to, "  -c, --ctrl=TARGET   PCI address (05:00.0), path in sysfs, image file or socket\n");
  fprintf(to, "  -b, --blocks=COUNT  blocks to read; not needed with --write\n");
  fprintf(to, "  -o, --offset=BLOCK  first block (0)\n");
  fprintf(to, "  -n, --namespace=ID  namespace (1); --ns is another name for it\n");
  fprintf(to, "  -s, --chunk=COUNT   blocks per command (as many as the controller takes)\n");
  fprintf(to, "      --output=FILE   store the blocks in FILE instead of showing them\n");
  fprintf(to, "      --ascii         show them as text instead of as hexadecimal numbers\n");
  fprintf(to, "      --identify      show what the controller says about itself first\n");
  fprintf(to, "  -w, --write=FILE    first write FILE to the blocks: destroys what is there\n");
  fprintf(to, "  -h, --help          show this\n");
  return to == stderr;
}

/* True when `arguments` are complete; else `*exit_code` says what to end with. */
static bool parse(int argc, char** argv, struct arguments* arguments, int* exit_code) {
  static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                          {"ctrl", required_argument, NULL, 'c'},
                                          {"blocks", required_argument, NULL, 'b'},
                                          {"offset", required_argument, NULL, 'o'},
                                          {"namespace", required_argument, NULL, 'n'},
                                          {"ns", required_argument, NULL, 'n'},
                                          {"chunk", required_argument, NULL, 's'},
                                          {"output", required_argument, NULL, OPTION_OUTPUT},
                                          {"ascii", no_argument, NULL, OPTION_ASCII},
                                          {"identify", no_argument, NULL, OPTION_IDENTIFY},
                                          {"write", required_argument, NULL, 'w'},
                                          {NULL, 0, NULL, 0}};
  int option;
  memset(arguments, 0, sizeof(*arguments));
  arguments->ns_id = 1;
  while ((option = getopt_long(argc, argv, "hc:b:n:o:s:w:", options, NULL)) != -1) {
    switch (option) {
      case 'c':
        arguments->target = optarg;
        break;
      case 'b':
        arguments->n_blocks = parse_number("blocks", optarg, UINT64_MAX >> 12);
        break;
      case 'o':
        arguments->offset = parse_number("offset", optarg, UINT64_MAX >> 12);
        break;
      case 'n':
        arguments->ns_id = (uint32_t)parse_number("namespace", optarg, UINT32_MAX - 1);
        break;
      case 's':
        arguments->chunk = parse_number("chunk", optarg, 65535);
        break;
      case OPTION_OUTPUT:
        arguments->output = optarg;
        break;
      case OPTION_ASCII:
        arguments->ascii = true;
        break;
      case OPTION_IDENTIFY:
        arguments->identify = true;
        break;
      case 'w':
        arguments->write = optarg;
        break;
      default:
        *exit_code = usage(argv[0], option == 'h' ? stdout : stderr);
        return false;
    }
  }
  const bool complete = arguments->target != NULL && optind == argc &&
                        (arguments->n_blocks > 0 || arguments->write != NULL);
  if (!complete) *exit_code = usage(argv[0], stderr);
  return complete;
}

/* Moves `n_blocks` blocks at `lba` between the disk and the job's buffer. */
static bool transfer(struct job* job, uint32_t ns_id, uint8_t opcode, uint64_t lba,
                     uint64_t n_blocks) {
  const size_t n_pages = NVM_BLOCK_TO_PAGE(job->buffer->page_size, job->ns.lba_data_size, n_blocks);
  return disk_transfer(&job->queue, opcode, ns_id, lba, (uint16_t)n_blocks, n_pages,
                       job->buffer->ioaddrs);
}

static bool write_file(struct job* job, const struct arguments* arguments, uint64_t n_blocks,
                       FILE* file) {
  const size_t block_size = job->ns.lba_data_size;
  for (uint64_t done = 0; done < n_blocks;) {
    const uint64_t count = n_blocks - done < job->chunk ? n_blocks - done : job->chunk;
    const size_t filled = fread(job->buffer->vaddr, 1, count * block_size, file);
    memset((char*)job->buffer->vaddr + filled, 0, count * block_size - filled);
    if (!transfer(job, arguments->ns_id, NVM_IO_WRITE, arguments->offset + done, count))
      return false;
    done += count;
  }
  return transfer(job, arguments->ns_id, NVM_IO_FLUSH, 0, 1);
}

static void show(const unsigned char* bytes, size_t size, uint64_t position, bool ascii) {
  for (size_t i = 0; i < size; i += 16) {
    printf("%010llx ", (unsigned long long)(position + i));
    for (size_t j = i; j < i + 16 && j < size; j++) {
      if (ascii) {
        putchar(isprint(bytes[j]) ? bytes[j] : '.');
      } else {
        printf(" %02x", bytes[j]);
      }
    }
    putchar('\n');
  }
}

static bool read_blocks(struct job* job, const struct arguments* arguments, uint64_t n_blocks,
                        FILE* output) {
  const size_t block_size = job->ns.lba_data_size;
  for (uint64_t done = 0; done < n_blocks;) {
    const uint64_t count = n_blocks - done < job->chunk ? n_blocks - done : job->chunk;
    const uint64_t lba = arguments->offset + done;
    if (!transfer(job, arguments->ns_id, NVM_IO_READ, lba, count)) return false;
    if (output == NULL) {
      show(job->buffer->vaddr, count * block_size, lba * block_size, arguments->ascii);
    } else if (fwrite(job->buffer->vaddr, block_size, count, output) != count) {
      perror(arguments->output);
      return false;
    }
    done += count;
  }
  return true;
}

/* Opens the files that are asked for, then does the writing and the reading. */
static bool run(struct job* job, const struct arguments* arguments) {
  uint64_t n_blocks = arguments->n_blocks;
  if (arguments->write != NULL) {
    struct stat information;
    FILE* file = fopen(arguments->write, "rb");
    if (file == NULL || fstat(fileno(file), &information) != 0) {
      perror(arguments->write);
      if (file != NULL) fclose(file);
      return false;
    }
    if (n_blocks == 0) {
      n_blocks =
          ((uint64_t)information.st_size + job->ns.lba_data_size - 1) / job->ns.lba_data_size;
    }
    const bool written = write_file(job, arguments, n_blocks, file);
    fclose(file);
    if (!written) return false;
  }
  FILE* output = NULL;
  if (arguments->output != NULL && (output = fopen(arguments->output, "wb")) == NULL) {
    perror(arguments->output);
    return false;
  }
  bool done = read_blocks(job, arguments, n_blocks, output);
  if (output != NULL && fclose(output) != 0) {
    perror(arguments->output);
    done = false;
  }
  return done;
}

/* Blocks per command: what was asked for, within what the controller takes and one PRP list
 * describes. */
static uint64_t choose_chunk(const struct job* job, uint64_t wanted) {
  const size_t page_size = job->disk.ctrl->page_size;
  uint64_t pages_max = page_size / sizeof(uint64_t);
  if (job->disk.info.max_data_pages < pages_max) pages_max = job->disk.info.max_data_pages;
  uint64_t blocks_max = NVM_PAGE_TO_BLOCK(page_size, job->ns.lba_data_size, pages_max);
  if (blocks_max > 65535) blocks_max = 65535;
  return wanted == 0 || wanted > blocks_max ? blocks_max : wanted;
}

int main(int argc, char** argv) {
  struct arguments arguments;
  struct job job;
  int exit_code = 1;
  if (!parse(argc, argv, &arguments, &exit_code)) return exit_code;
  memset(&job, 0, sizeof(job));
  if (!disk_open(&job.disk, arguments.target)) return 1;
  if (arguments.identify) disk_print(&job.disk);
  if (disk_namespace(&job.disk, arguments.ns_id, &job.ns) &&
      disk_queue_open(&job.disk, &job.queue, 0)) {
    job.chunk = choose_chunk(&job, arguments.chunk);
    const int status = nvm_dma_create(&job.buffer, job.disk.ctrl, job.chunk * job.ns.lba_data_size);
    if (!nvm_ok(status)) {
      disk_complain("Failed to create a buffer", status);
    } else if (run(&job, &arguments)) {
      exit_code = 0;
    }
  }
  disk_stop(&job.disk);
  nvm_dma_unmap(job.buffer);
  disk_queue_close(&job.queue);
  disk_close(&job.disk);
  return exit_code;
}
