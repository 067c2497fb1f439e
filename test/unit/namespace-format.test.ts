// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import type { Admin } from '../../src/admin/admin.ts'
import { identifyFormat } from '../../src/namespace-format.ts'
import { openController } from '../../src/open.ts'

test('blocks that are longer than reckoning with 32 bits allows are refused', async () => {
  await using controller = await openController()
  const identify = await controller.admin.identifyNamespace(1)
  const formatWith = (lbads: number) => {
    const lbaf = identify.lbaf.map((format) => ({ ...format, lbads }))
    const admin = { identifyNamespace: async () => ({ ...identify, lbaf }) } as unknown as Admin
    return identifyFormat(admin, 1)
  }
  expect(await formatWith(30)).toMatchObject({ blockSize: 2 ** 30 })
  await expect(formatWith(31)).rejects.toMatchObject({
    code: 'ERR_UNSUPPORTED',
    message: expect.stringContaining('2^31 bytes'),
  })
})
