// SPDX-License-Identifier: MIT
// An NVMe controller as sysfs shows it, made of plain files, which a process sees in place of the
// machine's own PCI devices. Nothing answers behind its registers.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface DeviceShape {
  /** The kernel driver that holds it. */
  readonly driver?: string
  /** It is in an IOMMU group of this type. */
  readonly iommuType?: string
}

/** Where BAR 2 of a peer is on the bus. */
export const peerBusAddress = 0x38_0040_0000

/** A mount namespace of the process' own, where it has no capability outside it. */
const unshare = ['unshare', '--user', '--map-root-user', '--mount']

/** Whether a process of this user may change what it sees of the file system. */
export function mayMountHere(): boolean {
  const [command = '', ...args] = [...unshare, 'true']
  return spawnSync(command, args).status === 0
}

export class DeviceOfFiles {
  readonly address = '0000:05:00.0'
  /** Runs a program that sees the device, and may lock no memory. */
  readonly launcher: readonly string[]
  readonly #devices: string

  constructor(parent: string, { driver, iommuType }: DeviceShape) {
    const devices = mkdtempSync(join(parent, 'devices-'))
    const folder = join(devices, this.address)
    mkdirSync(folder)
    const registers = Buffer.alloc(16384)
    registers.writeBigUInt64LE(0x20_0100_3fffn, 0) // CAP: NVM command set, TO 500 ms, MQES
    registers.writeUInt32LE(0x0001_0400, 8) // VS
    const files = { class: '0x010802', config: Buffer.alloc(256), enable: '0', reset: '' }
    for (const [name, bytes] of Object.entries({ ...files, resource0: registers })) {
      writeFileSync(join(folder, name), bytes)
    }
    if (driver !== undefined) symlinkSync(`drivers/${driver}`, join(folder, 'driver'))
    if (iommuType !== undefined) {
      const group = join(devices, '3')
      mkdirSync(group)
      writeFileSync(join(group, 'type'), iommuType)
      symlinkSync(group, join(folder, 'iommu_group'))
    }
    const mounted = 'mount --bind "$0" /sys/bus/pci/devices && ulimit -l 0 && exec "$@"'
    this.#devices = devices
    this.launcher = [...unshare, 'sh', '-c', mounted, devices]
  }

  /** Adds a function with memory in BAR 2 and I/O ports in BAR 1; returns the file of its memory. */
  addPeer(address: string, byteLength: number): string {
    const folder = join(this.#devices, address)
    mkdirSync(folder)
    const config = Buffer.alloc(256)
    config.writeUInt16LE(2, 4) // memory space is on
    const memory = join(folder, 'resource2')
    const none = `0x${'0'.repeat(16)} 0x${'0'.repeat(16)} 0x${'0'.repeat(16)}\n`
    const hex = (value: number): string => `0x${value.toString(16).padStart(16, '0')}`
    const line = (first: number, size: number, flags: number): string =>
      `${hex(first)} ${hex(first + size - 1)} ${hex(flags)}\n`
    const bars = [none, line(0xe000, 64, 0x40101), line(peerBusAddress, byteLength, 0x14220c)]
    writeFileSync(join(folder, 'resource'), bars.join('') + none.repeat(10))
    writeFileSync(join(folder, 'config'), config)
    writeFileSync(memory, Buffer.alloc(byteLength))
    return memory
  }
}
