/* SPDX-License-Identifier: MIT */
/* Asks a controller that another process manages what it is: rpc-identify --ctrl=PATH */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "disk.h"

static int usage(const char* program, FILE* to) {
  fprintf(to, "Usage: %s --ctrl=PATH [--namespace=ID]\n\n", program);
  fprintf(to, "  -d, --ctrl=PATH     socket at which the controller is served\n");
  fprintf(to, "  -n, --namespace=ID  show this namespace, too; --ns is another name for it\n");
  fprintf(to, "  -h, --help          show this\n\n");
  fprintf(to, "Of libnvm's options --adapter (-a) is not there: no cluster is needed.\n");
  return to == stderr;
}

int main(int argc, char** argv) {
  static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                          {"ctrl", required_argument, NULL, 'd'},
                                          {"namespace", required_argument, NULL, 'n'},
                                          {"ns", required_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
  const char* path = NULL;
  uint32_t ns_id = 0;
  int option;
  while ((option = getopt_long(argc, argv, "hd:n:", options, NULL)) != -1) {
    if (option == 'd') {
      path = optarg;
    } else if (option == 'n') {
      ns_id = (uint32_t)parse_number("namespace", optarg, UINT32_MAX - 1);
    } else {
      return usage(argv[0], option == 'h' ? stdout : stderr);
    }
  }
  if (path == NULL || optind != argc) return usage(argv[0], stderr);

  struct disk disk;
  struct nvm_ns_info ns;
  bool done = true;
  if (!disk_join(&disk, path)) return 1;
  disk_print(&disk);
  if (ns_id != 0) {
    done = disk_namespace(&disk, ns_id, &ns);
    if (done) disk_print_namespace(&ns);
  }
  disk_stop(&disk);
  disk_close(&disk);
  return done ? 0 : 1;
}
