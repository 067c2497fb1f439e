// SPDX-License-Identifier: MIT
// How much of a long test a build runs.
#pragma once

// TSan makes a test ten times slower, and has nothing to find where there is one thread: of a long
// random test in one thread it runs a quarter. Every other build runs all.
#ifdef __SANITIZE_THREAD__
constexpr unsigned kSingleThreadedShare = 4;
#else
constexpr unsigned kSingleThreadedShare = 1;
#endif
