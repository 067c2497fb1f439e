/* SPDX-License-Identifier: MIT */
/* Preloaded into nvme-cli by the contract test: /dev/nvme0 is then a device whose answers are files
 * in the folder $NVME_ANSWERS, named by opcode and the low byte of command dword 10 (06-01 is
 * Identify Controller). A file NAME.result has dword 0 of the completion in hexadecimal. What is
 * missing is zeroes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static const char device_path[] = "/dev/nvme0";
static const int get_log_page = 0x02;
static int device_fd = -1;

/* A character device, as nvme-cli wants one. */
static int open_device(void) {
  int (*next)(const char*, int, ...) = dlsym(RTLD_NEXT, "open64");
  device_fd = next("/dev/null", O_RDONLY);
  return device_fd;
}

int open64(const char* path, int flags, ...) {
  int (*next)(const char*, int, ...) = dlsym(RTLD_NEXT, "open64");
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  return strcmp(path, device_path) == 0 ? open_device() : next(path, flags, mode);
}

/* What open64 without a mode is compiled to. */
int __open64_2(const char* path, int flags) {
  return open64(path, flags, 0);
}

static FILE* open_answer(const struct nvme_passthru_cmd* command, const char* suffix) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%02x-%02x%s", getenv("NVME_ANSWERS"), command->opcode,
           command->cdw10 & 0xff, suffix);
  return fopen(path, "rb");
}

static int answer(struct nvme_passthru_cmd* command) {
  void* data = (void*)(uintptr_t)command->addr;
  memset(data, 0, command->data_len);
  FILE* file = open_answer(command, "");
  if (file != NULL) {
    long offset = command->opcode == get_log_page ? (long)command->cdw12 : 0;
    if (fseek(file, offset, SEEK_SET) != 0 || fread(data, 1, command->data_len, file) == 0)
      fprintf(stderr, "shim: an empty answer\n");
    fclose(file);
  }
  file = open_answer(command, ".result");
  if (file != NULL) {
    if (fscanf(file, "%x", &command->result) != 1) fprintf(stderr, "shim: no result\n");
    fclose(file);
  }
  return 0;
}

int ioctl(int fd, unsigned long request, ...) {
  int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (fd != device_fd || device_fd < 0) return next(fd, request, argument);
  if (request == NVME_IOCTL_ADMIN_CMD) return answer(argument);
  errno = ENOTTY; /* it is no namespace */
  return -1;
}
