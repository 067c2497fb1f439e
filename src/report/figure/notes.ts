// SPDX-License-Identifier: MIT
// The small line at the bottom of a figure, which goes with it wherever it is put.
import type { BenchResult } from '../result.ts'

/** What marks and bars are, where there are several runs, and whose times these are. */
export function noteOf(
  { emulated, interrupted }: Pick<BenchResult, 'emulated' | 'interrupted'>,
  runCount = 1,
): string[] {
  return [
    ...(runCount > 1 ? [`mean, min–max of ${runCount} runs`] : []),
    ...(emulated ? ['emulated: software overhead, not a drive'] : []),
    ...(interrupted ? ['interrupted'] : []),
  ]
}
