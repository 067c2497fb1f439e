// SPDX-License-Identifier: MIT
// Containers: what works without file descriptors, address space or locked memory, and what is
// refused by name.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = fileURLToPath(new URL('./programs/limited.mjs', import.meta.url))

test.each([
  // Memory has no name where there is no memfd for it; only the image needs a descriptor.
  { limit: 'files', refused: 'ERR_OS' },
  { limit: 'memory', refused: 'ERR_MEMORY' },
  // Only a real device without an IOMMU needs locked memory.
  { limit: 'locked', refused: '' },
])('an emulator works with no $limit to spare', async ({ limit, refused }) => {
  using folder = temporaryFolder('limited')
  const args = [program, limit, join(folder.path, 'disk.img')]
  const outcome = await runProgram(process.execPath, args)
  expect(outcome).toMatchObject({ code: 0, stdout: `${refused}\n`, stderr: '' })
})
