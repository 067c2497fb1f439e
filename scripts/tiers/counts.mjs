// SPDX-License-Identifier: MIT
// What a tier hands back: how many tests passed and failed, and which were skipped, by name.

/** @typedef {{ passed: number, failed: number, skips: string[] }} Counts */

/** @returns {Counts} */
export const noCounts = () => ({ passed: 0, failed: 0, skips: [] })

/** @param {Counts} left @param {Counts} right @returns {Counts} */
export function add(left, right) {
  return {
    passed: left.passed + right.passed,
    failed: left.failed + right.failed,
    skips: [...left.skips, ...right.skips],
  }
}

/** The line that every run ends with and that .ci/run sums. */
export const countsLine = (passed, failed, skipped) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`

/**
 * Counts of a vitest JSON report. A file that failed without running a test (it did not load, its
 * set-up threw) counts as one failure. @returns {Counts}
 */
export function countVitest(report, root) {
  const counts = noCounts()
  for (const file of report.testResults) {
    const name = file.name.startsWith(`${root}/`) ? file.name.slice(root.length + 1) : file.name
    let failures = 0
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed++
      else if (test.status === 'failed') failures++
      else counts.skips.push(`${name}: ${test.fullName.trim()}`)
    }
    if (file.status === 'failed' && failures === 0) failures = 1
    counts.failed += failures
  }
  return counts
}

/**
 * Counts of a doctest program from its summary line; no summary, or a status that contradicts it,
 * is a failure. @returns {Counts}
 */
export function countDoctest(program, { ok, output }) {
  const counts = noCounts()
  const summary = output.match(
    /\[doctest\] test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped/,
  )
  if (summary === null) return { ...counts, failed: 1 }
  const [passed, failed, skipped] = summary.slice(2).map(Number)
  counts.passed = passed
  counts.failed = ok ? failed : Math.max(failed, 1)
  for (let index = 0; index < skipped; index++)
    counts.skips.push(`native/${program}: a skipped test case`)
  return counts
}

/** Names of the test cases that a doctest program reported an error for. */
export function failedDoctestCases(output) {
  const cases = new Set()
  let current
  for (const line of output.split('\n')) {
    const heading = line.match(/^TEST CASE:\s+(.*)$/)
    if (heading) current = heading[1].trim()
    else if (/\bERROR:/.test(line) && current) cases.add(current)
  }
  return [...cases]
}
