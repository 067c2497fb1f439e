// SPDX-License-Identifier: MIT
// sharing-native SOCKET: a client of the controller that is served there. Reads requests `identify
// MILLISECONDS`, and answers each with a JSON line of the quantiles of a round trip in
// microseconds.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "driver/controller.h"
#include "platform/clock.h"
#include "transport/open.h"

namespace {

using namespace nvm;

template <class T>
T expect(Result<T> result, const char* what) {
  if (result.ok()) return std::move(result.value());
  std::fprintf(stderr, "%s: %s\n", what, result.status().failure().detail.c_str());
  std::exit(1);
}

// Sorted nanoseconds of each.
std::vector<uint64_t> measure_identify(Controller& controller, uint64_t duration_ns) {
  auto page = expect(controller.allocate(4096), "page");
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::identify;
  command.cdw10 = spec::cns::identify_controller;
  command.prp1 = page->io_address(0);
  constexpr uint64_t kTimeoutNs = 5'000 * kNanosecondsPerMillisecond;
  std::vector<uint64_t> took;
  const uint64_t start = monotonic_clock().now_ns();
  uint64_t now = start;
  do {
    const uint64_t began = now;
    const Completion completion = expect(controller.admin(command, kTimeoutNs, page), "identify");
    if (completion.status_field != 0) std::exit(1);
    now = monotonic_clock().now_ns();
    took.push_back(now - began);
  } while (now - start < duration_ns);
  std::sort(took.begin(), took.end());
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto controller =
      expect(Controller::open(expect(open_transport(argv[1]), argv[1]), thread_waiter()), "open");
  if (!controller->claim_admin().ok()) return 1;
  char line[128];
  unsigned milliseconds;
  while (std::fgets(line, sizeof(line), stdin) != nullptr) {
    if (std::sscanf(line, "identify %u", &milliseconds) != 1) return 2;
    const auto took = measure_identify(*controller, milliseconds * kNanosecondsPerMillisecond);
    const auto at = [&](double share) {
      const auto index = static_cast<size_t>(share * static_cast<double>(took.size()));
      return static_cast<double>(took[std::min(index, took.size() - 1)]) / 1e3;
    };
    std::printf("{\"count\":%zu,\"p50\":%.2f,\"p99\":%.2f}\n", took.size(), at(0.5), at(0.99));
    std::fflush(stdout);
  }
  return controller->close().ok() ? 0 : 1;
}
