/* SPDX-License-Identifier: MIT */
/* Manages a controller and serves it to other processes, until SIGINT or SIGTERM. */
#include <getopt.h>
#include <nvm_admin.h>
#include <nvm_cmd.h>
#include <nvm_error.h>
#include <nvm_rpc.h>
#include <nvm_util.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "disk.h"

#define SOCKETS_MAX 8

/* Without a letter, as letters mean what they mean to libnvm. */
enum { OPTION_SOCKET = 256, OPTION_IDENTIFY };

struct arguments {
  const char* target;
  const char* sockets[SOCKETS_MAX];
  size_t n_sockets;
  uint16_t n_cqs; /* queues to ask for; 0: as many as the library does */
  uint16_t n_sqs;
  bool identify;
  bool verbose;
};

static int usage(const char* program, FILE* to) {
  fprintf(to, "Usage: %s --ctrl=TARGET --socket=PATH [OPTION...]\n\n", program);
  fprintf(to, "  -d, --ctrl=TARGET    PCI address (05:00.0), path in sysfs, or image file\n");
  fprintf(to,
          "      --socket=PATH    socket to serve at, for processes of the same user; several\n");
  fprintf(to, "                       may be given; --enable is another name for it\n");
  fprintf(to, "  -c, --cqs=COUNT      completion queues to reserve\n");
  fprintf(to, "  -s, --sqs=COUNT      submission queues to reserve\n");
  fprintf(to, "      --identify       show what the controller says about itself\n");
  fprintf(to, "  -v, --verbose        tell of each admin command of a client\n");
  fprintf(to, "  -h, --help           show this\n\n");
  fprintf(to, "Of libnvm's options --adapter (-a) is not there: no cluster is needed.\n");
  return to == stderr;
}

/* True when `arguments` are complete; else `*exit_code` says what to end with. */
static bool parse(int argc, char** argv, struct arguments* arguments, int* exit_code) {
  static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                          {"ctrl", required_argument, NULL, 'd'},
                                          {"socket", required_argument, NULL, OPTION_SOCKET},
                                          {"enable", required_argument, NULL, OPTION_SOCKET},
                                          {"cqs", required_argument, NULL, 'c'},
                                          {"sqs", required_argument, NULL, 's'},
                                          {"identify", no_argument, NULL, OPTION_IDENTIFY},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
  int option;
  memset(arguments, 0, sizeof(*arguments));
  while ((option = getopt_long(argc, argv, "hd:c:s:v", options, NULL)) != -1) {
    if (option == 'd') {
      arguments->target = optarg;
    } else if (option == OPTION_SOCKET && arguments->n_sockets < SOCKETS_MAX) {
      arguments->sockets[arguments->n_sockets++] = optarg;
    } else if (option == 'c') {
      arguments->n_cqs = (uint16_t)parse_number("cqs", optarg, UINT16_MAX);
    } else if (option == 's') {
      arguments->n_sqs = (uint16_t)parse_number("sqs", optarg, UINT16_MAX);
    } else if (option == OPTION_IDENTIFY) {
      arguments->identify = true;
    } else if (option == 'v') {
      arguments->verbose = true;
    } else {
      *exit_code = usage(argv[0], option == 'h' ? stdout : stderr);
      return false;
    }
  }
  const bool complete = arguments->target != NULL && arguments->n_sockets > 0 && optind == argc &&
                        (arguments->n_cqs == 0) == (arguments->n_sqs == 0);
  if (!complete) *exit_code = usage(argv[0], stderr);
  return complete;
}

/* Clients may ask, and have queues; what changes the controller for everybody is rejected. */
static bool accept_command(nvm_cmd_t* cmd, const struct nvm_rpc_client* client, void* arg) {
  const struct arguments* arguments = arg;
  const uint8_t opcode = (uint8_t)_RB(cmd->dword[0], 7, 0);
  const bool accepted =
      opcode == NVM_ADMIN_CREATE_COMPLETION_QUEUE || opcode == NVM_ADMIN_CREATE_SUBMISSION_QUEUE ||
      opcode == NVM_ADMIN_DELETE_COMPLETION_QUEUE || opcode == NVM_ADMIN_DELETE_SUBMISSION_QUEUE ||
      opcode == NVM_ADMIN_IDENTIFY || opcode == NVM_ADMIN_GET_LOG_PAGE ||
      opcode == NVM_ADMIN_GET_FEATURES || opcode == NVM_ADMIN_ABORT;
  if (arguments->verbose) {
    fprintf(stderr, "* Client %u (process %d, user %u): command %02xh %s\n", client->id,
            (int)client->pid, client->uid, opcode, accepted ? "accepted" : "rejected");
  }
  return accepted;
}

static bool reserve(struct disk* disk, const struct arguments* arguments) {
  uint16_t n_cqs = arguments->n_cqs;
  uint16_t n_sqs = arguments->n_sqs;
  if (n_cqs == 0) return true;
  const int status = nvm_admin_request_num_queues(disk->aq, &n_cqs, &n_sqs);
  if (!nvm_ok(status)) {
    disk_complain("Failed to reserve queues", status);
    return false;
  }
  if (n_cqs < arguments->n_cqs || n_sqs < arguments->n_sqs) {
    fprintf(stderr, "Attempted to reserve %u CQs and %u SQs, got %u CQs and %u SQs\n",
            arguments->n_cqs, arguments->n_sqs, n_cqs, n_sqs);
    return false;
  }
  if (arguments->verbose) fprintf(stderr, "Reserved %u CQs and %u SQs\n", n_cqs, n_sqs);
  return true;
}

/* Serves until one of `signals` comes. */
static bool serve(struct disk* disk, struct arguments* arguments, const sigset_t* signals) {
  int signal_number;
  if (!reserve(disk, arguments)) return false;
  for (size_t i = 0; i < arguments->n_sockets; i++) {
    const int status = nvm_rpc_enable(disk->aq, arguments->sockets[i], accept_command, arguments);
    if (!nvm_ok(status)) {
      disk_complain("Failed to serve", status);
      return false;
    }
    fprintf(stderr, "Serving %s at %s\n", arguments->target, arguments->sockets[i]);
  }
  sigwait(signals, &signal_number);
  return true;
}

int main(int argc, char** argv) {
  struct arguments arguments;
  struct disk disk;
  sigset_t signals;
  int exit_code = 1;
  if (!parse(argc, argv, &arguments, &exit_code)) return exit_code;
  /* Before the library starts threads: they leave these signals to this one. */
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  if (!disk_open(&disk, arguments.target)) return 1;
  if (arguments.identify) disk_print(&disk);
  fflush(stdout);
  if (serve(&disk, &arguments, &signals)) exit_code = 0;
  disk_stop(&disk);
  disk_close(&disk);
  if (exit_code == 0) fprintf(stderr, "Goodbye!\n");
  return exit_code;
}
