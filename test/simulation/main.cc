// SPDX-License-Identifier: MIT
// Runs the driver on the emulator, one seed after the other; everything that happens follows from
// the seed.
//   simulation [--seeds N] [--first N]     N seeds, from the first on
//   simulation --seed N [--verbose]        one seed again
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "world.h"

namespace nvm::simulation {
namespace {

struct Options {
  uint64_t first = 1;
  uint64_t count = 10'000;
  bool verbose = false;
};

// False, with the way to replay it, when the seed has failed.
bool run_seed(uint64_t seed, bool verbose) {
  Report report(verbose);
  World(seed, report).run();
  if (!report.failed()) return true;
  if (!verbose) report.print_lines(stdout);
  printf("seed %lu failed: %s\nreplay: simulation --seed %lu --verbose\n", seed,
         report.failure().c_str(), seed);
  return false;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--verbose") == 0) {
      options.verbose = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (strcmp(argv[i], "--seed") == 0) {
      options.first = strtoull(argv[++i], nullptr, 0);
      options.count = 1;
    } else if (strcmp(argv[i], "--seeds") == 0) {
      options.count = strtoull(argv[++i], nullptr, 0);
    } else if (strcmp(argv[i], "--first") == 0) {
      options.first = strtoull(argv[++i], nullptr, 0);
    } else {
      return false;
    }
  }
  return true;
}

double seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace
}  // namespace nvm::simulation

int main(int argc, char** argv) {
  nvm::simulation::Options options;
  if (!nvm::simulation::parse(argc, argv, options)) {
    fprintf(stderr, "simulation [--seeds N] [--first N] | --seed N [--verbose]\n");
    return 2;
  }
  const double began = nvm::simulation::seconds();
  for (uint64_t i = 0; i < options.count; i++) {
    if (!nvm::simulation::run_seed(options.first + i, options.verbose)) return 1;
  }
  const double took = nvm::simulation::seconds() - began;
  printf("%lu seeds clean, %.0f a second\n", options.count,
         static_cast<double>(options.count) / (took > 0 ? took : 1e-9));
  return 0;
}
