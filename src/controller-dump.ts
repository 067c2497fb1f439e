// SPDX-License-Identifier: MIT
// A controller as text, for errors and for people: what it is, what its registers say, and its
// queue pairs.

import type { ControllerInfo } from './controller.ts'
import { hex, renderBits } from './queue/dump.ts'
import type { QueuePair } from './queue/pair.ts'
import { nvme } from './spec/nvme.ts'

const { registers } = nvme
const highWord = 4

export function renderController(
  info: ControllerInfo,
  queues: Iterable<QueuePair>,
  readRegister: (offset: number) => number,
): string {
  const hexOf = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`
  const word = (offset: number): string => hex(readRegister(offset))
  const pair = (offset: number): string =>
    `${word(offset + highWord)}${word(offset).slice('0x'.length)}`
  const [cc, csts, aqa] = [registers.cc[0], registers.csts[0], registers.aqa[0]].map(readRegister)
  const address = info.address === '' ? 'in memory' : info.address
  return [
    `Controller ${address}, transport ${info.transport}${info.emulated ? ', emulated' : ''}`,
    `  CAP  ${hexOf(info.cap)}${renderBits('cap', info.cap)}`,
    `  VS   ${hex(info.vs)}${renderBits('vs', info.vs)}`,
    `  CC   ${hex(cc as number)}${renderBits('cc', cc as number)}`,
    `  CSTS ${hex(csts as number)}${renderBits('csts', csts as number)}`,
    `  AQA  ${hex(aqa as number)}${renderBits('aqa', aqa as number)}`,
    `  ASQ  ${pair(registers.asq[0])}  ACQ ${pair(registers.acq[0])}`,
    ...Array.from(queues, (queue) => queue.dump()),
  ].join('\n')
}
