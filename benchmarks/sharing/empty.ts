// SPDX-License-Identifier: MIT
// A program that does nothing: milliseconds from the end of Node's own start to its first line.
console.log(performance.now() - performance.nodeTiming.bootstrapComplete)
