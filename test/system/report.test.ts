// SPDX-License-Identifier: MIT
// The report in a browser: its script runs under its own policy, and nothing is complained of.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { renderReport } from '../../src/report/html.ts'
import { runProgram } from '../support/process.ts'
import { skipVisibly } from '../support/skip.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeResult } from '../unit/report/made-result.ts'

interface Opened {
  /** The document as it is when its scripts have run. */
  readonly document: string
  readonly complaints: readonly string[]
}

async function openPage(context: TestContext, page: string): Promise<Opened> {
  using folder = temporaryFolder('report')
  const file = join(folder.path, 'report.html')
  writeFileSync(file, page)
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  const profile = `--user-data-dir=${join(folder.path, 'profile')}`
  const rest = ['--enable-logging=stderr', '--dump-dom', `file://${file}`]
  const outcome = await runProgram('chromium', [...args, profile, ...rest], {
    timeoutMs: 25_000,
  }).catch(() => undefined)
  if (outcome === undefined) skipVisibly(context, 'no chromium', 'apt-get install chromium')
  expect(outcome.code, outcome.stderr).toBe(0)
  const complaints = outcome.stderr.split('\n').filter((line) => /CONSOLE|Refused/.test(line))
  return { document: outcome.stdout, complaints }
}

const small = { commandCount: 500, intervalCount: 10, writePercent: 30, runCount: 2 } as const
const page = renderReport([1, 2].map((seed) => makeResult({ ...small, seed })))

test('a report opens without a complaint, and shows values under the pointer', async (context) => {
  const { document, complaints } = await openPage(context, page)
  expect(complaints).toEqual([])
  const written = page.match(/<title>/g)?.length ?? 0
  expect(written).toBeGreaterThan(50)
  // Its script has put away all titles but the page's own.
  expect(document.match(/<title>/g)).toHaveLength(1)
  expect(document.match(/ data-tip="/g)).toHaveLength(written - 1)
})

test('a script that is not the report’s own does not run', async (context) => {
  const foreign = '<script>document.body.dataset.foreign = "ran"</script></body>'
  const { document, complaints } = await openPage(context, page.replace('</body>', foreign))
  expect(complaints.join('\n')).toContain('Content Security Policy')
  expect(document.includes('data-foreign')).toBe(false)
})
