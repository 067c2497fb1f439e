// SPDX-License-Identifier: MIT
// `npm run demo:linux`, as the README shows it.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { needPrograms, readyLab } from './lab/use.ts'

const timeoutMs = 240_000

test("Linux makes a file system on the demo's device, and fio verifies a file there", {
  timeout: timeoutMs,
}, async (context) => {
  needPrograms(context, { fio: 'fio', 'mkfs.ext4': 'e2fsprogs' })
  await readyLab(context)
  const args = ['--import', 'tsx', join(root, 'examples/demo/linux.ts')]
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { timeoutMs })
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toMatch(/^\/dev\/nvme0n1 .* peernvm emulator .* 67\.11 {2}MB/m)
  expect(stdout).toMatch(/^verify: .* err= 0:/m)
})
