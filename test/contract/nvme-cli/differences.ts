// SPDX-License-Identifier: MIT
// Where we deliberately print something else than nvme-cli, and why. Either the bytes are kept from
// it (`aligned`), or both texts are made alike before they are compared (`comparable`).
import { nvme } from '../../../src/spec/nvme.ts'

interface Kept {
  readonly command: string
  readonly reason: string
  readonly change: (bytes: Buffer) => void
}

const controller = nvme.structures.IdentifyController.fields

/** Texts of printable ASCII, so that the fields have what the specification wants in them. */
function makeAscii(bytes: Buffer, [offset, type]: readonly [number, string, string]): void {
  const count = Number(/\[(\d+)\]/.exec(type)?.[1])
  for (let at = offset; at < offset + count; at++) {
    const byte = bytes[at] as number
    if (byte !== 0) bytes[at] = 0x20 + (byte % 0x5f)
  }
}

const kept: readonly Kept[] = [
  {
    command: 'id-ctrl',
    reason: 'nvme-cli sends what is not ASCII to the terminal; we send a dot',
    change: (bytes) => {
      for (const field of ['sn', 'mn', 'fr', 'subnqn'] as const) makeAscii(bytes, controller[field])
    },
  },
  {
    command: 'id-ctrl',
    reason: 'nvme-cli reads beyond the 32 power states of the structure',
    change: (bytes) => {
      const [at] = controller.npss
      bytes[at] = (bytes[at] as number) % 32
    },
  },
  {
    command: 'id-ns',
    reason: 'nvme-cli computes sizes of blocks in 32 bits',
    change: (bytes) => {
      const [at] = nvme.structures.IdentifyNamespace.fields.lbaf
      for (let lbads = at + 2; lbads < at + 256; lbads += 4)
        bytes[lbads] = (bytes[lbads] as number) % 31
    },
  },
  {
    command: 'smart-log',
    reason: 'nvme-cli overflows where more than 2^64 data units are converted to bytes',
    change: (bytes) => {
      const { data_units_read, data_units_written } = nvme.structures.SmartLog.fields
      for (const [at] of [data_units_read, data_units_written]) bytes.fill(0, at + 8, at + 16)
    },
  },
  {
    command: 'changed-ns-list-log',
    reason: 'where the list is too short nvme-cli prints no JSON at all; we print an empty list',
    change: (bytes) => {
      if (bytes.readUInt32LE(0) === 0xffffffff) bytes[0] = 0
    },
  },
  {
    command: 'id-ctrl',
    reason: 'nvme-cli takes reserved bits of these for the field, or cuts them',
    change: (bytes) => {
      const { cntrltype, nvmsr, vwci, mec, fuses } = controller
      for (const [at] of [cntrltype, nvmsr, mec, fuses]) bytes[at] = (bytes[at] as number) & 3
      bytes[fuses[0] + 1] = 0
      bytes[vwci[0]] = (bytes[vwci[0]] as number) & 0x7e
    },
  },
  {
    command: 'id-ns',
    reason: 'nvme-cli reads beyond the 64 formats, and its JSON leaves out those of NULBAF',
    change: (bytes) => {
      const { nlbaf, nulbaf } = nvme.structures.IdentifyNamespace.fields
      bytes[nlbaf[0]] = (bytes[nlbaf[0]] as number) % 64
      bytes[nulbaf[0]] = 0
    },
  },
  {
    command: 'effects-log',
    reason:
      'nvme-cli forgets the last command of a section, and 2.3 does not know all the others; the zoned commands are no part of our table',
    change: (bytes) => {
      const unnamed = [32, 36, 127, 191, 255, 256 + 121, 256 + 122, 256 + 125]
      for (const at of unnamed) bytes[at * 4] = 0
    },
  },
  {
    command: 'id-ns',
    reason: 'nvme-cli takes the upper bits of FLBAS where up to 16 formats leave them undefined',
    change: (bytes) => {
      const { nlbaf, flbas } = nvme.structures.IdentifyNamespace.fields
      if ((bytes[nlbaf[0]] as number) < 16) bytes[flbas[0]] = (bytes[flbas[0]] as number) & 0x9f
    },
  },
  {
    command: 'effects-log',
    reason: 'nvme-cli takes two of the three bits of CSE',
    change: (bytes) => {
      for (let at = 2; at < bytes.length; at += 4) bytes[at] = (bytes[at] as number) & 0xfb
    },
  },
  {
    command: 'supported-log-pages',
    reason: 'the log page of zoned namespaces is no part of our table',
    change: (bytes) => {
      bytes[0xbf * 4] = 0
    },
  },
]

/** Bytes of which nvme-cli and we print the same. */
export function aligned(command: string, bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes)
  for (const each of kept) if (each.command === command) each.change(copy)
  return copy
}

/** Patterns of both texts, and what stands there when they are compared. */
const alike: readonly {
  readonly reason: string
  readonly pattern: RegExp
  readonly as: string | ((match: string, ...groups: string[]) => string)
}[] = [
  {
    reason:
      'nvme-cli prints some 32-bit numbers as if they had a sign: in Identify, and all of JSON',
    pattern: /(: ?)-(\d+)/g,
    as: (_, colon, digits) => `${colon}${2 ** 32 - Number(digits)}`,
  },
  {
    reason: 'a status has our words, which are the specification’s',
    pattern: /^(status_field\t: \w+)\(.*\)$/gm,
    as: '$1',
  },
  {
    reason: 'nvme-cli ends no line of features with what they change',
    pattern: /(NVM Subsystem SCOPE[+-])\n?/g,
    as: '$1\n',
  },
  {
    reason: 'nvme-cli leaves bits out of the sanitize status',
    pattern: /(\(SSTAT\) : ).*/g,
    as: '$1',
  },
  {
    reason: 'nvme-cli ends a short line of a dump with what its buffer had there',
    pattern: /^([0-9a-f]{4}: .*[^"]) "$/gm,
    as: '$1"',
  },
  {
    reason: 'nvme-cli takes reserved bits for the state of write protection',
    pattern: /(Namespace Write Protect: ).*/g,
    as: '$1',
  },
  {
    reason: 'nvme-cli 2.3 does not know these log pages',
    pattern: /^(LID 0x1[01346]) \(.*\)/gm,
    as: '$1',
  },
]

/** The text without what is deliberately different. */
export function comparable(text: string): string {
  return alike.reduce((so, { pattern, as }) => so.replace(pattern, as as string), text)
}
