// SPDX-License-Identifier: MIT
// sharing-client SOCKET PAGE SLOT: a client of the controller at SOCKET, with slot SLOT of the file
// PAGE. Its parent kills it, asks it to end through its slot, or takes it along.
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <cstdlib>

#include "client.h"

int main(int argc, char** argv) {
  using namespace nvm::stress;
  if (argc != 4) {
    std::fprintf(stderr, "usage: sharing-client SOCKET PAGE SLOT\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto index = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
  Client client(argv[1], map_slot(argv[2], index), index);
  client.run();
  return 0;
}
