// SPDX-License-Identifier: MIT
// A queue pair as text, for errors and for people: what the registers say, where the pointers are,
// what is outstanding, and the last entries of both queues.

import { word } from '../spec/control-block.ts'
import { opcodeName, statusText } from '../spec/names.ts'
import { nvme } from '../spec/nvme.ts'
import { type QueueRing, slotWords } from './ring.ts'

const entriesShown = 8
const idsShown = 16

const hex = (value: number, digits = 8): string =>
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
    `  registers   CC ${hex(cc)} CSTS ${hex(csts)}`,
    `  submission  tail ${at('sqTail')} head ${at('sqHead')} doorbell ${at('sqDoorbell')}` +
      ` of ${at('sqEntries')}`,
    `  completion  head ${at('cqHead')} phase ${at('cqPhase') >>> 16} of ${at('cqEntries')}`,
    `  outstanding ${ring.outstanding}${listIds(outstandingIds(ring))}`,
    ...(ring.strays > 0 ? [`  stray completions: ${ring.strays}`] : []),
    '  last commands, newest first',
    ...lastCommands(ring, at('sqTail'), at('sqEntries')),
    '  last completions, newest first',
    ...lastCompletions(ring, at('cqHead'), at('cqEntries')),
  ].join('\n')
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

function lastCommands(ring: QueueRing, tail: number, entries: number): string[] {
  const lines: string[] = []
  for (let i = 1; i <= Math.min(entriesShown, entries); i++) {
    const slot = (tail - i + entries) % entries
    const words = ring.words.subarray(slot * slotWords, (slot + 1) * slotWords)
    const field = (index: number): number => (words[index] as number) >>> 0
    if (field(1) === 0) continue // never used
    const lba = field(10) + field(11) * 2 ** 32
    lines.push(
      `    slot ${slot}: command ${(field(0) >>> 16) & ring.commandMask}` +
        ` ${opcodeName('io', field(0) & 0xff)} namespace ${field(1)}` +
        ` lba ${lba} blocks ${(field(12) & 0xffff) + 1}` +
        ` prp1 ${address(field(7), field(6))} prp2 ${address(field(9), field(8))}`,
    )
  }
  return lines.length > 0 ? lines : ['    none']
}

function lastCompletions(ring: QueueRing, head: number, entries: number): string[] {
  const lines: string[] = []
  for (let i = 1; i <= Math.min(entriesShown, entries); i++) {
    const slot = (head - i + entries) % entries
    const entry = ring.completions[slot * 4 + 3] as number
    if (entry === 0) continue // never written
    const status = entry >>> 17
    lines.push(
      `    slot ${slot}: command ${entry & ring.commandMask} phase ${(entry >>> 16) & 1}` +
        ` status ${hex(status, 4)} ${statusText(status)}`,
    )
  }
  return lines.length > 0 ? lines : ['    none']
}
