// SPDX-License-Identifier: MIT
// A driver that we did not write against our device: Linux's nvme driver, in a virtual machine, on
// the emulator that `peernvm serve` offers over vfio-user.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openController } from 'peernvm'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../support/repository.ts'
import { boot } from './lab/boot.ts'
import { withSbin } from './lab/host.ts'
import { serve, vfioUser } from './lab/serve.ts'
import { needPrograms, readyLab, report, scratchFolder } from './lab/use.ts'

const imageByteLength = 512 * 1024 ** 2
const script = readFileSync(join(import.meta.dirname, 'programs/linux-driver.sh'), 'utf8')
// Files of many sizes that nobody changes meanwhile.
const tree = join(root, 'node_modules/typescript/lib')
const programs = {
  fio: 'fio',
  'mkfs.ext4': 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  debugfs: 'e2fsprogs',
}

test("Linux's nvme driver keeps a file system on the emulator", {
  timeout: 420_000,
}, async (context) => {
  needPrograms(context, programs)
  const lab = await readyLab(context)
  const scratch = scratchFolder()
  const image = join(scratch, 'disk.img')
  writeFileSync(image, '')
  truncateSync(image, imageByteLength)
  const share = join(scratch, 'share')
  mkdirSync(share)

  const server = await serve(image, join(scratch, 'device'))
  onTestFinished(server.kill)
  const job = {
    script: `TREE=${tree}\n${script}`,
    share,
    devices: vfioUser(server.socket),
  }
  const outcome = await boot(lab, job)
  report(`the guest took ${outcome.elapsedMs} ms\n${outcome.log.trimEnd()}`)
  const { exitCode, output } = await server.stop()

  expect(outcome.exitCode, outcome.log).toBe(0)
  expect(exitCode, output).toBe(0)
  expectQuietDriver(share)
  expectVerifiedByFio(share)
  await expectSameIdentity(share, image)
  expectSameTree(image, join(scratch, 'copy'))
})

/** Interrupts arrived, and the driver neither waited in vain nor saw an error. */
function expectQuietDriver(share: string): void {
  const interrupts = readFileSync(join(share, 'interrupts'), 'utf8')
  const counts = [...interrupts.matchAll(/^\s*\d+:\s+(\d+).*nvme0q(\d+)$/gm)]
  expect(counts.map(([, , queue]) => Number(queue))).toEqual([0, 1])
  for (const [line, count] of counts) expect(Number(count), line).toBeGreaterThan(0)
  const lines = readFileSync(join(share, 'dmesg'), 'utf8').split('\n')
  const complaint = /nvme.*(timeout|abort|reset|fail|error)|I\/O error|EXT4-fs (error|warning)/i
  expect(lines.filter((line) => complaint.test(line))).toEqual([])
}

function expectVerifiedByFio(share: string): void {
  const text = readFileSync(join(share, 'fio.json'), 'utf8')
  const [job] = JSON.parse(text.slice(text.indexOf('{'))).jobs
  expect(job.error).toBe(0)
  expect(job.write.io_bytes).toBe(64 * 1024 ** 2)
  expect(job.read.io_bytes).toBe(64 * 1024 ** 2)
}

/** nvme-cli, in the guest, decodes what our own driver reads from the same emulator. */
async function expectSameIdentity(share: string, image: string): Promise<void> {
  const theirs = JSON.parse(readFileSync(join(share, 'id-ctrl.json'), 'utf8'))
  await using controller = await openController(image)
  const ours = await controller.admin.identifyController()
  const names = ['vid', 'mn', 'fr', 'mdts', 'ver', 'sqes', 'cqes', 'nn', 'oncs', 'vwc'] as const
  const trimmed = (value: unknown) => (typeof value === 'string' ? value.trim() : Number(value))
  for (const name of names)
    expect([name, trimmed(theirs[name])]).toEqual([name, trimmed(ours[name])])

  const namespace = JSON.parse(readFileSync(join(share, 'id-ns.json'), 'utf8'))
  expect(namespace.nsze).toBe(imageByteLength / 512)
}

/** The image itself: a clean file system that holds the tree. */
function expectSameTree(image: string, copy: string): void {
  const quiet = { env: withSbin(), stdio: 'pipe' } as const
  execFileSync('e2fsck', ['-fn', image], quiet)
  mkdirSync(copy)
  execFileSync('debugfs', ['-R', `rdump /tree ${copy}`, image], quiet)
  execFileSync('diff', ['-r', tree, join(copy, 'tree')], quiet)
}
