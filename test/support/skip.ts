// SPDX-License-Identifier: MIT
// A test that cannot run here says so, by name, with the way to get it. With PEERNVM_REQUIRE=all
// such a skip fails `npm test`, unless test/expected-skips.txt lists it.
import type { TestContext } from 'vitest'

/** Ends the test as skipped; `fix` is what to do to have it run. */
export function skipVisibly(context: TestContext, reason: string, fix: string): never {
  const text = `not run: ${reason} — ${fix}`
  process.stderr.write(`${context.task.name}: ${text}\n`)
  return context.skip(text)
}
