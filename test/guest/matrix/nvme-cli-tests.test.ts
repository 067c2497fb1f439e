// SPDX-License-Identifier: MIT
// nvme-cli's own tests, which its authors wrote for real controllers: fetched with its source, of
// the newer Debian.
import { expect, test } from 'vitest'
import { skipVisibly } from '../../support/skip.ts'
import { boot } from '../lab/boot.ts'
import { prepareNvmeCliSource } from '../lab/prepare.ts'
import { LabUnavailable } from '../lab/process.ts'
import { vfioUser } from '../lab/serve.ts'
import { programText, report, servedDevice } from '../lab/use.ts'

// Their namespaces have 10 GiB.
const imageByteLength = 16 * 1024 ** 3

test("nvme-cli's own tests", { timeout: 2_800_000 }, async (context) => {
  const programs = { python3: 'python3', find: 'findutils' }
  const device = await servedDevice(context, programs, imageByteLength)
  const source = await prepareNvmeCliSource(report).catch((error) => {
    if (error instanceof LabUnavailable) return skipVisibly(context, error.message, error.fix)
    throw error
  })
  const outcome = await boot(device.lab, {
    script: `SOURCE=${source}\n${programText('nvme-cli-tests.sh')}`,
    share: device.share,
    devices: vfioUser(device.socket),
    timeoutMs: 2_400_000,
  })
  report(outcome.log)
  const modules = [...outcome.log.matchAll(/^(not )?ok (\w+)$/gm)]
  expect(modules.length).toBeGreaterThan(10)
  const failed = modules.filter(([, not]) => not !== undefined).map(([, , name = '']) => name)
  expect(failed, outcome.log).toEqual([])
})
