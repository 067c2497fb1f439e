// SPDX-License-Identifier: MIT
// Our driver against a device that we did not write: one program on the emulator and, in a virtual
// machine, on QEMU's NVMe controller, reached through sysfs without an IOMMU and through vfio with
// one. There it is shared with other processes, too, and moves data to and from the memory of a
// second device.
import { execFile } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../support/repository.ts'
import { boot } from './lab/boot.ts'
import { compilePrograms, readyLab, report, scratchFolder } from './lab/use.ts'
import { fill, phases } from './programs/plan.ts'

const imageByteLength = 512 * 1024 ** 2
const verifiedByteLength = 256 * 1024 ** 2
const address = '0000:00:05.0'
const peerAddress = '0000:00:06.0'
const zonedAddress = '0000:00:07.0'
const programs = ['verified-io.ts', 'shared-drive.ts', 'peer-io.ts', 'zones.ts', 'plan.ts']
const sources = programs.map((name) => join(import.meta.dirname, 'programs', name))

// What is shared is written again afterwards, and whatever else was touched is in the image.
const shareThenVerify = `node shared-drive.js ${address} ${join(root, 'dist/src/cli/peernvm.js')}`

test('the emulator', { timeout: 120_000 }, async () => {
  const { share, image } = prepare()
  const program = join(share, 'verified-io.js')
  const { stdout } = await promisify(execFile)(process.execPath, [program, image])
  expectSummary(stdout, 'emulator')
  expectImage(image)
})

test("QEMU's controller through sysfs", { timeout: 420_000 }, async (context) => {
  const lab = await readyLab(context)
  const { scratch, share, image } = prepare()
  // Buffers of 2 MiB and more are then contiguous, which queues deeper than 63 need; smaller ones
  // stay scattered.
  const script = `
    echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled
    node zones.js ${zonedAddress} || exit
    ${peerScript}
    ${shareThenVerify}
  `
  const devices = [...nvme(image), ...peer, ...zonedDevice(scratch)]
  const outcome = await boot(lab, { script, share, devices })
  report(`the guest took ${outcome.elapsedMs} ms\n${outcome.log.trimEnd()}`)
  expect(outcome.exitCode, outcome.log).toBe(0)
  expectZones(outcome.log)
  expectShared(outcome.log, 'sysfs')
  expectPeer(outcome.log, 'sysfs')
  expectSummary(outcome.log, 'sysfs')
  expectImage(image)
})

test("QEMU's controller through vfio", { timeout: 420_000 }, async (context) => {
  const lab = await readyLab(context)
  const { share, image } = prepare()
  const script = `
    modprobe vfio-pci
    modprobe vfio_iommu_type1
    echo vfio-pci > /sys/bus/pci/devices/${address}/driver_override
    echo ${address} > /sys/bus/pci/drivers_probe
    ${peerScript}
    ${shareThenVerify}
  `
  const outcome = await boot(lab, {
    script,
    share,
    devices: [...nvme(image), ...peer],
    iommu: true,
  })
  report(`the guest took ${outcome.elapsedMs} ms\n${outcome.log.trimEnd()}`)
  expect(outcome.exitCode, outcome.log).toBe(0)
  expectShared(outcome.log, 'vfio')
  expectPeer(outcome.log, 'vfio')
  expectSummary(outcome.log, 'vfio')
  expectImage(image)
})

/** A folder with the compiled program, and an empty image. */
function prepare() {
  const scratch = scratchFolder()
  const share = join(scratch, 'share')
  mkdirSync(share)
  compilePrograms(share, sources)
  const image = join(scratch, 'disk.img')
  writeFileSync(image, '')
  truncateSync(image, imageByteLength)
  return { scratch, share, image }
}

function nvme(image: string): string[] {
  const drive = `file=${image},format=raw,if=none,id=disk,cache=writeback`
  return ['-drive', drive, '-device', 'nvme,drive=disk,serial=peernvm-lab,addr=0x5']
}

