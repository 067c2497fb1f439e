// SPDX-License-Identifier: MIT
// Runs the driver on the emulator, one seed after the other; everything that happens follows from
// the seed.
//   simulation [--seeds N] [--first N]     N seeds, from the first on
//   simulation --seed N [--verbose]        one seed again
//   simulation --sharing …                 the same of a controller that is shared
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <memory>

#include "sharing/held_by_process.h"
#include "sharing/sharing_world.h"
#include "world.h"

namespace nvm::simulation {
namespace {

// Every so many seeds one runs twice, and must do the same.
constexpr uint64_t kRepeated = 32;

struct Options {
  uint64_t first = 1;
  uint64_t count = 10'000;
  bool sharing = false;
  bool verbose = false;
};

// A world that has failed is left as it is: whoever waits in it would wait for ever.
void run_world(uint64_t seed, bool sharing, Report& report) {
  if (!sharing) return World(seed, report).run();
  const HeldByProcess before = HeldByProcess::count();
  auto world = std::make_unique<SharingWorld>(seed, report);
  world->run();
  if (report.failed()) return (void)world.release();
  world.reset();
  const HeldByProcess after = HeldByProcess::count();
  if (after == before) return;
  report.fail("%lu descriptors and %lu mappings before, %lu and %lu after", before.descriptors,
              before.mappings, after.descriptors, after.mappings);
}

// False, with the way to replay it, when the seed has failed.
bool run_seed(uint64_t seed, const Options& options) {
  Report report(options.verbose);
  run_world(seed, options.sharing, report);
  if (!report.failed() && !options.verbose && seed % kRepeated == 0) {
    Report again(false);
    run_world(seed, options.sharing, again);
    if (again.hash() != report.hash()) report.fail("the seed does not repeat itself");
  }
  if (!report.failed()) return true;
  if (!options.verbose) report.print_lines(stdout);
  printf("seed %lu failed: %s\nreplay: simulation%s --seed %lu --verbose\n", seed,
         report.failure().c_str(), options.sharing ? " --sharing" : "", seed);
  return false;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--verbose") == 0) {
      options.verbose = true;
    } else if (strcmp(argv[i], "--sharing") == 0) {
      options.sharing = true;
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
    fprintf(stderr, "simulation [--sharing] [--seeds N] [--first N] | --seed N [--verbose]\n");
    return 2;
  }
  const double began = nvm::simulation::seconds();
  for (uint64_t i = 0; i < options.count; i++) {
    if (!nvm::simulation::run_seed(options.first + i, options)) return 1;
  }
  const double took = nvm::simulation::seconds() - began;
  printf("%lu seeds clean, %.0f a second\n", options.count,
         static_cast<double>(options.count) / (took > 0 ? took : 1e-9));
  return 0;
}
