// SPDX-License-Identifier: MIT
// The benchmarks that npm runs by name, called wrongly or for help: they say how, and measure
// nothing.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'

test.each([
  ['bench', 'overhead'],
  ['bench:peers', 'peers'],
  ['bench:loads', 'loads'],
  ['bench:measuring', 'measuring'],
  ['bench:footprint', 'footprint'],
])('%s', async (script, folder) => {
  const program = join(root, 'dist/benchmarks', folder, 'main.js')
  const run = (...args: string[]) => runProgram(process.execPath, [program, ...args])
  const usage = `Usage: npm run ${script} -- [options]`
  const help = await run('--help')
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout.startsWith(usage)).toBe(true)
  for (const [wrong, message] of [
    [['--nothing'], /^Unknown option '--nothing'[^\n]*\nUsage: /],
    [['--save', '/none/a.json'], /^The operating system refused: ENOENT[^\n]*; name a file/],
  ] as const) {
    const { code, stderr } = await run(...wrong)
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('    at ')
    expect(code).toBe(2)
  }
})
