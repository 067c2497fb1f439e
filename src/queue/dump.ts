// SPDX-License-Identifier: MIT
// A queue pair as text, for errors and for people: what the registers say, where the pointers are,
// what is outstanding, and the last entries of both queues. The last part serves admin queues, too.

import { describeCommand } from '../errors.ts'
import { word } from '../spec/control-block.ts'
import { decodeBits } from '../spec/decode.ts'
import { statusText } from '../spec/names.ts'
import { type BitLayoutName, nvme } from '../spec/nvme.ts'
import { type CommandSet, describeEntry } from './entries.ts'
import { type QueueRing, slotWords } from './ring.ts'

const entriesShown = 8
const idsShown = 16

export const hex = (value: number, digits = 8): string =>
  `0x${(value >>> 0).toString(16).padStart(digits, '0')}`

const address = (high: number, low: number): string => `${hex(high)}${hex(low).slice(2)}`

export function renderQueue(
  ring: QueueRing,
  mode: string,
  readRegister: (offset: number) => number,
): string {
  const at = (name: keyof typeof word): number => ring.block[word[name]] as number
  const csts = readRegister(nvme.registers.csts[0])
  const cc = readRegister(nvme.registers.cc[0])
  return [
    `Queue pair ${ring.id} (${mode}), depth ${ring.depth}`,
    `  registers   CC ${hex(cc)}${renderBits('cc', cc)}`,
    `              CSTS ${hex(csts)}${renderBits('csts', csts)}`,
    `  submission  tail ${at('sqTail')} head ${ring.submissionHead} doorbell ${at('sqDoorbell')}` +
      ` of ${at('sqEntries')}`,
    `  completion  head ${at('cqHead')} phase ${at('cqPhase') >>> 16} of ${at('cqEntries')}`,
    `  outstanding ${ring.outstanding}${listIds(outstandingIds(ring))}`,
    ...(ring.strays > 0 ? [`  stray completions: ${ring.strays}`] : []),
    ...listLast({
      set: 'io',
      words: ring.words,
      completions: ring.completions,
      commandMask: ring.commandMask,
      entries: at('sqEntries'),
      sqTail: at('sqTail'),
      cqHead: at('cqHead'),
    }),
  ].join('\n')
}

/** A submission and a completion queue of the same length. */
export interface ShownQueues {
  /** Whose opcodes the commands have. */
  readonly set: CommandSet
  readonly words: Int32Array
  readonly completions: Int32Array
  /** Bits of a command id that say which command it is. */
  readonly commandMask: number
  readonly entries: number
  readonly sqTail: number
  readonly cqHead: number
}

/** The last entries of both queues. */
export function listLast(queues: ShownQueues): string[] {
  return [
    '  last commands, newest first',
    ...lastCommands(queues),
    '  last completions, newest first',
    ...lastCompletions(queues),
  ]
}

/** Admin commands that have something in common. */
export function listCommands(what: string, words: Int32Array, commandMask: number): string[] {
  const lines = [`  ${what} ${words.length / slotWords}`]
  for (let at = 0; at < words.length; at += slotWords) {
    const entry = words.subarray(at, at + slotWords)
    lines.push(`    ${renderCommand(entry, commandMask, 'admin')}`)
  }
  return lines
}

/** Ids of the commands that were submitted and not completed. */
export function outstandingIds(ring: QueueRing): number[] {
  const ids: number[] = []
  for (let id = 0; id < ring.depth; id++) {
    if (ring.commands[ring.depth + id] !== 0) ids.push(id)
  }
  return ids
}

function listIds(ids: number[]): string {
  if (ids.length === 0) return ''
  const more = ids.length > idsShown ? ', …' : ''
  return `: command ${ids.slice(0, idsShown).join(', ')}${more}`
}

function lastCommands({ set, words, commandMask, entries, sqTail }: ShownQueues): string[] {
  const lines: string[] = []
  for (let i = 1; i <= Math.min(entriesShown, entries); i++) {
    const slot = (sqTail - i + entries) % entries
    const entry = words.subarray(slot * slotWords, (slot + 1) * slotWords)
    if (entry.every((word) => word === 0)) continue // never used
    lines.push(`    slot ${slot}: ${renderCommand(entry, commandMask, set)}`)
  }
  return lines.length > 0 ? lines : ['    none']
}

function renderCommand(words: Int32Array, commandMask: number, set: CommandSet): string {
  const field = (index: number): number => (words[index] as number) >>> 0
  const id = (field(0) >>> 16) & commandMask
  const pointer = (index: number): string => address(field(index + 1), field(index))
  const data =
    ((field(0) >>> 14) & 3) === 0
      ? `PRP1 ${pointer(6)} PRP2 ${pointer(8)}`
      : `SGL ${pointer(6)}, ${field(8)} bytes, type ${field(9) >>> 28}`
  const what = describeCommand(describeEntry(words, id, set))
  const dwords = set === 'io' ? '' : `, CDW10 ${hex(field(10))} CDW11 ${hex(field(11))}`
  return `command ${id} ${what}${dwords}, ${data}`
}

/** The fields of a register that are not 0: ` (EN 1, IOSQES 6)`. */
export function renderBits(name: BitLayoutName, value: number | bigint): string {
  const fields = Object.entries<number>(decodeBits(name, value)).filter(([, bits]) => bits !== 0)
  if (fields.length === 0) return ''
  return ` (${fields.map(([field, bits]) => `${field.toUpperCase()} ${bits}`).join(', ')})`
}

function lastCompletions(queues: ShownQueues): string[] {
  const { completions, commandMask, entries, cqHead } = queues
  const lines: string[] = []
  for (let i = 1; i <= Math.min(entriesShown, entries); i++) {
    const slot = (cqHead - i + entries) % entries
    const entry = completions[slot * 4 + 3] as number
    if (entry === 0) continue // never written
    const status = entry >>> 17
    lines.push(
      `    slot ${slot}: command ${entry & commandMask} phase ${(entry >>> 16) & 1}` +
        ` status ${hex(status, 4)} ${statusText(status)}`,
    )
  }
  return lines.length > 0 ? lines : ['    none']
}
