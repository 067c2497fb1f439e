/* SPDX-License-Identifier: MIT */
/* Asks a controller what it is: identify-userspace --ctrl=TARGET */
#include <getopt.h>
#include <nvm_ctrl.h>
#include <nvm_error.h>
#include <stdio.h>
#include <string.h>

#include "disk.h"

static int usage(const char* program, FILE* to) {
  fprintf(to, "Usage: %s --ctrl=TARGET [--ns=ID]\n\n", program);
  fprintf(to, "  -c, --ctrl=TARGET   PCI address (05:00.0), path in sysfs, image file or socket\n");
  fprintf(to, "  -n, --ns=ID         show this namespace, too\n");
  fprintf(to, "  -h, --help          show this\n");
  return to == stderr;
}

int main(int argc, char** argv) {
  static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                          {"ctrl", required_argument, NULL, 'c'},
                                          {"ns", required_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
  const char* target = NULL;
  uint32_t ns_id = 0;
  int option;
  while ((option = getopt_long(argc, argv, "hc:n:", options, NULL)) != -1) {
    if (option == 'h') return usage(argv[0], stdout);
    if (option == 'c') {
      target = optarg;
    } else if (option == 'n') {
      ns_id = (uint32_t)parse_number("ns", optarg, UINT32_MAX - 1);
    } else {
      return usage(argv[0], stderr);
    }
  }
  if (target == NULL || optind != argc) return usage(argv[0], stderr);

  struct disk disk;
  nvm_ctrl_t* ctrl;
  const int status = nvm_ctrl_open(&ctrl, target);
  if (!nvm_ok(status)) {
    disk_complain("Failed to open the controller", status);
    return 1;
  }
  fprintf(stderr, disk_has_manager(ctrl) ? "Connecting to the manager of the controller...\n"
                                         : "Resetting controller and setting up admin queues...\n");
  if (!disk_manage(&disk, ctrl)) return 1;
  disk_print(&disk);
  struct nvm_ns_info ns;
  const bool done = ns_id == 0 || disk_namespace(&disk, ns_id, &ns);
  if (done && ns_id != 0) disk_print_namespace(&ns);
  disk_stop(&disk);
  disk_close(&disk);
  return done ? 0 : 1;
}
