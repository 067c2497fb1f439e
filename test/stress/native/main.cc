// SPDX-License-Identifier: MIT
// sharing-client SOCKET PAGE SLOT [reconnect]: a client of the controller at SOCKET, with slot SLOT
// of the file PAGE. Its parent kills it, or its manager, asks it to end through its slot, or takes
// it along.
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "client.h"

int main(int argc, char** argv) {
  using namespace nvm::stress;
  const bool reconnects = argc == 5 && std::strcmp(argv[4], "reconnect") == 0;
  if (argc != 4 && !reconnects) {
    std::fprintf(stderr, "usage: sharing-client SOCKET PAGE SLOT [reconnect]\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto index = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
  Client client(argv[1], map_slot(argv[2], index), index, reconnects);
  client.run();
  return 0;
}
