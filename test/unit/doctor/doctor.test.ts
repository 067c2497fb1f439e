// SPDX-License-Identifier: MIT
// `peernvm doctor` on machines that were written down in machines/: NAME.txt is the machine,
// NAME.expected.txt what is printed of it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lines } from '../../../src/cli/doctor.ts'
import { checks, diagnose, type NamedFinding } from '../../../src/doctor/doctor.ts'
import { RecordedMachine } from '../../support/recorded-machine.ts'

const folder = join(import.meta.dirname, 'machines')
const recorded = (name: string) => readFileSync(join(folder, name), 'utf8')
const names = readdirSync(folder).flatMap((file) => /^([\w-]+)\.txt$/.exec(file)?.[1] ?? [])

test.each(names)('%s', (name) => {
  const diagnosis = diagnose(new RecordedMachine(recorded(`${name}.txt`)))
  expect(`${lines(diagnosis).join('\n')}\n`).toBe(recorded(`${name}.expected.txt`))
})

/** What `check` finds on a machine that differs from the recorded one. */
function findings(
  name: string,
  check: string,
  changes: readonly (readonly [from: string | RegExp, to: string])[],
): NamedFinding[] {
  const text = changes.reduce(
    (so, [from, to]) => {
      if (so.search(from) < 0) throw new Error(`${name} has no ${from}`)
      return so.replace(from, to)
    },
    recorded(`${name}.txt`),
  )
  return diagnose(new RecordedMachine(text)).findings.filter((each) => each.check === check)
}

const [first] = ['0000:c1:00.0']
const inContainer: [RegExp, string] = [/^node/m, '/.dockerenv\nnode']
const withoutLine = (start: string): [RegExp, string] => [new RegExp(`^${start}.*\n`, 'm'), '']

