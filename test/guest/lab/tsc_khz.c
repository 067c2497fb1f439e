// SPDX-License-Identifier: MIT
// Prints the frequency of this machine's time stamp counter in kHz: an emulated guest counts with
// it, but cannot find out how fast it runs.
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(void) {
  const struct timespec pause = {.tv_nsec = 100000000};
  double start_ns = now_ns();
  unsigned long long start = __rdtsc();
  nanosleep(&pause, NULL);
  unsigned long long ticks = __rdtsc() - start;
  printf("%.0f\n", ticks / (now_ns() - start_ns) * 1e6);
  return 0;
}
