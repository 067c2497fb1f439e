// SPDX-License-Identifier: MIT
// What the options of `peernvm serve` may be beyond what a parser of command lines sees: found
// before anything is opened or made.

import { clientsMax } from '../rpc/server.ts'
import { parseSize } from '../size.ts'
import { nvme } from '../spec/nvme.ts'
import { type GivenValues, UsageError } from './command.ts'

const sizes = ['size', 'capacity', 'client-memory'] as const
const counts = { clients: clientsMax, 'client-queue-pairs': 65_535, controllers: 64 } as const

/** What device.save() takes. */
const savedBytesMax = 2 * 2 ** 30
const defaultSize = 2 ** 30
const metadataBytes = 8

/** @throws UsageError */
export function checkValues(given: GivenValues): void {
  for (const name of sizes) if (given[name] !== undefined) sizeOf(name, given[name])
  for (const each of namespacesOf(given)) sizeOf('namespace', each)
  for (const [name, max] of Object.entries(counts)) {
    const value = given[name] as number | undefined
    if (value === undefined || (value >= 1 && value <= max)) continue
    throw new UsageError(`--${name} is ${value}; it is 1 to ${max}`)
  }
  const opcodes = (given['client-opcodes'] as string | undefined)?.split(',') ?? []
  for (const name of opcodes) {
    if (Object.hasOwn(nvme.codes.nvm_opcode, name)) continue
    const names = Object.keys(nvme.codes.nvm_opcode).join(', ')
    throw new UsageError(
      `--client-opcodes takes names such as read,flush; ${name} is none of ${names}`,
    )
  }
  if (given.state !== undefined && given.target === undefined) checkSaved(given)
}

/** A device in memory that might not fit into its state: it would be known at the end only. */
function checkSaved(given: GivenValues): void {
  const own = given.size === undefined ? defaultSize : sizeOf('size', given.size)
  const others = namespacesOf(given).map((each) => sizeOf('namespace', each))
  const atFirst = others.reduce((sum, each) => sum + each, own)
  const capacity = given.capacity === undefined ? 0 : sizeOf('capacity', given.capacity)
  const data = Math.max(atFirst, capacity)
  const metadata = hasMetadata(given) ? (data / blockSizeOf(given)) * metadataBytes : 0
  const most = data + metadata
  if (most <= savedBytesMax) return
  const what = metadata > 0 ? ' of data and metadata' : ''
  throw new UsageError(
    `--state holds 2 GiB at most, and this device may hold ${most} bytes${what}; ` +
      'give it an image, which needs no --state to last, or leave out --state',
  )
}

/** Who may format namespaces may give them metadata. */
function hasMetadata(given: GivenValues): boolean {
  return given['metadata-size'] === metadataBytes || given['clients-administer'] === true
}

function blockSizeOf(given: GivenValues): number {
  return given['block-size'] === 4096 && given['clients-administer'] !== true ? 4096 : 512
}

function namespacesOf(given: GivenValues): readonly unknown[] {
  return (given.namespace as readonly unknown[] | undefined) ?? []
}

function sizeOf(name: string, value: unknown): number {
  try {
    return parseSize(value as string)
  } catch {
    throw new UsageError(`--${name} takes a size such as 4096, 64MiB or 4GiB, not ${value}`)
  }
}
