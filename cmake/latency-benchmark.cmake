# SPDX-License-Identifier: MIT
# `make latency-benchmark`: bin/nvm-latency-bench starts the one benchmark that there is, a program
# for Node, when what it needs (npm's packages, the addon, the compiled TypeScript) is there.
set(NVM_BENCH_LAUNCHER ${CMAKE_BINARY_DIR}/CMakeFiles/nvm-latency-bench)
configure_file(${CMAKE_SOURCE_DIR}/cmake/nvm-latency-bench.in ${NVM_BENCH_LAUNCHER} @ONLY)
# The addon is built by a make of its own, which is none of this one's jobs.
add_custom_target(latency-benchmark
  COMMAND ${CMAKE_COMMAND} -E env --unset=MAKEFLAGS --unset=MFLAGS --unset=MAKELEVEL
          sh ${NVM_BENCH_LAUNCHER} --set-up
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/bin
  COMMAND ${CMAKE_COMMAND} -E copy ${NVM_BENCH_LAUNCHER} ${CMAKE_BINARY_DIR}/bin/nvm-latency-bench
  VERBATIM)
