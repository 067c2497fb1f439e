// SPDX-License-Identifier: MIT
// Containers: what works without file descriptors, address space, locked memory or memfd_create,
// and what is refused by name.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildTargets, buildTimeoutMs, cProgram } from '../support/c-programs.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { VfioUserClient } from '../support/vfio-user-client.ts'

const program = fileURLToPath(new URL('./programs/limited.mjs', import.meta.url))
const peernvm = join(root, 'dist', 'src', 'cli', 'peernvm.js')

test.each([
  // Memory has no name where there is no memfd for it; only the image needs a descriptor.
  { limit: 'files', refused: 'ERR_OS' },
  { limit: 'memory', refused: 'ERR_MEMORY' },
  // Only a real device without an IOMMU needs locked memory.
  { limit: 'locked', refused: '' },
  { limit: 'none', refused: 'memfd' },
])('an emulator works with no $limit to spare', async ({ limit, refused }) => {
  using folder = temporaryFolder('limited')
  const args = [program, limit, join(folder.path, 'disk.img')]
  const outcome = await runProgram(process.execPath, args)
  expect(outcome).toMatchObject({ code: 0, stdout: `${refused}\n`, stderr: '' })
})

/** The arguments of a program that runs `args` in Node under a filter with this answer. */
const filtered = (errno: number, ...args: string[]): string[] => [
  String(errno),
  process.execPath,
  ...args,
]

describe('under a seccomp filter that refuses memfd_create', () => {
  beforeAll(() => buildTargets('without_memfd'), buildTimeoutMs)
  const launcher = cProgram('without_memfd')

  test.each(['EPERM', 'ENOSYS'] as const)('an emulator works, by %s', async (name) => {
    using folder = temporaryFolder('filtered')
    const image = join(folder.path, 'disk.img')
    const args = filtered(constants.errno[name], program, 'none', image)
    const outcome = await runProgram(launcher, args)
    expect(outcome).toMatchObject({ code: 0, stdout: 'no memfd\n', stderr: '' })
  })

  test('doctor says what is missing, and how to get it', async () => {
    const args = filtered(constants.errno.EPERM, peernvm, 'doctor', '--json')
    const { stdout } = await runProgram(launcher, args)
    const { findings } = JSON.parse(stdout) as { findings: { check: string }[] }
    expect(findings.find(({ check }) => check === 'memfd')).toMatchObject({
      state: 'advice',
      text: 'memfd_create does not work: memory cannot be passed to other processes',
      fix: expect.stringContaining('seccomp'),
    })
  })

  test('a served device has its doorbells rung by messages', async () => {
    using folder = temporaryFolder('filtered')
    const serve = ['serve', '--size', '1MiB', '--doorbells', 'poll', '--vfio-user', folder.path]
    const args = filtered(constants.errno.EPERM, peernvm, ...serve)
    const served = spawn(launcher, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(createInterface(served.stdout), 'line')
      using client = await VfioUserClient.open(join(folder.path, 'cntrl'))
      client.data.fill(0x3c)
      await client.io({ opcode: 1, nsid: 1 })
      client.data.fill(0)
      await client.io({ opcode: 2, nsid: 1 })
      expect(client.data.subarray(0, 512).every((byte) => byte === 0x3c)).toBe(true)
    } finally {
      served.kill()
      await once(served, 'exit')
    }
  })
})