/** What shared-drive said of the drive, and what became of the processes that shared it. */
function expectShared(output: string, transport: string): void {
  const name = `QEMU NVMe Ctrl, peernvm-lab, through ${transport}`
  expect(output).toContain(`Serving ${address} (${name}) at /run/shared-drive\n`)
  const summary = output.split('\n').find((line) => line.startsWith('{"model"'))
  expect(JSON.parse(summary ?? '{}')).toEqual({
    model: 'QEMU NVMe Ctrl',
    transport,
    queuePairs: [1, 1],
    countsCommands: false,
    errors: [null, null],
    takesItsQueue: true,
    endsWith: 'ERR_MANAGER_GONE',
  })
}

/** Another device, with 1 MiB of memory in BAR 2: a controller memory buffer. */
const peer = ['-device', 'nvme,serial=peer,cmb_size_mb=1,addr=0x6']
const peerScript = `
    echo 1 > /sys/bus/pci/devices/${peerAddress}/enable
    echo 0 > /sys/bus/pci/drivers_autoprobe
    modprobe nvme
    node peer-io.js ${address} ${peerAddress} 2 || exit
`

/** The controller moved data between itself and the other device, by all commands of that queue. */
function expectPeer(output: string, transport: string): void {
  const line = output.split('\n').find((each) => each.startsWith('{"peer"')) as string
  const counts = { commands: 10, p2p: 10, bounce: 0 }
  const refused = 'ERR_DRIVER' // a second mapping, when the other device had a driver
  expect(JSON.parse(line)).toEqual({ peer: 'peer', path: 'p2p', transport, ...counts, refused })
}

/** A controller with a namespace of four zones of 1 MiB, which is not of the NVM command set. */
function zonedDevice(scratch: string): string[] {
  const image = join(scratch, 'zones.img')
  writeFileSync(image, '')
  truncateSync(image, 4 * 1024 ** 2)
  const drive = `file=${image},format=raw,if=none,id=zones`
  const namespace = 'nvme-ns,bus=zoned,drive=zones,zoned=true,zoned.zone_size=1M'
  const controller = 'nvme,id=zoned,serial=zones,addr=0x7'
  return ['-drive', drive, '-device', controller, '-device', namespace]
}

/** What was appended is where the controller said, and the zone was reset. */
function expectZones(output: string): void {
  const line = output.split('\n').find((each) => each.startsWith('{"zoneBlocks"')) as string
  expect(JSON.parse(line)).toEqual({
    zoneBlocks: 2048,
    appended: [2048, 2056],
    holds: [1, 2],
    before: { state: 'implicitly open', writePointer: 2064 },
    after: { state: 'empty', writePointer: 2048 },
  })
}

/** The program's last line says what it did, and through what. */
function expectSummary(output: string, transport: string): void {
  const summary = JSON.parse(output.trimEnd().split('\n').at(-1) as string)
  expect(summary).toMatchObject({
    transport,
    byteLengthWritten: verifiedByteLength,
    byteLengthVerified: verifiedByteLength,
    blockSize: 512,
    blockCount: imageByteLength / 512,
  })
}

/** Every byte of the image: the plan's last version of each block, zeros where it wrote nothing. */
function expectImage(image: string): void {
  const blockWords = 512 / 4
  const step = 1024 ** 2
  const plan = phases(imageByteLength)
  const found = Buffer.alloc(step)
  const file = openSync(image, 'r')
  try {
    for (let start = 0; start < imageByteLength; start += step) {
      readSync(file, found, 0, step, start)
      const expected = expectedBytes(plan, start, step, blockWords)
      if (!found.equals(expected))
        expect.fail(`the image differs from the plan in MiB ${start / step}`)
    }
  } finally {
    closeSync(file)
  }
}

function expectedBytes(
  plan: ReturnType<typeof phases>,
  start: number,
  byteLength: number,
  blockWords: number,
): Buffer {
  const words = new Uint32Array(byteLength / 4)
  for (const { firstByte, byteLength: length, version } of plan) {
    const from = Math.max(start, firstByte)
    const to = Math.min(start + byteLength, firstByte + length)
    if (from >= to) continue
    const part = words.subarray((from - start) / 4, (to - start) / 4)
    fill(part, blockWords, from / (blockWords * 4), version)
  }
  return Buffer.from(words.buffer)
}