describe('a machine on which one thing is different', () => {
  test('Node is too old', () => {
    for (const version of ['v18.20.0', 'v20.18.3']) {
      const [found] = findings('server', 'Node', [['v20.19.2', version]])
      expect(found).toMatchObject({ state: 'blocked', fix: 'npx n 22' })
    }
  })

  test('the native part is missing: nothing else of it is tried', () => {
    const missing: [RegExp, string] = [/^node/m, 'trial addon it is not there\nnode']
    const text = recorded('server.txt').replace(...missing)
    const { blockedBy } = diagnose(new RecordedMachine(text))
    expect(blockedBy.emulator).toEqual(['native part', 'emulator'])
    expect(findings('server', 'native part', [missing])).toMatchObject([
      { state: 'blocked', text: 'it is not there', fix: 'npx peernvm build' },
    ])
  })

  test('the emulator does not work', () => {
    const broken: [RegExp, string] = [/^node/m, 'trial emulator out of memory\nnode']
    const found = findings('server', 'emulator', [broken])
    expect(found).toMatchObject([{ state: 'blocked', text: 'out of memory' }])
  })

  test('one CPU of several, or the only one', () => {
    const one: [string, string] = ['Cpus_allowed_list:\t0-7', 'Cpus_allowed_list:\t3']
    const [found] = findings('laptop', 'CPUs', [one])
    expect(found).toMatchObject({ state: 'advice', fix: 'taskset -pc 0-7 $$' })
    const [only] = findings('laptop', 'CPUs', [one, ['online: 0-7', 'online: 3']])
    expect(only).toMatchObject({ state: 'advice' })
    expect(only?.fix).toBeUndefined()
  })

  test('limits of the first generation of control groups count, of those above too', () => {
    const ours: [string, string] = ['4:cpu,cpuacct:/', '4:cpu,cpuacct:/lab/job']
    const above = (value: number): [RegExp, string] => [
      /^node/m,
      `/sys/fs/cgroup/cpu/lab/cpu.cfs_quota_us: ${value}\n` +
        '/sys/fs/cgroup/cpu/lab/cpu.cfs_period_us: 100000\nnode',
    ]
    const [lab] = findings('gpu-box', 'CPU quota', [ours, above(120000)])
    expect(lab).toMatchObject({ state: 'advice', text: expect.stringContaining('1.2 CPUs') })
    expect(lab?.fix).toBeUndefined()
    const memory: [RegExp, string] = [
      /^node/m,
      '/proc/self/cgroup: 7:memory:/lab/job\n' +
        '/sys/fs/cgroup/memory/lab/memory.limit_in_bytes: 268435456\n' +
        '/sys/fs/cgroup/memory/memory.limit_in_bytes: 9223372036854771712\nnode',
    ]
    expect(findings('gpu-box', 'memory', [memory])).toMatchObject([
      { state: 'advice', text: expect.stringContaining('may use 256 MiB') },
    ])
  })

  test('a quota in the first generation of control groups, and a large one', () => {
    const [small] = findings('gpu-box', 'CPU quota', [['quota_us: -1', 'quota_us: 150000']])
    expect(small).toMatchObject({ state: 'advice', text: expect.stringContaining('1.5 CPUs') })
    const [large] = findings('gpu-box', 'CPU quota', [['quota_us: -1', 'quota_us: 400000']])
    expect(large).toMatchObject({ state: 'ok', text: 'the control group may use 4 CPUs' })
  })

  test('vfio-pci is not loaded, not passed in, not allowed', () => {
    const find = (...changes: [RegExp, string][]) => findings('server', 'vfio', changes)[0]
    expect(find(withoutLine('/sys/bus/pci/drivers/vfio-pci'))).toMatchObject({
      state: 'blocked',
      fix: 'sudo modprobe vfio-pci',
    })
    const noControl = withoutLine('/dev/vfio/vfio rw')
    expect(find(noControl)).toMatchObject({ state: 'blocked', fix: 'sudo modprobe vfio' })
    expect(find(noControl, inContainer)).toMatchObject({
      fix: 'docker run --device /dev/vfio/vfio …',
      fixOn: 'host',
    })
    expect(find([/vfio\/vfio rw/, 'vfio/vfio'])).toMatchObject({
      state: 'blocked',
      fix: 'sudo chown $USER /dev/vfio/vfio',
    })
  })

  test('the group of a drive may not be opened, or has a device that the kernel uses', () => {
    const [closed] = findings('server', 'NVMe drives', [[/vfio\/15 rw/, 'vfio/15']])
    expect(closed).toMatchObject({ state: 'blocked', fix: 'sudo chown $USER /dev/vfio/15' })
    const other = '0000:c2:00.0'
    const noFile = withoutLine('/dev/vfio/15 rw')
    const [missing] = findings('server', 'NVMe drives', [
      noFile,
      [/^node/m, '/sys/class/vfio/15/dev: 243:0\nnode'],
    ])
    expect(missing?.text).toBe('/dev/vfio/15 is not there')
    expect(missing?.fix).toBe('sudo mknod /dev/vfio/15 c 243 0')
    expect(findings('server', 'NVMe drives', [noFile, inContainer])[0]).toMatchObject({
      fix: 'docker run --device /dev/vfio/vfio --device /dev/vfio/15 …',
      fixOn: 'host',
    })
    const [unable] = findings('server', 'NVMe drives', [noFile])
    expect(unable?.text).toContain('CONFIG_VFIO_GROUP')
    const [shared] = findings('server', 'NVMe drives', [
      [/iommu_groups\/15\/type.*/, `$&\n/sys/kernel/iommu_groups/15/devices/${other}`],
    ])
    expect(shared?.text).toContain(
      `${first} is bound to vfio-pci, but shares IOMMU group 15 with ${other} (nvme)`,
    )
    expect(shared?.fix).toContain(`echo ${other} > /sys/bus/pci/devices/${other}/driver/unbind`)
  })

  test('a drive is part of another block device', () => {
    const held: [RegExp, string] = [
      /nvme1n1\/size.*/,
      '$&\n/sys/class/block/nvme1n1/holders/dm-0\n/sys/class/block/dm-0',
    ]
    const [, found] = findings('server', 'NVMe drives', [held])
    expect(found?.text).toContain('/dev/dm-0 is made of /dev/nvme1n1')
    expect(found?.fix).toBe('lsblk --fs')
  })

  test('a drive has swap space', () => {
    const swaps = '/proc/swaps: Filename Type Size\n/proc/swaps: /dev/nvme1n1 partition 9\nnode'
    const [, found] = findings('server', 'NVMe drives', [[/^node/m, swaps]])
    expect(found?.fix).toBe('sudo swapoff /dev/nvme1n1')
  })

  test.each([
    ['has a partition', '/sys/class/block/nvme1n1p1 -> nvme1n1/nvme1n1p1', ''],
    ['is seen from a container', '/.dockerenv', 'host'],
  ])('a drive %s: it may be in use, so that no command takes it away', (_, line, host) => {
    const disk: [RegExp, string] = [
      /nvme1n1\/size.*/,
      `$&\n${line}\n/sys/class/block/nvme1n1/nvme1n1p1/partition: 1`,
    ]
    const [, found] = findings('server', 'NVMe drives', [disk])
    expect(found?.text).toContain('look first whether it is in use')
    expect(found?.fix).toBe('lsblk --fs')
    expect(found?.fixOn ?? '').toBe(host)
  })

  test('a drive that nobody has: asked as root, it is certain', () => {
    const [, found] = findings('server', 'NVMe drives', [[/^node/m, '/dev/nvme1n1 free\nnode']])
    expect(found?.text).toBe('0000:c2:00.0 belongs to the kernel (driver nvme)')
    expect(found?.fix).toContain('driver_override')
  })

  test('a service has a quota', () => {
    const [found] = findings('server', 'CPU quota', [['cpu.max: max', 'cpu.max: 100000']])
    expect(found?.fix).toBe('sudo systemctl set-property --runtime loader.service CPUQuota=')
  })

  test('a drive has no driver', () => {
    const free = withoutLine(`/sys/bus/pci/devices/${first}/driver`)
    expect(findings('server', 'NVMe drives', [free])[0]).toMatchObject({
      state: 'blocked',
      text: `${first} has no driver`,
    })
    const [identity] = findings('server', 'NVMe drives', [
      free,
      [/15\/type: DMA/, '15/type: identity'],
    ])
    expect(identity).toMatchObject({ state: 'blocked', fix: 'sudo -s' })
  })

  test('a drive that sysfs reaches needs no vfio', () => {
    const reached: [string | RegExp, string][] = [
      withoutLine('/sys/bus/pci/drivers/vfio-pci'),
      withoutLine(`/sys/bus/pci/devices/${first}/driver`),
      [/15\/type: DMA/, `15/type: identity\n/sys/bus/pci/devices/${first}/resource0 rw`],
      [/CapEff:\t0+/, 'CapEff:\t000001ffffffffff'],
    ]
    expect(findings('server', 'NVMe drives', reached)[0]?.state).toBe('ok')
    expect(findings('server', 'vfio', reached)).toMatchObject([
      { state: 'advice', fix: 'sudo modprobe vfio-pci' },
    ])
    const lockdown: [RegExp, string] = [
      /^node/m,
      '/sys/kernel/security/lockdown: none [integrity] confidentiality\nnode',
    ]
    const locked = findings('server', 'NVMe drives', [...reached, lockdown])
    expect(locked[0]?.text).toContain('lockdown')
    expect(findings('server', 'vfio', [...reached, lockdown])[0]?.state).toBe('blocked')
  })

  test('capabilities in a user namespace are none for memory and drives', () => {
    const inside: [RegExp, string] = [/^node/m, '/proc/self/ns/user -> user:[4026532001]\nnode']
    expect(findings('gpu-box', 'locked memory', [])[0]?.text).toBe('not limited')
    expect(findings('gpu-box', 'locked memory', [inside])[0]).toMatchObject({
      state: 'advice',
      text: expect.stringContaining('8192 KiB'),
    })
    const [drive] = findings('gpu-box', 'NVMe drives', [inside])
    expect(drive?.text).toContain('only root reaches it')
  })

  test('a container says what is to be done on its host', () => {
    const found = diagnose(new RecordedMachine(`/.dockerenv\n${recorded('laptop.txt')}`)).findings
    const fixes = found.filter(({ fix }) => fix !== undefined)
    expect(fixes.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['huge pages', 'locked memory', 'IOMMU', 'NVMe drives']),
    )
    expect(fixes.filter(({ fixOn }) => fixOn !== 'host')).toEqual([])
  })

  test('an IOMMU is switched on where it can be', () => {
    const tables = (...names: string[]): [RegExp, string] => [
      /^node/m,
      [...names.map((name) => `/sys/firmware/acpi/tables/${name}`), 'node'].join('\n'),
    ]
    const guest: [RegExp, string] = [/GenuineIntel/, '$&\n/proc/cpuinfo: flags\t: fpu hypervisor']
    const find = (...changes: [RegExp, string][]) => findings('laptop', 'IOMMU', changes)[0]
    expect(find(tables('DMAR', 'FACP'))?.fix).toContain('intel_iommu=on')
    expect(find(tables('FACP'))?.fix).toContain('--firmware-setup')
    expect(find(guest)).toMatchObject({
      fix: expect.stringContaining('-device intel-iommu'),
      fixOn: 'host',
    })
    expect(find(guest, tables('DMAR'))?.fix).toContain('intel_iommu=on')
  })

  test('memfd is not blamed for an emulator that failed for another reason', () => {
    const broken: [RegExp, string] = [/^node/m, 'trial emulator out of memory\nnode']
    expect(findings('server', 'memfd', [broken])).toMatchObject([
      { state: 'absent', text: 'not tried without an emulator' },
    ])
  })

  test('CUDA is missing beside a GPU', () => {
    const missing: [RegExp, string] = [/^node/m, 'trial cuda no libcuda.so.1\nnode']
    expect(findings('gpu-box', 'CUDA', [missing])).toMatchObject([
      { state: 'blocked', text: 'no libcuda.so.1', fix: 'sudo apt-get install nvidia-driver' },
    ])
  })

  test('the kernel module is loaded', () => {
    const [found] = findings('gpu-box', 'kernel module', [[/^node/m, '/sys/module/peernvm\nnode']])
    expect(found?.state).toBe('ok')
  })
})

test('a machine of which nothing is known is told as such', () => {
  const { findings: all, blockedBy } = diagnose(new RecordedMachine('node v22.0.0'))
  expect(new Set(all.map(({ check }) => check))).toEqual(new Set(checks.map(({ name }) => name)))
  expect(blockedBy.emulator).toEqual([])
  expect(all.filter(({ state }) => state === 'absent').map(({ check }) => check)).toEqual([
    'CPUs',
    'huge pages',
    'locked memory',
    'vfio',
    'GPU and NVMe',
  ])
})
