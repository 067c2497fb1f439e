// SPDX-License-Identifier: MIT
// Every example for Node runs to its end, and says what it did.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'

const printed: Record<string, RegExp> = {
  'batch-reader.ts': /^6400 records of 4096 bytes read\n$/,
  // 64 MiB of zeroes, as `head -c 64M /dev/zero | sha256sum` says.
  'checksum.ts':
    /^3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351 {2}67108864 bytes of .*\n$/,
  'copy-namespaces.ts': /^33554432 bytes copied from blocks of 512 to 4096\n$/,
  'custom-command.ts': /^6 spaces in block 8\n$/,
  'events.ts':
    /^Namespace Attribute Changed: 2; 1 has 64 MiB, 2 has 16 MiB\nTemperature Threshold: \d+ °C\nFormatted: .* 512 bytes; .*: ERR_NAMESPACE\n$/,
  'faults.ts':
    /^Block 100: unrecovered_read_error, 1 time\n.*stopped: ERR_\w+, .*\nNamespace 2 .* 4096 bytes\n$/,
  'from-fs.ts': /^4 reads of 4096 bytes are equal\n$/,
  'fused-read-write.ts': /^4096 bytes W written and 4096 bytes R read by one command\n$/,
  'hello.ts': /^Hello, NVMe\.\n$/,
  'raw-queue.ts': /^100000 blocks of 512 bytes read at depth 32\n$/,
  'read-write.ts': /^4194304 bytes written, read and compared\n$/,
  'workers.mjs': /^2 workers read 1024 blocks into one buffer\n$/,
}

const folder = join(root, 'examples')
const readme = readFileSync(join(folder, 'README.md'), 'utf8')
/** What README lists, and calls the shortest. */
const shortest = /^\| \[[^\]]*\]\(([^)]*)\) \| the shortest\b/gm

test('each example has a test', () => {
  const files = readdirSync(folder).filter((name) => /\.m?[tj]s$/.test(name))
  expect(Object.keys(printed)).toEqual(files.sort())
})

test('README lists each example and each demo', () => {
  const demos = readdirSync(join(folder, 'demo')).map((name) => `demo/${name}`)
  const missing = [...Object.keys(printed), ...demos].filter(
    (name) => !readme.includes(`](${name})`),
  )
  expect(missing).toEqual([])
})

test('what README calls short has fewer than forty lines, that of the licence left out', () => {
  const inC = [...readme.matchAll(shortest)].map(([, name]) => name as string)
  expect(inC).toEqual(['c/hello.cc', 'c/emulator-faults.c'])
  const long = [...Object.keys(printed), ...inC].filter((name) => {
    const [licence, ...lines] = readFileSync(join(folder, name), 'utf8').trim().split('\n')
    expect(licence).toContain('SPDX-License-Identifier: MIT')
    return lines.length >= 40
  })
  expect(long).toEqual([])
})

test.each(Object.entries(printed))('%s', async (name, output) => {
  const program = join('examples', name)
  const outcome = await runProgram(process.execPath, ['--import', 'tsx', program])
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null, stderr: '' })
  expect(outcome.stdout).toMatch(output)
})
